/*
 * delivery - what the two ways to deliver a message share: what they are given,
 * their result, and what may cut the message.
 *
 * The end of standard input is the end of the message only if the process that
 * writes it is alive.  When sendmail dies in the middle of a message, its pipe
 * ends in the same way.
 */
#ifndef MM_HANDLER_DELIVERY_H
#define MM_HANDLER_DELIVERY_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

struct delivery {
	struct str fields; /* go to the head of the message */
	double timeout;    /* seconds for the whole delivery */
	int from;          /* descriptor that the message is read from */
	pid_t writer;      /* who writes it: the parent at the start */
};

struct delivery_result {
	uint64_t size;     /* bytes of the message that were read */
	char reason[768];  /* why it was not delivered, one line; or "" */
};

/* Writes the reason, unless there is one already.  Always false. */
bool delivery_fail(struct delivery_result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Fills SET with the signals that would end the process by default and can be
 * blocked, without those of a crash. */
void delivery_signals(sigset_t *set);

/*
 * Whether PARENT, which was our parent when we started, ended or is ending.
 * False where that cannot be seen (another pid namespace, hidepid).
 */
bool delivery_writer_gone(pid_t parent);

#endif
