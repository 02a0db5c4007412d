/*
 * peer - a conversation on a socket: receives, answers, sends; no loop, no log.
 *
 * Receiving and answering are two steps, so that a server can receive from all
 * its peers before it answers any.  What was received lies in memory that all
 * peers share (struct io_buffers), and so do replies until they are sent: an
 * idle peer has no memory of its own.  Only what is not answered at once, or
 * not taken by the socket, is copied to a peer.
 */
#ifndef WIRE_PEER_H
#define WIRE_PEER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"
#include "wire/conn.h"
#include "wire/late.h"

/* So much is received at once, and so much of all peers before they are
 * answered. */
#define PEER_RECEIVE_MAX 16384
#define PEER_GATHER_MAX (8 * PEER_RECEIVE_MAX)

struct peer {
	int fd;
	bool eof;      /* the client sends no more */
	bool draining; /* we send no more, and read until its end */
	bool waited;   /* a request did; see peer_serve() */
	struct str got; /* received, not answered yet; in io_buffers.in */
	struct conn conn;
};

/* What all peers of a server share. */
struct io_buffers {
	struct late late;
	double deadline; /* seconds after which an answer is too late */
	struct conn_answerer by;
	struct buf out; /* replies are made here, over `replies' */
	size_t used;    /* of `in'; the server sets it back to 0 */
	char in[PEER_GATHER_MAX]; /* received here, answered in place */
	char replies[CONN_OUT_MAX];
};

void io_buffers_init(struct io_buffers *io);

/* A peer on the nonblocking socket FD. */
void peer_init(struct peer *p, int fd);
/* Frees what it holds; the descriptor is the caller's. */
void peer_clear(struct peer *p);

enum peer_result {
	PEER_STAYS,
	PEER_ENDS,  /* nothing is left to say: close it */
	PEER_LATE,  /* close it unanswered */
	PEER_FAILED /* close it: no memory, or a request got no reply */
};

/* Whether one more peer can receive; else all are served first. */
static inline bool
peer_can_receive(const struct io_buffers *io)
{
	return sizeof(io->in) - io->used >= PEER_RECEIVE_MAX;
}

/*
 * Receives once, if it wants to; what came is p->got.  It stays or ends, and
 * has to be served if peer_has_news().
 */
enum peer_result peer_receive(struct peer *p, struct io_buffers *io)
    WARN_UNUSED;
static inline bool
peer_has_news(const struct peer *p)
{
	return p->got.n > 0 || p->eof;
}

/*
 * Answers what was received, as conn_feed() says, and sends once.  A reply is
 * too late if the request came more than the deadline ago; if a request
 * waited for its answerer, who has a deadline of his own, if this turn of the
 * loop takes longer than that.
 */
enum peer_result peer_serve(struct peer *p, struct io_buffers *io) WARN_UNUSED;

/* Whether it is idle: it waits for a client to ask, and for nothing else. */
static inline bool
peer_is_idle(const struct peer *p)
{
	return !p->eof && conn_is_idle(&p->conn);
}

/* Whether it can be served again at once. */
bool peer_has_more(const struct peer *p);
/* What to wait for; where it is neither, for the answerer. */
bool peer_wants_read(const struct peer *p);
bool peer_wants_write(const struct peer *p);

/* Whether something waits, in either direction, that is too old after a turn
 * that took too long. */
bool peer_has_old(const struct peer *p);
/*
 * Whether closing the peer now would take something from the client: a
 * request that has come or begun, or a reply that it may not have read.
 */
bool peer_is_busy(const struct peer *p);

#endif
