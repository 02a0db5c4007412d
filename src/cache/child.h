/*
 * child - does in a process of its own what the loop cannot wait for: a
 * rebuild(), or reading the snapshot that another writer left.  The child also
 * checks the snapshot that the parent will look into from then on, if the
 * parent has another one, and gives it.
 *
 * A child lives on after its report, until the parent closes `fd' (or dies).
 * It has the snapshot that the parent had when the child began, and so the
 * parent can give that one up without freeing its pages: the child does that
 * when it ends, in its own time.
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
	int fd;     /* through which its report comes; -1: closed, or given
	               away */
	int memory; /* in which it gives the snapshot; -1: closed */
	/* What its report says beside the result. */
	bool given;   /* it gave one */
	bool refused; /* the file that is there is no snapshot */
};

enum child_task {
	CHILD_SCANS, /* rebuild() */
	CHILD_READS  /* reads the snapshot that is there */
};

/* Starts a child that does TASK as *O says; one that is MODEST takes what
 * others leave.  0, or -1 with errno. */
int child_start(struct child *c, const struct rebuild_order *o,
    enum child_task task, bool modest) WARN_UNUSED;
/*
 * In the child: from now on it gets the processor and the disk only where
 * nobody else wants them, so that look-ups do not wait for a scan.  Not for a
 * scan that somebody waits for.
 */
void child_be_modest(void);
/*
 * Hears the report of a child: 1 and *R, 0 where it has not come yet, -1 where
 * none will, because the child is about to end.
 */
int child_hear(struct child *c, struct rebuild_result *r) WARN_UNUSED;
/* Makes *R the result of a child that ended with the wait status STATUS and
 * without a report. */
void child_fail(int status, struct rebuild_result *r);
/* Closes c->memory, after the caller took what is there; see cache_take(). */
void child_forget(struct child *c);
/* Closes c->fd: a child that has made its report ends. */
void child_release(struct child *c);
/* Kills a child that takes too long.  Does not wait for it: one whose file
 * server is dead may live on. */
void child_kill(const struct child *c);
/* Kills a child whose result nobody wants any more, also one that is stopped:
 * somebody else may wait for its lock.  Closes what C has.  Does not wait for
 * it. */
void child_cancel(struct child *c);

#endif
