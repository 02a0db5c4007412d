/*
 * conn - one client's conversation: frames come in, replies go out, in order.
 *
 * It has no file descriptor, no clock and no log: the caller (peer.c) feeds the
 * bytes that it read, and writes what lies in `out'.  An idle conversation
 * holds no memory of its own.
 */
#ifndef WIRE_CONN_H
#define WIRE_CONN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"
#include "wire/netstring.h"
#include "wire/socketmap.h"

/* While so many bytes of output wait, no more requests are answered. */
#define CONN_OUT_HIGH 65536
/* So much memory for output is always enough: one more reply fits. */
#define CONN_OUT_MAX (CONN_OUT_HIGH + SOCKETMAP_REPLY_MAX + 8)
/* The caller feeds at most so many bytes at once. */
#define CONN_FEED_MAX 65536

/*
 * Answers REQUEST (the payload of a frame) by appending exactly one framed
 * reply to OUT.
 */
typedef void conn_answer_fn(void *arg, struct str request, struct buf *out);

struct conn {
	struct buf in;  /* what is not answered yet */
	struct buf out; /* what is not written yet */
	enum netstring_result error; /* NETSTRING_OK, or why it is over */
};

void conn_init(struct conn *c);
void conn_clear(struct conn *c);

/*
 * Takes BYTES, which may be empty after output was written, and answers the
 * complete frames until the output is high or a frame is malformed.  A
 * malformed frame is answered by a single TEMP, c->error is set, and
 * everything after it is ignored.  The caller feeds only while
 * conn_wants_bytes(), or nothing.
 *
 * Returns 0, or -1 when memory is out or when ANSWER did not append a reply;
 * the caller then closes the conversation.
 */
int conn_feed(struct conn *c, struct str bytes, conn_answer_fn *answer,
    void *arg) WARN_UNUSED;

/* Whether the caller should read more from the client now. */
bool conn_wants_bytes(const struct conn *c);
/* Whether a frame has begun that is not complete. */
bool conn_has_partial_frame(const struct conn *c);
/* Whether a complete frame waits only for output to be written. */
bool conn_has_whole_frame(const struct conn *c);

#endif
