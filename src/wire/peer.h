/*
 * peer - a conversation on a socket: reads, answers, writes; no loop, no log.
 *
 * One call of peer_serve() makes one read and mostly one write.  All peers use
 * the same two buffers in turn (struct io_buffers), so that an idle one has no
 * memory of its own; only what the socket did not take is copied to a peer.
 */
#ifndef WIRE_PEER_H
#define WIRE_PEER_H

#include <stdbool.h>

#include "base/str.h"
#include "wire/conn.h"
#include "wire/late.h"

struct peer {
	int fd;
	bool eof;      /* the client sends no more */
	bool draining; /* we send no more, and read until its end */
	struct conn conn;
};

/* What all peers of a server share. */
struct io_buffers {
	struct late late;
	double deadline; /* seconds after which an answer is too late */
	conn_answer_fn *answer;
	void *arg;
	unsigned long requests;       /* answered so far */
	char in[CONN_FEED_MAX];       /* read here, answered in place */
	char out[CONN_OUT_MAX];       /* replies are made here */
};

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

/*
 * Does what can be done now.  READABLE: the socket has bytes or is at its end;
 * else it has room for output.
 */
enum peer_result peer_serve(struct peer *p, struct io_buffers *io,
    bool readable) WARN_UNUSED;

/* What to wait for; at least one of the two while the peer stays. */
bool peer_wants_read(const struct peer *p);
bool peer_wants_write(const struct peer *p);

/* Whether bytes wait in the socket. */
bool peer_has_bytes(const struct peer *p);
/*
 * Whether closing the peer now would take something from the client: a
 * request that has come or begun, or a reply that it may not have read.
 */
bool peer_is_busy(const struct peer *p);

#endif
