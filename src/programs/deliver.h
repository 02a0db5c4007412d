/*
 * deliver - runs Mailman's wrapper and gives it a message.
 *
 * The message goes from descriptor to descriptor, whatever its size.  The
 * wrapper must never see the end of a message that was cut: it would store
 * the half of it, and the whole of it when sendmail tries again.  So whatever
 * goes wrong before that end kills the wrapper first.
 */
#ifndef PROGRAMS_DELIVER_H
#define PROGRAMS_DELIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct deliver_order {
	const char *wrapper;
	const char *action;
	const char *list;
	struct str fields; /* for the head of the message */
	double timeout;    /* seconds for all of it */
	int from;          /* descriptor of the message */
};

struct deliver_result {
	uint64_t size;        /* bytes of the message that were read */
	char reason[512]; /* "" where it was delivered */
};

/*
 * Whether the wrapper took all of the message and says that all is well.
 * Every descriptor of the process but 0 to 2 must be close-on-exec.  SIGTERM,
 * SIGINT, SIGHUP and SIGQUIT end the delivery, once the wrapper has the whole
 * message they do no more.
 */
bool deliver(const struct deliver_order *o, struct deliver_result *r)
    WARN_UNUSED;

#endif
