/*
 * slow_mailman - a Mailman whose directories hang, and end who looks into them,
 * as the test likes, also in processes that it has forked.
 */
#ifndef TESTS_SLOW_MAILMAN_H
#define TESTS_SLOW_MAILMAN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

struct mailman;

/* Seen by all processes that were forked after slow_mailman_reset(). */
struct slow_mailman {
	atomic_bool hangs; /* who looks at an entry that is there waits until it
			      is false */
	atomic_int looks;  /* how many looks began */
	atomic_int last;   /* the process that looked last */
};
extern struct slow_mailman *slow;

/* As mailman2; entries whose names begin with "die" end the process that looks
 * at them, with the status 3. */
extern struct mailman slow_mailman;

void slow_mailman_reset(void);

#endif
