/*
 * message - a message on its way from sendmail to Mailman: fields are put at
 * the head of it, the rest stays as it is.  Pure: bytes in, bytes out.
 *
 * The From_ line of mailboxes that sendmail writes first ("From SENDER DATE",
 * mailer flag n unset) stays first.
 */
#ifndef MM_HANDLER_MESSAGE_H
#define MM_HANDLER_MESSAGE_H

#include "base/str.h"

struct buf;

enum message_state { MESSAGE_START, MESSAGE_FROM_LINE, MESSAGE_REST };

struct message {
	enum message_state state;
	size_t matched;    /* bytes of "From " so far */
	struct str fields; /* whole lines, "NAME: VALUE\n" */
};

/* FIELDS must outlive it. */
void message_init(struct message *m, struct str fields);
/* The next piece of it; what comes out is appended to OUT. */
void message_feed(struct message *m, struct str in, struct buf *out);
/* There is no more. */
void message_end(struct message *m, struct buf *out);

/*
 * Writes the fields that tell a list's software how the message came here:
 * Delivered-To, which Mailman reads for VERP (Mailman/Queue/BounceRunner.py),
 * and X-Mailman-Handler.  No byte of ADDRESS can end the line.
 */
void message_fields(struct buf *fields, struct str address);

#endif
