/*
 * errands - has child processes do what may take for ever.
 *
 * A call on a path whose file server is dead does not come back, and the
 * process that made it may not even die of SIGKILL.  So a child makes it, one
 * for each errand, all at the same time, and tells in messages what it found.
 * The parent waits for each child as long as it likes, and leaves it behind
 * then.
 *
 * A child has nothing of its parent but its memory: no descriptor but the one
 * for its messages, and /dev/null for the standard ones, so that nobody waits
 * for the end of a pipe that it holds.  It dies with its parent.
 */
#ifndef BASE_ERRANDS_H
#define BASE_ERRANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/str.h"

/* The largest message, in bytes. */
#define ERRANDS_MESSAGE_MAX 4096
/* So many run at the same time; the others begin when one of these ended. */
#define ERRANDS_AT_ONCE 64

enum errand_state {
	ERRAND_TO_COME,
	ERRAND_RUNS,
	ERRAND_ENDED,
	ERRAND_LEFT,  /* it took too long */
	ERRAND_FAILED /* there was no process to be had: see `error' */
};

struct errand {
	double seconds; /* that it may take; the caller sets it before */
	/* These two may be changed while it runs, by heard(). */
	double until; /* when it is left behind, by clock_seconds() */
	bool spared;  /* it is not killed then, and goes on */

	enum errand_state state;
	int status; /* ENDED: the child's wait status */
	int error;  /* FAILED: errno */
	pid_t pid;
	int fd;
};

/* All starts as zeroes but for what the caller sets. */
struct errands {
	/* In the child: does errand I, and says through FD what it finds. */
	void (*run)(void *arg, size_t i, int fd);
	/* In the parent: the child of errand I said this. */
	void (*heard)(void *arg, size_t i, struct str message);
	/* In the parent: errand I is over; its state tells how.  Or NULL. */
	void (*over)(void *arg, size_t i);
	void *arg;
	struct errand *errand;
	size_t n;
};

/* Does the errands, and returns when none of them runs any more, but for those
 * that are left behind. */
void errands_run(struct errands *all);

/* In the child: sends the parent a message, if it still listens. */
void errands_say(int fd, const void *message, size_t n);
/* In the child: has it die with its parent; it does from the beginning, but a
 * change of its ids undoes that. */
void errands_bind(void);

#endif
