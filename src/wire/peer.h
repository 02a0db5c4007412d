/*
 * peer - a conversation on a socket: reads, answers, writes; no loop, no log.
 *
 * One read and mostly one write each time.  All peers work at one desk, whose
 * memory they use in turn, so that an idle one has no buffer of its own.
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

struct io_buffers {
	struct late late;
	double deadline; /* seconds */
	conn_answer_fn *answer;
	void *arg;
	unsigned long requests;       /* answered so far */
	char in[CONN_FEED_MAX];       /* read here, answered in place */
	char out[CONN_OUT_MAX];       /* replies are made here */
};

void peer_init(struct peer *p, int fd);
/* Frees what it holds; the descriptor is the caller's. */
void peer_clear(struct peer *p);

enum peer_result {
	PEER_STAYS,
	PEER_ENDS,  /* all said: close it */
	PEER_LATE,  /* close it unanswered */
	PEER_FAILED /* close it, out of memory */
};

/* Does what can be done now, having READABLE bytes or room for output. */
enum peer_result peer_serve(struct peer *p, struct io_buffers *d,
    bool readable) WARN_UNUSED;

/* What to wait for; at least one of them while it stays. */
bool peer_wants_read(const struct peer *p);
bool peer_wants_write(const struct peer *p);

/* Whether bytes wait in the socket. */
bool peer_has_bytes(const struct peer *p);
/* Whether something was asked that is not answered and written. */
bool peer_is_asked(const struct peer *p);

#endif
