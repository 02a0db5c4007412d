/*
 * mailbox - appends a message to a mailbox file (mbox), for mailman-loop.
 *
 * Locked as mail readers on Debian expect it (Debian Policy 11.6): fcntl(),
 * then a dot lock.  Lines that begin with "From " get a '>'.
 */
#ifndef PROGRAMS_MAILBOX_H
#define PROGRAMS_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct mailbox_order {
	const char *path;
	const char *sender; /* for messages that come without a From_ line */
	struct str fields;  /* for the head of the message */
	double timeout;     /* seconds, for the locks and for the message */
	int from;           /* descriptor of the message */
};

struct mailbox_result {
	uint64_t size;    /* bytes of the message that were read */
	char reason[512]; /* "" where it was delivered */
};

/*
 * Whether all of the message is in the file and on the disk.  Else the file is
 * as it was.  Signals are blocked from then on: the process is to end.
 */
bool mailbox_append(const struct mailbox_order *o, struct mailbox_result *r)
    WARN_UNUSED;

#endif
