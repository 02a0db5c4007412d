/*
 * mailbox - appends a message to a mailbox file (mbox), for mailman-loop.
 *
 * The file is locked as mail readers on Debian expect it (Debian Policy 11.6):
 * with fcntl(), then with a dot lock.  A '>' is put before lines that begin
 * with "From ", for such a line divides messages.
 */
#ifndef MM_HANDLER_MAILBOX_H
#define MM_HANDLER_MAILBOX_H

#include "mm-handler/delivery.h"

struct mailbox_order {
	struct delivery delivery; /* its timeout holds for the locks too */
	const char *path;
	const char *sender; /* for a message that has no From_ line */
};

/*
 * Appends.  True if all of the message is in the file and on the disk; else *R
 * says why, and the file is as it was, but that one which was not there may be
 * there, empty.  All signals stay blocked, for the process is about to end.
 */
bool mailbox_append(const struct mailbox_order *o, struct delivery_result *r)
    WARN_UNUSED;

#endif
