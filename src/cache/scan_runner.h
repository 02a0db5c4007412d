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
	/* The child ended with *RESULT. */
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
/* While the owner is told that the child ended well: the descriptor through
 * which it gave the snapshot (child.h).  -1: there is none. */
int scan_runner_snapshot(const struct scan_runner *s);
/* Whether a child runs that was not left behind. */
bool scan_runner_runs(const struct scan_runner *s);
/* Whether a scan took too long, and none came to its end since. */
bool scan_runner_stuck(const struct scan_runner *s);

/* The last scan was good: the back-off ends.  It could not find out MISSED
 * things; if any, another one tries, with a back-off of its own. */
void scan_runner_well(struct scan_runner *s, size_t missed);
/* It was not: requests another scan after a back-off. */
void scan_runner_failed(struct scan_runner *s);

#endif
