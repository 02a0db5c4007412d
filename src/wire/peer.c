#include <sys/socket.h>

#include <errno.h>
#include <poll.h>

#include "wire/peer.h"
#include "base/buf.h"
#include "wire/conn.h"
#include "wire/late.h"
#include "wire/netstring.h"

void
io_buffers_init(struct io_buffers *io)
{
	late_init(&io->late);
	buf_over(&io->out, io->replies, sizeof(io->replies));
	io->by.requests = 0;
	io->used = 0;
}

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
	if (p->conn.in.n == 0 || !conn_has_whole_frame(&p->conn)) {
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

	if (!peer_is_idle(p) && !peer_wants_read(p))
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

/* Writes OUT once, unless the replies are late by now; *N is then how much.
 * The process may be stopped at any point: see late.h. */
static enum peer_result
write_replies(const struct peer *p, const struct io_buffers *io,
    const struct buf *out, size_t *n)
{
	double since = p->waited ? io->late.previous : p->conn.waiter.since;
	ssize_t sent = 0;
	bool late;
	int error;

	*n = 0;
	late_answering(since, io->deadline, p->fd);
	late = late_now(since, io->deadline);
	if (!late)
		sent = send(p->fd, out->p, out->n, MSG_NOSIGNAL);
	error = errno;
	late_answered();
	if (late)
		return PEER_LATE;
	if (sent < 0)
		return is_transient_error(error) ? PEER_STAYS : PEER_ENDS;
	*n = (size_t)sent;
	return PEER_STAYS;
}

/* Keeps in the peer's own memory what of OUT was not written, and frees that
 * memory when all is. */
static enum peer_result
keep_unwritten(struct conn *c, struct buf *out, size_t written)
{
	if (out != &c->out) {
		buf_str(&c->out, str_tail(buf_get(out), written));
		return c->out.failed ? PEER_FAILED : PEER_STAYS;
	}
	buf_drop(out, written);
	if (out->n == 0)
		buf_clear(out);
	return PEER_STAYS;
}

/* Answers what was received, as far as the output has room, and writes. */
static enum peer_result
answer_and_write(struct peer *p, struct io_buffers *io)
{
	struct str bytes = p->got;
	struct conn *c = &p->conn;
	struct buf *out = &io->out;
	enum peer_result r;
	size_t written;

	p->got.n = 0;
	buf_reset(out);
	if (c->out.n > 0) {
		out = &c->out;
		/* It is the client who let us wait. */
		if (!c->waiter.question)
			c->waiter.since = io->late.previous;
	}
	if (conn_feed(c, bytes, &io->by, out) < 0)
		return PEER_FAILED;
	if (out->n == 0)
		return PEER_STAYS;
	r = write_replies(p, io, out, &written);
	if (r != PEER_STAYS || (out != &c->out && written == out->n))
		return r;
	return keep_unwritten(c, out, written);
}

enum peer_result
peer_serve(struct peer *p, struct io_buffers *io)
{
	struct conn *c = &p->conn;
	enum peer_result r;

	if (p->draining)
		return PEER_STAYS;
	r = answer_and_write(p, io);
	if (c->waiter.question)
		p->waited = true;
	if (r != PEER_STAYS || peer_is_idle(p) || c->out.n > 0 ||
	    conn_has_whole_frame(c))
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
