/*
 * child - rebuild() in a process of its own, so that the loop never waits for
 * a directory.
 */
#ifndef CACHE_CHILD_H
#define CACHE_CHILD_H

#include <sys/types.h>

#include "base/str.h"

struct rebuild_order;
struct rebuild_result;

struct child {
	pid_t pid;
	int fd; /* where its result comes from */
};

/* 0, or -1 with errno. */
int child_start(struct child *c, const struct rebuild_order *o) WARN_UNUSED;
/*
 * Takes the result of a child that ended with the wait status STATUS.  One
 * that left none is REBUILD_FAILED.
 */
void child_end(struct child *c, int status, struct rebuild_result *r);
/* Ends a child whose result nobody waits for any more. */
void child_cancel(struct child *c);

#endif
