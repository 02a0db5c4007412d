/*
 * message - a message on its way from sendmail to Mailman: it puts fields at
 * the head and changes nothing else.  Pure: bytes in, bytes out.
 *
 * Unless the mailer has flag n, sendmail begins with the From_ line of
 * mailboxes ("From SENDER DATE").  That line stays the first one.
 */
#ifndef MM_HANDLER_MESSAGE_H
#define MM_HANDLER_MESSAGE_H

#include "base/str.h"

struct buf;

enum message_state {
	MESSAGE_START,     /* nothing was put out: it may be "From " */
	MESSAGE_FROM_LINE, /* in the From_ line */
	MESSAGE_REST       /* behind the fields */
};

struct message {
	enum message_state state;
	size_t matched;    /* at the start: bytes of "From " so far */
	struct str fields; /* whole lines, each "NAME: VALUE\n" */
};

/* Begins a message.  FIELDS must outlive it. */
void message_init(struct message *m, struct str fields);
/* Takes IN, the next piece, and appends to OUT what can be passed on. */
void message_feed(struct message *m, struct str in, struct buf *out);
/* The message ended: appends what was held back, and the fields where they are
 * not out yet. */
void message_end(struct message *m, struct buf *out);

/*
 * Appends the fields that tell Mailman how the message came here: Delivered-To,
 * which it reads for VERP (Mailman 2.1, Mailman/Queue/BounceRunner.py), and
 * X-Mailman-Handler.  No byte of ADDRESS can end the line.
 */
void message_fields(struct buf *fields, struct str address);

#endif
