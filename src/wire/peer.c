#include <sys/socket.h>

#include <errno.h>
#include <poll.h>

#include "wire/peer.h"
#include "base/buf.h"
#include "wire/conn.h"
#include "wire/late.h"
#include "wire/netstring.h"

void
peer_init(struct peer *p, int fd)
{
	p->fd = fd;
	p->eof = p->draining = p->waited = false;
	p->got = (struct str){ 0 };
	conn_init(&p->conn);
}

void
peer_clear(struct peer *p)
{
	conn_clear(&p->conn);
}

static bool
is_transient_error(int error)
{
	return error == EAGAIN || error == EINTR;
}

bool
peer_can_receive(const struct io_buffers *io)
{
	return sizeof(io->in) - io->used >= PEER_RECEIVE_MAX;
}

/* Whether the client closed its socket, and did not just end its requests. */
static bool
has_hung_up(const struct peer *p)
{
	struct pollfd hung = { .fd = p->fd };

	return poll(&hung, 1, 0) == 1;
}

static void
take_received(struct peer *p, struct io_buffers *io, size_t n)
{
	/* Where a whole frame waits, what comes now is behind it. */
	if (!conn_has_whole_frame(&p->conn)) {
		p->conn.waiter.since = io->late.previous;
		p->waited = false;
	}
	p->got = (struct str){ io->in + io->used, n };
	io->used += n;
}

enum peer_result
peer_receive(struct peer *p, struct io_buffers *io)
{
	ssize_t n;

	if (!peer_wants_read(p))
		return PEER_STAYS;
	n = recv(p->fd, io->in + io->used, PEER_RECEIVE_MAX, 0);
	if (n < 0)
		return is_transient_error(errno) ? PEER_STAYS : PEER_ENDS;
	if (n == 0) {
		p->eof = true;
		if (p->draining || (conn_waits(&p->conn) && has_hung_up(p)))
			return PEER_ENDS;
	} else if (!p->draining) {
		take_received(p, io, (size_t)n);
	}
	return PEER_STAYS;
}

bool
peer_has_news(const struct peer *p)
{
	return p->got.n > 0 || p->eof;
}

/* Writes once, unless the replies are late by now.  The process may be
 * stopped at any point: see late.h. */
static enum peer_result
write_replies(struct peer *p, struct io_buffers *io)
{
	double since = p->waited ? io->late.previous : p->conn.waiter.since;
	struct buf *out = &p->conn.out;
	ssize_t n = 0;
	bool late;
	int error;

	late_answering(since, io->deadline, p->fd);
	late = late_now(since, io->deadline);
	if (!late)
		n = send(p->fd, out->p, out->n, MSG_NOSIGNAL);
	error = errno;
	late_answered();
	if (late)
		return PEER_LATE;
	if (n < 0)
		return is_transient_error(error) ? PEER_STAYS : PEER_ENDS;
	buf_drop(out, (size_t)n);
	return PEER_STAYS;
}

/*
 * Moves what was not written from the shared buffer to the peer's own memory,
 * and frees that memory when all is written.
 */
static void
save_unwritten(struct conn *c)
{
	struct buf rest;

	if (!c->out.fixed && c->out.n > 0)
		return;
	buf_init(&rest, CONN_OUT_MAX);
	buf_str(&rest, buf_get(&c->out));
	buf_clear(&c->out);
	c->out = rest;
}

/* Answers what was received, as far as the output has room, and writes. */
static enum peer_result
answer_and_write(struct peer *p, struct io_buffers *io)
{
	struct str bytes = p->got;
	struct conn *c = &p->conn;
	enum peer_result r = PEER_STAYS;

	p->got.n = 0;
	if (c->out.n == 0)
		buf_over(&c->out, io->out, sizeof(io->out));
	else if (!c->waiter.question)
		/* It is the client who let us wait. */
		c->waiter.since = io->late.previous;
	if (conn_feed(c, bytes, &io->by) < 0)
		r = PEER_FAILED;
	else if (c->out.n > 0)
		r = write_replies(p, io);
	if (c->waiter.question)
		p->waited = true;
	save_unwritten(c);
	return c->out.failed ? PEER_FAILED : r;
}

enum peer_result
peer_serve(struct peer *p, struct io_buffers *io)
{
	struct conn *c = &p->conn;
	enum peer_result r;

	if (p->draining)
		return PEER_STAYS;
	r = answer_and_write(p, io);
	if (r != PEER_STAYS || c->out.n > 0 || conn_has_whole_frame(c))
		return r;
	if (p->eof)
		return PEER_ENDS;
	if (c->error != NETSTRING_OK) {
		/* Nothing follows.  But if we closed before the client ends,
		 * bytes that we did not read would reset the connection, and
		 * the client could lose the last reply. */
		p->draining = true;
		shutdown(p->fd, SHUT_WR);
	}
	return PEER_STAYS;
}

bool
peer_has_more(const struct peer *p)
{
	return p->conn.out.n == 0 && !conn_waits(&p->conn) &&
	    conn_has_whole_frame(&p->conn);
}

bool
peer_wants_read(const struct peer *p)
{
	return p->draining || (!p->eof && conn_wants_bytes(&p->conn));
}

bool
peer_wants_write(const struct peer *p)
{
	return p->conn.out.n > 0;
}

/* Whether bytes wait in the socket. */
static bool
has_bytes(const struct peer *p)
{
	char c;

	return recv(p->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool
peer_has_old(const struct peer *p)
{
	return !p->draining && (peer_wants_write(p) || p->got.n > 0 ||
	    conn_has_whole_frame(&p->conn) || has_bytes(p));
}

bool
peer_is_busy(const struct peer *p)
{
	return p->draining || p->got.n > 0 || p->conn.in.n > 0 ||
	    p->conn.out.n > 0 || has_bytes(p);
}
