/*
 * renewal - brings the snapshots that children give into use, those of scans
 * and those of other writers, without a turn of the loop that takes long
 * (swap.h).
 */
#ifndef CACHE_RENEWAL_H
#define CACHE_RENEWAL_H

#include <stdbool.h>

#include "base/str.h"

struct cached_lists;
struct ev_loop;
struct rebuild_order;
struct rebuild_result;
struct renewal;
struct scan_runner;

/* Each is called with ARG. */
struct renewal_owner {
	/* The snapshot of the scan that ended with *RESULT is in use. */
	void (*scanned)(void *arg, const struct rebuild_result *result);
	/* Another writer's is. */
	void (*another)(void *arg);
	void *arg;
};

/* For LISTS, and what the children of SCANS give; both must outlive the
 * renewal.  NULL when out of memory. */
struct renewal *renewal_new(struct ev_loop *loop, struct cached_lists *lists,
    struct scan_runner *scans, const struct renewal_owner *owner);
void renewal_free(struct renewal *n); /* N may be NULL */

/* A scan ended well, with *RESULT, and its child may have given a snapshot.
 * 0, and the owner's scanned() is called now or later; or -1. */
int renewal_scanned(struct renewal *n, const struct rebuild_result *result)
    WARN_UNUSED;
/* Has the snapshot PATH read, as *ORDER says, if it is another one than the
 * one in use.  False where there is none, or one that was refused. */
bool renewal_look(struct renewal *n, const char *path,
    const struct rebuild_order *order);
/* Drops a snapshot that is not in use yet. */
void renewal_cancel(struct renewal *n);
/* Whether there is one. */
bool renewal_runs(const struct renewal *n);

#endif
