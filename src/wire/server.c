/*
 * From bytes to the loop there are three layers: struct conn holds a
 * conversation without a descriptor, struct peer puts it on a socket, and
 * struct connection here gives it watchers and a timer.  A struct port is a
 * listener with its watcher.
 *
 * A connection is in s->connections from add_connection() to
 * detach_connection(), and is counted in counts.connections as long.
 *
 * on_poll_return() has the highest priority, so libev calls it before all
 * others after each poll: what waited too long is closed before anything is
 * read.
 */
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire/server.h"
#include "base/log.h"
#include "wire/accept.h"
#include "wire/conn.h"
#include "wire/late.h"
#include "wire/listen.h"
#include "wire/netstring.h"
#include "wire/peer.h"

/* So many clients are taken from one backlog before others get a turn. */
#define ACCEPT_BATCH 64
/* More than any backlog holds: it bounds the loops that empty one. */
#define ACCEPT_ALL (4 * SOMAXCONN)
/* How long nobody is accepted after accept() failed, other than for a client
 * that is gone or for want of descriptors. */
#define ACCEPT_PAUSE_SECONDS 0.1

struct connection {
	struct ev_io io;
	struct ev_timer timer; /* for a partial frame, or after an error */
	LIST_ENTRY(connection) link;
	struct server *server;
	bool malformed; /* a frame was, and the log says so */
	struct peer peer;
};

struct port {
	struct ev_io io;
	LIST_ENTRY(port) link;
	struct server *server;
	struct listener listener;
};

struct server {
	struct ev_loop *loop;
	struct server_options options;
	struct server_counts counts;
	LIST_HEAD(, connection) connections;
	LIST_HEAD(, port) ports;
	struct ev_check check;     /* at each return from poll */
	struct ev_timer heartbeat; /* bounds the time that a poll takes */
	struct ev_timer pause;     /* nobody is accepted while it runs */
	struct acceptor acceptor;
	bool finishing; /* a connection that is not busy is closed */
	struct log_limit malformed, stalled, shed, refused, late;
	struct io_buffers io; /* the last: server_new() does not clear it */
};

/* Logs WHAT, at most once in a while for each limit. */
static void
warn_at_times(struct log_limit *l, const char *what, const char *who,
    const char *why)
{
	unsigned long more;

	if (!log_limit(l, &more))
		return;
	if (more > 0)
		log_warn("server: %s: %s: %s (%lu more before)", what, who, why,
		    more);
	else
		log_warn("server: %s: %s: %s", what, who, why);
}

static void
warn_about_connection(struct log_limit *l, const char *what,
    const struct connection *c, const char *why)
{
	char who[ACCEPT_PEER_SHOWN];

	warn_at_times(l, what, accept_peer(c->peer.fd, who, sizeof(who)), why);
}

/* Frees the connection; its descriptor stays open and is returned. */
static int
detach_connection(struct connection *c)
{
	struct server *s = c->server;
	int fd = c->peer.fd;

	ev_io_stop(s->loop, &c->io);
	ev_timer_stop(s->loop, &c->timer);
	LIST_REMOVE(c, link);
	peer_clear(&c->peer);
	s->counts.connections--;
	free(c);
	return fd;
}

static void
close_late_connection(struct connection *c)
{
	struct server *s = c->server;

	s->counts.late++;
	warn_about_connection(&s->late, "closed unanswered", c,
	    "the answer would come too late");
	accept_drop(detach_connection(c));
}

static void
end_connection(struct connection *c, enum peer_result why)
{
	if (why == PEER_LATE) {
		close_late_connection(c);
		return;
	}
	if (why == PEER_FAILED)
		log_error("server: client closed: out of memory");
	close(detach_connection(c));
}

static void
restart_connection_timer(struct connection *c)
{
	struct server *s = c->server;
	double seconds = s->options.frame;

	ev_timer_stop(s->loop, &c->timer);
	ev_timer_set(&c->timer, seconds > 0 ? seconds : SERVER_FRAME_SECONDS,
	    0);
	ev_timer_start(s->loop, &c->timer);
}

static void
watch_wanted_events(struct connection *c)
{
	int events = (peer_wants_read(&c->peer) ? EV_READ : 0) |
	    (peer_wants_write(&c->peer) ? EV_WRITE : 0);

	if ((c->io.events & (EV_READ | EV_WRITE)) == events)
		return;
	ev_io_stop(c->server->loop, &c->io);
	ev_io_modify(&c->io, events);
	ev_io_start(c->server->loop, &c->io);
}

static void
report_malformed_request(struct connection *c)
{
	struct server *s = c->server;

	c->malformed = true;
	s->counts.malformed++;
	warn_about_connection(&s->malformed, "malformed request", c,
	    netstring_error(c->peer.conn.error));
	restart_connection_timer(c);
}

/*
 * The timer runs while a frame is incomplete, from that frame's first byte,
 * which came just now where one before it was answered.
 */
static void
time_partial_frame(struct connection *c, bool answered)
{
	bool active = ev_is_active(&c->timer);

	if (c->malformed)
		return;
	if (!conn_has_partial_frame(&c->peer.conn)) {
		if (active)
			ev_timer_stop(c->server->loop, &c->timer);
	} else if (answered || !active)
		restart_connection_timer(c);
}

static void
on_connection_ready(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct connection *c = w->data;
	struct server *s = c->server;
	unsigned long before = s->io.requests;
	enum peer_result r;

	(void)loop;
	r = peer_serve(&c->peer, &s->io, events & EV_READ);
	if (c->peer.conn.error != NETSTRING_OK && !c->malformed)
		report_malformed_request(c);
	if (r == PEER_STAYS && s->finishing && !peer_is_busy(&c->peer))
		r = PEER_ENDS;
	if (r != PEER_STAYS) {
		end_connection(c, r);
		return;
	}
	watch_wanted_events(c);
	time_partial_frame(c, s->io.requests != before);
}

static void
on_connection_timer(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct connection *c = w->data;
	struct server *s = c->server;

	(void)loop;
	(void)events;
	if (!c->malformed && !peer_wants_read(&c->peer)) {
		/* The client may have sent the rest; it is us who do not
		 * read on before it takes our output. */
		restart_connection_timer(c);
		return;
	}
	if (!c->malformed) {
		s->counts.stalled++;
		warn_about_connection(&s->stalled, "closed", c,
		    "a request stopped half-way");
	}
	accept_drop(detach_connection(c));
}

/* Serves the client on FD, or sends it away over the limit. */
static void
add_connection(struct server *s, int fd)
{
	struct connection *c = NULL;

	if (s->counts.connections < s->options.connections)
		c = malloc(sizeof(*c));
	if (!c) {
		s->counts.shed++;
		accept_drop(fd);
		warn_at_times(&s->shed, "client sent away", "connections",
		    "too many, or no memory");
		return;
	}
	s->counts.accepted++;
	s->counts.connections++;
	c->server = s;
	c->malformed = false;
	peer_init(&c->peer, fd);
	LIST_INSERT_HEAD(&s->connections, c, link);
	ev_io_init(&c->io, on_connection_ready, fd, EV_READ);
	ev_timer_init(&c->timer, on_connection_timer, 0, 0);
	c->io.data = c->timer.data = c;
	ev_io_start(s->loop, &c->io);
}

static void
pause_ports(struct server *s)
{
	struct port *port;

	warn_at_times(&s->refused, "cannot accept", "listener",
	    strerror(errno));
	LIST_FOREACH(port, &s->ports, link)
		ev_io_stop(s->loop, &port->io);
	ev_timer_set(&s->pause, ACCEPT_PAUSE_SECONDS, 0);
	ev_timer_start(s->loop, &s->pause);
}

/* Accepts up to MANY clients of one backlog. */
static void
accept_from_port(struct port *port, int many)
{
	struct server *s = port->server;
	int fd;

	while (many-- > 0) {
		switch (accept_next(&s->acceptor, port->io.fd, &fd)) {
		case ACCEPT_CLIENT:
			add_connection(s, fd);
			break;
		case ACCEPT_SHED:
			s->counts.shed++;
			warn_at_times(&s->shed, "client sent away",
			    "connections", "no file descriptor left");
			break;
		case ACCEPT_RETRY:
			break;
		case ACCEPT_EMPTY:
			return;
		case ACCEPT_PAUSE:
			pause_ports(s);
			return;
		}
	}
}

static void
on_port_ready(struct ev_loop *loop, struct ev_io *w, int events)
{
	(void)loop;
	(void)events;
	accept_from_port(w->data, ACCEPT_BATCH);
}

static void
on_pause_over(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct server *s = w->data;
	struct port *port;

	(void)events;
	LIST_FOREACH(port, &s->ports, link)
		ev_io_start(loop, &port->io);
}

/* An idle loop wakes up here, or it would look late: see late_turn(). */
static void
on_server_heartbeat(struct ev_loop *loop, struct ev_timer *w, int events)
{
	(void)loop;
	(void)w;
	(void)events;
}

static void
on_poll_return(struct ev_loop *loop, struct ev_check *w, int events)
{
	struct server *s = w->data;

	(void)loop;
	(void)events;
	if (late_turn(&s->io.late, s->options.deadline))
		server_purge(s);
}

void
server_purge(struct server *s)
{
	struct port *port;
	struct connection *c, *next;

	LIST_FOREACH(port, &s->ports, link)
		accept_from_port(port, ACCEPT_ALL);
	for (c = LIST_FIRST(&s->connections); c; c = next) {
		next = LIST_NEXT(c, link);
		if (!c->peer.draining && (peer_wants_write(&c->peer) ||
		    peer_has_bytes(&c->peer)))
			close_late_connection(c);
	}
}

struct server *
server_new(struct ev_loop *loop, const struct server_options *o)
{
	struct server *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	/* All but the buffers, which get memory when they are used. */
	memset(s, 0, offsetof(struct server, io));
	s->loop = loop;
	LIST_INIT(&s->connections);
	LIST_INIT(&s->ports);
	accept_init(&s->acceptor);
	s->io.requests = 0;
	late_init(&s->io.late);
	late_catch();
	ev_check_init(&s->check, on_poll_return);
	ev_set_priority(&s->check, EV_MAXPRI);
	ev_init(&s->heartbeat, on_server_heartbeat);
	ev_timer_init(&s->pause, on_pause_over, 0, 0);
	s->check.data = s->pause.data = s;
	ev_check_start(loop, &s->check);
	server_configure(s, o);
	return s;
}

void
server_configure(struct server *s, const struct server_options *o)
{
	s->options = *o;
	s->io.deadline = o->deadline;
	s->io.answer = o->answer;
	s->io.arg = o->arg;
	s->heartbeat.repeat = o->deadline / 4;
	ev_timer_again(s->loop, &s->heartbeat);
}

int
server_listen(struct server *s, struct listener *l)
{
	struct port *port = malloc(sizeof(*port));

	if (!port)
		return -1;
	port->server = s;
	port->listener = *l;
	ev_io_init(&port->io, on_port_ready, l->fd, EV_READ);
	port->io.data = port;
	LIST_INSERT_HEAD(&s->ports, port, link);
	ev_io_start(s->loop, &port->io);
	return 0;
}

int
server_check_files(const struct server *s)
{
	const struct port *port;
	int worst = 1;

	LIST_FOREACH(port, &s->ports, link) {
		int r = listen_check_file(&port->listener);

		if (r < worst)
			worst = r;
	}
	return worst;
}

void
server_unlisten(struct server *s)
{
	struct port *port;

	while ((port = LIST_FIRST(&s->ports))) {
		listen_unlink(&port->listener);
		accept_from_port(port, ACCEPT_ALL);
		ev_io_stop(s->loop, &port->io);
		LIST_REMOVE(port, link);
		listen_close(&port->listener);
		free(port);
	}
	ev_timer_stop(s->loop, &s->pause);
}

void
server_finish(struct server *s)
{
	struct connection *c, *next;

	s->finishing = true;
	for (c = LIST_FIRST(&s->connections); c; c = next) {
		next = LIST_NEXT(c, link);
		if (!peer_is_busy(&c->peer))
			end_connection(c, PEER_ENDS);
	}
}

size_t
server_connections(const struct server *s)
{
	return s->counts.connections;
}

void
server_counts(const struct server *s, struct server_counts *c)
{
	*c = s->counts;
	c->requests = s->io.requests;
	c->limit = s->options.connections;
}

void
server_free(struct server *s)
{
	struct connection *c;

	if (!s)
		return;
	server_unlisten(s);
	while ((c = LIST_FIRST(&s->connections)))
		accept_drop(detach_connection(c));
	accept_clear(&s->acceptor);
	ev_check_stop(s->loop, &s->check);
	ev_timer_stop(s->loop, &s->heartbeat);
	ev_timer_stop(s->loop, &s->pause);
	free(s);
}
