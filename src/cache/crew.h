/*
 * crew - the workers of one site, on libev: one serves, and up to
 * CREW_LEFT_MAX are left behind.
 *
 * A process that hangs in a system call does not end before that call does, not
 * even by SIGKILL.  So a worker that hangs is killed and left behind, and
 * another one takes its place:
 *
 *	the worker	next one
 *	hangs		after 1 second, then 2, 4 .. 60
 *	dies		at once; after 1 second, then 2, 4 .. 60, where the one
 *			that died had lived for less than a second
 *	is replaced	at once
 *	cannot start	as if it had died at once
 *
 * and none while CREW_LEFT_MAX are left behind.  One that is left behind and
 * ends a while after it was killed got its answer in the end: then there is
 * nothing more to wait for.
 */
#ifndef CACHE_CREW_H
#define CACHE_CREW_H

#include <stdbool.h>

#include "cache/worker.h"

struct crew;
struct ev_loop;

#define CREW_LEFT_MAX 2
#define CREW_BACKOFF_MAX 60.0

struct crew_owner {
	/* The worker has answered, or ended; or crew_await_room() is over. */
	void (*ready)(void *arg);
	/* crew_start() was in vain, and may succeed now. */
	void (*may_start)(void *arg);
	void *arg;
};

enum crew_loss { CREW_HANGS, CREW_DIED, CREW_REPLACED };

/* Starts nothing yet.  NULL when out of memory. */
struct crew *crew_new(struct ev_loop *loop, const struct crew_owner *owner);
/* The workers that are started from now on do what *O says; SITE is the name of
 * their site, for the log.  What both point to must outlive C, or the next
 * call. */
void crew_configure(struct crew *c, const struct worker_order *o,
    const char *site);
/* Kills all of them, and waits for none.  C may be NULL. */
void crew_free(struct crew *c);

/* Sees to it that a worker serves, and returns it.  NULL where none can be
 * started now; the owner is told when. */
const struct worker *crew_start(struct crew *c);
/* The worker that serves, or NULL. */
const struct worker *crew_worker(const struct crew *c);
/* The worker that serves, and there is one, serves no more.  Kills it. */
void crew_lose(struct crew *c, enum crew_loss why);
/* It may be started at once, whatever happened before. */
void crew_forgive(struct crew *c);
/* Whether the owner is told when there is room for another question; there is
 * a worker. */
void crew_await_room(struct crew *c, bool wanted);

#endif
