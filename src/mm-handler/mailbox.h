/*
 * mailbox - appends a message to a mailbox file (mbox), for mailman-loop.
 *
 * Locked as mail readers on Debian expect it (Debian Policy 11.6): fcntl(),
 * then a dot lock.  Lines that begin with "From " get a '>'.
 */
#ifndef MM_HANDLER_MAILBOX_H
#define MM_HANDLER_MAILBOX_H

#include "mm-handler/delivery.h"

struct mailbox_order {
	struct delivery delivery; /* its time is also that for the locks */
	const char *path;
	const char *sender; /* for messages that come without a From_ line */
};

/*
 * Whether all of the message is in the file and on the disk.  Else the file is
 * as it was.  Signals are blocked from then on: the process is to end.
 */
bool mailbox_append(const struct mailbox_order *o, struct delivery_result *r)
    WARN_UNUSED;

#endif
