/*
 * rebuild_job - one rebuild on its way from a scan to a snapshot.
 *
 * rebuild() makes a job and hands it through its parts in this order:
 *
 *	scan_directory()	fills `scan'
 *	compare()		fills `compare', with the old snapshot
 *	rebuild()		marks the young entries, runs the guards
 *	list_hosts()		Mailman 2.1: the host of each list
 *	  or reconcile()	Mailman 3: basis and host of each list, `extra'
 *	count_odd()		counts the names that are a hindrance
 *	find_gaps()		counts what could not be found out
 *	snapshot_write()	writes all of it
 *
 * A part that fails or gives up has set the result by rebuild_job_fail() or
 * rebuild_job_away(), and returns -1.
 */
#ifndef CACHE_REBUILD_JOB_H
#define CACHE_REBUILD_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailman/postfix_files.h"
#include "mailman/scan.h"
#include "cache/compare.h"
#include "cache/hosts.h"

struct rebuild_order;
struct rebuild_result;

/* A list that Mailman's files name, or named when somebody could read them, and
 * that has no directory. */
struct extra_list {
	struct str id;
	const char *host;       /* its name in `hosts' */
	enum lists_basis basis; /* LISTS_BY_FILE or LISTS_GONE */
	uint64_t stamp;         /* gone: of the files as they were then */
};

struct rebuild_job {
	const struct rebuild_order *o;
	struct rebuild_result *r;
	char *path; /* of the snapshot */
	struct scan scan;
	struct hosts hosts;
	struct compare compare;
	bool no_old; /* there is no old snapshot that is any use */
	/* A new snapshot is needed although the directories are the same: a
	 * list's host or basis, or Mailman's files, changed, or the old
	 * snapshot's file is no use. */
	bool must_write;
	struct postfix_files files; /* Mailman 3's; all zeroes: none */
	struct extra_list *extra;
	size_t nextra;
};

/* Adds a sentence to the result's reason, behind a semicolon. */
void rebuild_job_say(struct rebuild_job *job, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Makes the result REBUILD_FAILED with the reason "WHAT: PATH: ERR".  -1. */
int rebuild_job_fail(struct rebuild_job *job, const char *what,
    const char *path, const char *err);
/* Makes the result REBUILD_AWAY, with no reason yet.  -1. */
int rebuild_job_away(struct rebuild_job *job);
/* Frees what the job has, but not its result. */
void rebuild_job_clear(struct rebuild_job *job);

/* Marks the entries that are no list and have the name of a list that stays, or
 * that Mailman's files name: one record is enough, and that of the list says
 * more. */
void rebuild_job_mark_recorded(struct rebuild_job *job);

/* How many lists the new snapshot has.  Phantoms, lists that went, entries that
 * nobody could look into and those that are no list are none. */
size_t rebuild_job_count(const struct rebuild_job *job);

#endif
