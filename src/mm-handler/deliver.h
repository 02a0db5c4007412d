/*
 * deliver - runs Mailman's wrapper and gives it a message.
 *
 * The message goes from descriptor to descriptor, whatever its size.  The
 * wrapper must never see the end of a message that was cut: it would store
 * the half of it, and the whole of it when sendmail tries again.  So whatever
 * goes wrong before that end kills the wrapper first.
 */
#ifndef MM_HANDLER_DELIVER_H
#define MM_HANDLER_DELIVER_H

#include "mm-handler/delivery.h"

struct deliver_order {
	struct delivery delivery;
	const char *wrapper;
	const char *action;
	const char *list;
};

/*
 * Whether the wrapper took all of the message and says that all is well.
 * Every descriptor of the process but 0 to 2 must be close-on-exec.  Signals
 * end the delivery; once the wrapper has the whole message they do no more.
 */
bool deliver(const struct deliver_order *o, struct delivery_result *r)
    WARN_UNUSED;

#endif
