/*
 * work - a scan on its way to a snapshot: what the parts of rebuild() share.
 */
#ifndef CACHE_WORK_H
#define CACHE_WORK_H

#include <stdbool.h>
#include <stddef.h>

#include "cache/compare.h"
#include "cache/hosts.h"
#include "cache/rebuild.h"
#include "mailman/register.h"
#include "mailman/scan.h"

/* A list that the register names and that has no directory. */
struct extra {
	const struct register_list *list;
	const char *host;
	enum lists_basis basis; /* LISTS_BY_FILE or LISTS_GONE */
};

struct work {
	const struct rebuild_order *o;
	struct rebuild_result *r;
	char *path; /* of the snapshot */
	struct scan scan;
	struct hosts hosts;
	struct compare compare;
	bool first; /* there is no old snapshot that is any use */
	bool told;  /* the lists or the register say what they did not before,
		       or the old snapshot is not where it should be */
	struct register_files reg;
	struct extra *extra;
	size_t nextra;
};

/* Adds a sentence to the result's reason. */
void work_say(struct work *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The result: it failed, for that reason.  -1. */
int work_fail(struct work *w, const char *what, const char *path,
    const char *err);
/* The result: the directory is away, for a reason that is not said yet.  -1. */
int work_away(struct work *w);
void work_clear(struct work *w);

/*
 * Gives every list its host, from its own files, and every host its count; 0,
 * or -1 and the result.
 */
int find_hosts(struct work *w) WARN_UNUSED;
/* The same from Mailman's register: which directories are lists, where, and
 * which lists there are besides. */
int judge(struct work *w) WARN_UNUSED;

/* Lists that answer, with what they are known from in mind. */
size_t work_lists(const struct work *w);
/* 0, or -1 and the result. */
int write_snapshot(struct work *w);

#endif
