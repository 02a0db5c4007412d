/*
 * child - runs rebuild() in a process of its own, so that the loop never waits
 * for a directory.  The child also reads and checks the snapshot that the
 * parent will look into from then on, if the parent has another one.
 */
#ifndef CACHE_CHILD_H
#define CACHE_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/str.h"

struct rebuild_order;
struct rebuild_result;

struct child {
	pid_t pid;
	int fd;     /* the pipe through which its result comes */
	int memory; /* in which it gives the snapshot; -1: there is none */
};

/* Starts a child that does what *O says; one that is MODEST takes what others
 * leave.  0, or -1 with errno. */
int child_start(struct child *c, const struct rebuild_order *o, bool modest)
    WARN_UNUSED;
/*
 * In the child: from now on it gets the processor and the disk only where
 * nobody else wants them, so that look-ups do not wait for a scan.  Not for a
 * scan that somebody waits for.
 */
void child_be_modest(void);
/*
 * Reads the result of a child that the caller has waited for; STATUS is its
 * wait status.  A child that left no result makes it REBUILD_FAILED.
 */
void child_end(struct child *c, int status, struct rebuild_result *r);
/* Closes c->memory, after the caller took what is there; see cache_take(). */
void child_forget(struct child *c);
/* Kills a child that takes too long.  Does not wait for it: one whose file
 * server is dead may live on. */
void child_kill(const struct child *c);
/* Kills a child whose result nobody wants any more.  Does not wait for it. */
void child_cancel(struct child *c);

#endif
