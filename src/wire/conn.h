/*
 * conn - one client's conversation: frames in, replies out, order kept.
 *
 * No file descriptor, no clock, no log: the server feeds bytes and writes
 * what lies in `out'.  An idle conversation holds no memory of its own.
 */
#ifndef WIRE_CONN_H
#define WIRE_CONN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"
#include "wire/netstring.h"
#include "wire/socketmap.h"

/* No more requests are answered while this much output waits. */
#define CONN_OUT_HIGH 65536
/* So much memory for output is always enough: one more reply fits. */
#define CONN_OUT_MAX (CONN_OUT_HIGH + SOCKETMAP_REPLY_MAX + 8)
/* The most to feed at once. */
#define CONN_FEED_MAX 65536

/*
 * Answers the request REQUEST (a frame's payload) by appending exactly one
 * framed reply to OUT.
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
 * Takes BYTES (which may be empty, after output was written) and answers the
 * complete frames, until the output is high or a frame is malformed.  That
 * one is answered by a single TEMP, c->error is set, and everything after it
 * is ignored.  Feeding stops while conn_reads() says so.  Returns 0, or -1
 * when out of memory or when ANSWER did not keep its promise: close it.
 */
int conn_feed(struct conn *c, struct str bytes, conn_answer_fn *answer,
    void *arg) WARN_UNUSED;

/* Whether it is worth reading more from the client now. */
bool conn_reads(const struct conn *c);
/* Whether a frame has begun that is not complete. */
bool conn_stalls(const struct conn *c);
/* Whether complete frames wait only for output to be written. */
bool conn_waits(const struct conn *c);

#endif
