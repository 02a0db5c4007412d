#include <sys/socket.h>

#include <errno.h>

#include "wire/peer.h"
#include "base/buf.h"
#include "wire/conn.h"
#include "wire/late.h"
#include "wire/netstring.h"

void
peer_init(struct peer *p, int fd)
{
	p->fd = fd;
	p->eof = p->draining = false;
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

static void
count_and_answer(void *arg, struct str request, struct buf *out)
{
	struct io_buffers *io = arg;

	io->requests++;
	io->answer(io->arg, request, out);
}

/* Writes once, unless the replies are late by now.  The process may be
 * stopped at any point: see late.h. */
static enum peer_result
write_replies(struct peer *p, struct io_buffers *io)
{
	struct buf *out = &p->conn.out;
	ssize_t n = 0;
	bool late;
	int error;

	late_answering(&io->late, io->deadline, p->fd);
	late = late_now(&io->late, io->deadline);
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

/* Answers BYTES, as far as the output has room, and writes. */
static enum peer_result
answer_and_write(struct peer *p, struct io_buffers *io, struct str bytes)
{
	struct conn *c = &p->conn;
	enum peer_result r = PEER_STAYS;

	if (c->out.n == 0)
		buf_over(&c->out, io->out, sizeof(io->out));
	if (conn_feed(c, bytes, count_and_answer, io) < 0)
		r = PEER_FAILED;
	else if (c->out.n > 0)
		r = write_replies(p, io);
	save_unwritten(c);
	return c->out.failed ? PEER_FAILED : r;
}

/*
 * Answers BYTES and then the frames that waited for room in the output, until
 * none waits or the socket takes no more.
 */
static enum peer_result
answer_waiting_frames(struct peer *p, struct io_buffers *io, struct str bytes)
{
	struct conn *c = &p->conn;
	enum peer_result r;

	do {
		r = answer_and_write(p, io, bytes);
		bytes.n = 0;
	} while (r == PEER_STAYS && c->out.n == 0 && conn_has_whole_frame(c));
	if (r != PEER_STAYS || c->out.n > 0)
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

enum peer_result
peer_serve(struct peer *p, struct io_buffers *io, bool readable)
{
	ssize_t n = 0;

	if (readable) {
		n = recv(p->fd, io->in, sizeof(io->in), 0);
		if (n < 0 && !is_transient_error(errno))
			return PEER_ENDS;
		if (n == 0)
			p->eof = true;
		else if (n < 0)
			n = 0;
	}
	if (p->draining)
		return p->eof ? PEER_ENDS : PEER_STAYS;
	return answer_waiting_frames(p, io, (struct str){ io->in, (size_t)n });
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

bool
peer_has_bytes(const struct peer *p)
{
	char c;

	return recv(p->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool
peer_is_busy(const struct peer *p)
{
	return p->draining || p->conn.in.n > 0 || p->conn.out.n > 0 ||
	    peer_has_bytes(p);
}
