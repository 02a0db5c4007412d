/*
 * scan_runner - runs the scans of one site on libev, one at a time.
 *
 * Whoever learns that the directory may have changed requests a scan; the
 * runner alone decides when it begins (scan_schedule.h) and starts a child for
 * it (child.h).  A request that comes while a child runs leads to one more
 * scan after it.  A scan begins besides every `rescan' seconds.
 *
 * A child that takes longer than `timeout' is killed, and the scan has failed.
 * Whoever waits for a dead file server may not die of that.  Such a child is
 * left behind, and no other one is started before it ended: they would only
 * become more.
 *
 * A child that has made its report waits until what it gave is in place
 * (child.h), and ends then.  The next one does not begin before.
 *
 * Another writer's snapshot is read by a child as well.
 *
 * The runner does not know what a scan found.  Its owner looks at the result
 * and answers with scan_runner_well() or scan_runner_failed().
 */
#ifndef CACHE_SCAN_RUNNER_H
#define CACHE_SCAN_RUNNER_H

#include <stdbool.h>
#include <stddef.h>

struct ev_loop;
struct rebuild_order;
struct rebuild_result;
struct scan_runner;

/* The owner's part; each is called with ARG, and none may free the runner. */
struct scan_runner_owner {
	/* A child is about to start: fills in what it is to do.  What *ORDER
	 * points to is needed until the next callback. */
	void (*order)(void *arg, struct rebuild_order *order);
	/* The scan ended with *RESULT. */
	void (*ended)(void *arg, const struct rebuild_result *result);
	/* No child could be started, for REASON. */
	void (*not_started)(void *arg, const char *reason);
	void *arg;
};

/* Starts no scan yet, but the time until the next rescan runs.  Seconds, as
 * in scan_runner_configure().  NULL when out of memory. */
struct scan_runner *scan_runner_new(struct ev_loop *loop,
    const struct scan_runner_owner *owner, double debounce, double rescan,
    double timeout);
/* Ends the scan, if one runs, and begins none any more.  Snapshots of others
 * are still read. */
void scan_runner_stop(struct scan_runner *s);
/* Ends the child, if one runs, and frees S, which may be NULL. */
void scan_runner_free(struct scan_runner *s);

/*
 * DEBOUNCE is how long to wait after a scan during which another one was
 * requested.  RESCAN is the time between two rescans, and the longest back-off
 * after failures.  The time until the next rescan begins anew.  TIMEOUT is what
 * a scan may take; one that runs keeps the one that it began with.
 */
void scan_runner_configure(struct scan_runner *s, double debounce,
    double rescan, double timeout);

/* A scan is wanted in DELAY seconds, or as soon as the schedule allows. */
void scan_runner_request(struct scan_runner *s, double delay);
/* Begins a scan at once, in the place of one that was requested.  No child
 * may run. */
void scan_runner_begin(struct scan_runner *s);
/*
 * Has the snapshot read that is there, as *ORDER says, whose `known' is the one
 * in use.  WAS_READ is called with ARG when that ended; REFUSED: what is there
 * is no snapshot.  False where that has to be tried again.
 */
bool scan_runner_read(struct scan_runner *s, const struct rebuild_order *order,
    void (*was_read)(void *arg, bool refused), void *arg);
/* While the owner is told that a child ended: the descriptor through which it
 * gave the snapshot (cache_take()).  -1: it gave none; where it ended well,
 * what is there is the one in use. */
int scan_runner_snapshot(const struct scan_runner *s);
/* While the owner is told that: the child ends when the result is closed, which
 * is the owner's then, and no other one begins before.  Once. */
int scan_runner_keep(struct scan_runner *s);
/* Whether a scan runs whose child was not left behind. */
bool scan_runner_runs(const struct scan_runner *s);
/* Whether a scan took too long, and none came to its end since. */
bool scan_runner_stuck(const struct scan_runner *s);

/* Whether no scan ended, well or not, for twice RESCAN; one that had to wait
 * for another process (busy) did not begin. */
bool scan_runner_overdue(const struct scan_runner *s);

/* The last scan was good: the back-off ends.  It could not find out MISSED
 * things; if any, another one tries, with a back-off of its own. */
void scan_runner_well(struct scan_runner *s, size_t missed);
/* It was not: requests another scan after a back-off. */
void scan_runner_failed(struct scan_runner *s);

#endif
