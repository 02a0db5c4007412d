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

/* One call of conn_feed() answers at most so many requests: nobody waits long
 * behind a client that sends many at once. */
#define CONN_FRAMES 64

/* By this an answerer that has no reply yet gets the request again. */
struct conn_waiter {
	/* The answerer's, while a request waits; NULL: it is asked for the
	 * first time. */
	void *question;
	/* When the request was received, at the earliest: clock_seconds(). */
	double since;
	/* The caller's; has the request answered anew, in this turn of the
	 * loop or the next one.  It may be called at any time, also by the
	 * answerer in the midst of a call; too often does no harm. */
	void (*wake)(struct conn_waiter *w);
};

enum conn_reply {
	CONN_REPLIED, /* exactly one framed reply was appended */
	CONN_LATER    /* nothing was, and the question is set */
};

/*
 * Answers REQUEST (the payload of a frame) by appending exactly one framed
 * reply to OUT; W->question is NULL then.  Or it sets W->question, and returns
 * CONN_LATER: the request stays the first of its conversation, those behind it
 * wait, and after W->wake() it is asked for again.
 */
typedef enum conn_reply conn_answer_fn(void *arg, struct str request,
    struct conn_waiter *w, struct buf *out);

struct conn_answerer {
	conn_answer_fn *answer;
	void *arg;
	unsigned long requests; /* replied to, with the one in hand */
};

struct conn {
	struct buf in;  /* what is not answered yet */
	struct buf out; /* what the caller could not write yet */
	enum netstring_result error; /* NETSTRING_OK, or why it is over */
	bool woken; /* since the request that waits was asked for */
	struct conn_waiter waiter;
};

void conn_init(struct conn *c);
/* Frees its memory.  A question that waits is the caller's to forget. */
void conn_clear(struct conn *c);

/*
 * Takes BYTES, which may be empty, and answers complete frames: CONN_FRAMES at
 * most, until the output is high, one has to wait, or one is malformed.  A
 * malformed frame is answered by a single TEMP, c->error is set, and
 * everything after it is ignored.  The caller feeds only while
 * conn_wants_bytes(), or nothing.
 *
 * The replies are appended to OUT, for CONN_OUT_MAX bytes.  That is c->out,
 * unless c->out is empty and the caller has memory of his own: then what he
 * does not write at once he moves to c->out himself.
 *
 * Returns 0, or -1 when memory is out or when the answerer did not do what
 * conn_answer_fn says; the caller then closes the conversation.
 */
int conn_feed(struct conn *c, struct str bytes, struct conn_answerer *by,
    struct buf *out) WARN_UNUSED;

/* Whether nothing waits, in either direction, and more may come. */
static inline bool
conn_is_idle(const struct conn *c)
{
	return c->in.n == 0 && c->out.n == 0 && c->error == NETSTRING_OK;
}

/* Whether a request waits for its answerer to wake it. */
static inline bool
conn_waits(const struct conn *c)
{
	return c->waiter.question && !c->woken;
}

/* Whether the caller should read more from the client now.  Of one that waits
 * a little is read on, so that its end is seen. */
bool conn_wants_bytes(const struct conn *c);
/* Whether a frame has begun that is not complete. */
bool conn_has_partial_frame(const struct conn *c);
/* Whether a complete frame waits: for room in the output, its turn, or its
 * answerer. */
bool conn_has_whole_frame(const struct conn *c);

#endif
