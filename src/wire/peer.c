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
passing(int error)
{
	return error == EAGAIN || error == EINTR;
}

static void
count_and_answer(void *arg, struct str request, struct buf *out)
{
	struct io_buffers *d = arg;

	d->requests++;
	d->answer(d->arg, request, out);
}

/* The process may be stopped at any point: see late.h. */
static enum peer_result
write_out(struct peer *p, struct io_buffers *d)
{
	struct buf *out = &p->conn.out;
	ssize_t n = 0;
	bool late;
	int error;

	late_answering(p->fd);
	late = late_now(&d->late, d->deadline);
	if (!late)
		n = send(p->fd, out->p, out->n, MSG_NOSIGNAL);
	error = errno;
	late_answered();
	if (late)
		return PEER_LATE;
	if (n < 0)
		return passing(error) ? PEER_STAYS : PEER_ENDS;
	buf_drop(out, (size_t)n);
	return PEER_STAYS;
}

/* What was not written moves from the desk to the peer's own memory, which
 * goes when all is written. */
static void
leave_desk(struct conn *c)
{
	struct buf rest;

	if (!c->out.fixed && c->out.n > 0)
		return;
	buf_init(&rest, CONN_OUT_MAX);
	buf_str(&rest, buf_get(&c->out));
	buf_clear(&c->out);
	c->out = rest;
}

static enum peer_result
exchange(struct peer *p, struct io_buffers *d, struct str bytes)
{
	struct conn *c = &p->conn;
	enum peer_result r = PEER_STAYS;

	if (c->out.n == 0)
		buf_over(&c->out, d->out, sizeof(d->out));
	if (conn_feed(c, bytes, count_and_answer, d) < 0)
		r = PEER_FAILED;
	else if (c->out.n > 0)
		r = write_out(p, d);
	leave_desk(c);
	return c->out.failed ? PEER_FAILED : r;
}

static enum peer_result
converse(struct peer *p, struct io_buffers *d, struct str bytes)
{
	struct conn *c = &p->conn;
	enum peer_result r;

	do {
		r = exchange(p, d, bytes);
		bytes.n = 0;
	} while (r == PEER_STAYS && c->out.n == 0 && conn_waits(c));
	if (r != PEER_STAYS || c->out.n > 0)
		return r;
	if (p->eof)
		return PEER_ENDS;
	if (c->error != NETSTRING_OK) {
		/* Nothing follows, but a close before the client's own end
		 * could take the last reply away from it. */
		p->draining = true;
		shutdown(p->fd, SHUT_WR);
	}
	return PEER_STAYS;
}

enum peer_result
peer_serve(struct peer *p, struct io_buffers *d, bool readable)
{
	ssize_t n = 0;

	if (readable) {
		n = recv(p->fd, d->in, sizeof(d->in), 0);
		if (n < 0 && !passing(errno))
			return PEER_ENDS;
		if (n == 0)
			p->eof = true;
		else if (n < 0)
			n = 0;
	}
	if (p->draining)
		return p->eof ? PEER_ENDS : PEER_STAYS;
	return converse(p, d, (struct str){ d->in, (size_t)n });
}

bool
peer_wants_read(const struct peer *p)
{
	return p->draining || (!p->eof && conn_reads(&p->conn));
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
peer_is_asked(const struct peer *p)
{
	return p->draining || p->conn.in.n > 0 || p->conn.out.n > 0 ||
	    peer_has_bytes(p);
}
