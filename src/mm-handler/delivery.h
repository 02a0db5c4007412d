/*
 * delivery - what the two ways to deliver a message share: what they are given,
 * their result, and the signals that may cut the message.
 */
#ifndef MM_HANDLER_DELIVERY_H
#define MM_HANDLER_DELIVERY_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct writer;

struct delivery {
	struct str fields; /* go to the head of the message */
	double timeout;    /* seconds for the whole delivery */
	int from;          /* descriptor that the message is read from */
	const struct writer *writer; /* who writes it */
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

#endif
