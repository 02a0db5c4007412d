/*
 * deliver - runs Mailman's wrapper and gives it a message.
 *
 * The message goes from descriptor to descriptor in pieces, whatever its size.
 * The wrapper must never see the end of a message that was cut: it would store
 * half of the message, and all of it when sendmail tries again.  So whatever
 * goes wrong before the end of the message kills the wrapper.
 */
#ifndef MM_HANDLER_DELIVER_H
#define MM_HANDLER_DELIVER_H

#include "mm-handler/delivery.h"

struct deliver_order {
	struct delivery delivery;
	const char *wrapper; /* path of the program */
	const char *action;  /* its first argument */
	const char *list;    /* its second argument */
};

/*
 * Delivers.  True where the wrapper read all of the message and exited with 0;
 * else *R says why not.  Every descriptor of the process but 0 to 2 must be
 * close-on-exec.  Until the wrapper has the whole message a signal ends the
 * delivery; after that signals are ignored.  They stay blocked.
 */
bool deliver(const struct deliver_order *o, struct delivery_result *r)
    WARN_UNUSED;

#endif
