/*
 * rebuild_job - a scan on its way to a snapshot: what the parts of rebuild()
 * share.
 */
#ifndef CACHE_REBUILD_JOB_H
#define CACHE_REBUILD_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "mailman/postfix_files.h"
#include "mailman/scan.h"
#include "cache/compare.h"
#include "cache/hosts.h"

struct rebuild_order;
struct rebuild_result;

/* A list that the register names and that has no directory. */
struct extra_list {
	const struct postfix_list *list;
	const char *host;
	enum lists_basis basis; /* LISTS_BY_FILE or LISTS_GONE */
};

struct rebuild_job {
	const struct rebuild_order *o;
	struct rebuild_result *r;
	char *path; /* of the snapshot */
	struct scan scan;
	struct hosts hosts;
	struct compare compare;
	bool no_old; /* there is no old snapshot that is any use */
	bool must_write; /* the lists or the files say what they did not
			    before, or the old snapshot is not in its place */
	struct postfix_files files;
	struct extra_list *extra;
	size_t nextra;
};

/* Adds a sentence to the result's reason. */
void rebuild_job_say(struct rebuild_job *job, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The result: it failed, for that reason.  -1. */
int rebuild_job_fail(struct rebuild_job *job, const char *what,
    const char *path, const char *err);
/* The result: the directory is away, for a reason that is not said yet.  -1. */
int rebuild_job_away(struct rebuild_job *job);
void rebuild_job_clear(struct rebuild_job *job);

/* Lists that answer, with what they are known from in mind. */
size_t rebuild_job_count(const struct rebuild_job *job);

#endif
