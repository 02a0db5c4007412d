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

/* Clients taken from one backlog before others get their turn. */
#define ACCEPT_BATCH 64
/* More than any backlog holds: an end for loops that empty one. */
#define ACCEPT_ALL (4 * SOMAXCONN)
#define ACCEPT_PAUSE_SECONDS 0.1

struct client {
	struct ev_io io;
	struct ev_timer timer; /* for a frame, or for the end */
	LIST_ENTRY(client) link;
	struct server *server;
	bool malformed; /* and said so */
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
	LIST_HEAD(, client) clients;
	LIST_HEAD(, port) ports;
	struct ev_check check;
	struct ev_timer heartbeat;
	struct ev_timer pause;
	struct acceptor acceptor;
	bool finishing;
	struct log_limit malformed, stalled, shed, refused, late;
	struct io_buffers io;
};

static void
report(struct log_limit *l, const char *what, const char *who, const char *why)
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
report_client(struct log_limit *l, const char *what, const struct client *c,
    const char *why)
{
	char who[ACCEPT_PEER_SHOWN];

	report(l, what, accept_peer(c->peer.fd, who, sizeof(who)), why);
}

/* Takes the client out of the books; its descriptor stays. */
static int
client_forget(struct client *c)
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
client_late(struct client *c)
{
	struct server *s = c->server;

	s->counts.late++;
	report_client(&s->late, "closed unanswered", c,
	    "the answer would come too late");
	accept_drop(client_forget(c));
}

static void
client_end(struct client *c, enum peer_result why)
{
	if (why == PEER_LATE) {
		client_late(c);
		return;
	}
	if (why == PEER_FAILED)
		log_error("server: client closed: out of memory");
	close(client_forget(c));
}

static void
client_timer(struct client *c)
{
	struct server *s = c->server;
	double seconds = s->options.frame;

	ev_timer_stop(s->loop, &c->timer);
	ev_timer_set(&c->timer, seconds > 0 ? seconds : SERVER_FRAME_SECONDS,
	    0);
	ev_timer_start(s->loop, &c->timer);
}

static void
client_events(struct client *c)
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
client_malformed(struct client *c)
{
	struct server *s = c->server;

	c->malformed = true;
	s->counts.malformed++;
	report_client(&s->malformed, "malformed request", c,
	    netstring_error(c->peer.conn.error));
	client_timer(c);
}

/*
 * The timer runs while a frame is incomplete, from that frame's first byte,
 * which came just now where one before it was answered.
 */
static void
client_watch_frame(struct client *c, bool answered)
{
	bool active = ev_is_active(&c->timer);

	if (c->malformed)
		return;
	if (!conn_stalls(&c->peer.conn)) {
		if (active)
			ev_timer_stop(c->server->loop, &c->timer);
	} else if (answered || !active)
		client_timer(c);
}

static void
on_client(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct client *c = w->data;
	struct server *s = c->server;
	unsigned long before = s->io.requests;
	enum peer_result r;

	(void)loop;
	r = peer_serve(&c->peer, &s->io, events & EV_READ);
	if (c->peer.conn.error != NETSTRING_OK && !c->malformed)
		client_malformed(c);
	if (r == PEER_STAYS && s->finishing && !peer_is_asked(&c->peer))
		r = PEER_ENDS;
	if (r != PEER_STAYS) {
		client_end(c, r);
		return;
	}
	client_events(c);
	client_watch_frame(c, s->io.requests != before);
}

static void
on_client_timer(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct client *c = w->data;
	struct server *s = c->server;

	(void)loop;
	(void)events;
	if (!c->malformed && !peer_wants_read(&c->peer)) {
		/* It is us who do not read the rest. */
		client_timer(c);
		return;
	}
	if (!c->malformed) {
		s->counts.stalled++;
		report_client(&s->stalled, "closed", c,
		    "a request stopped half-way");
	}
	accept_drop(client_forget(c));
}

/* A client on FD, which is closed where there is no place for it. */
static void
client_new(struct server *s, int fd)
{
	struct client *c = NULL;

	if (s->counts.connections < s->options.connections)
		c = malloc(sizeof(*c));
	if (!c) {
		s->counts.shed++;
		accept_drop(fd);
		report(&s->shed, "client sent away", "connections",
		    "too many, or no memory");
		return;
	}
	s->counts.accepted++;
	s->counts.connections++;
	c->server = s;
	c->malformed = false;
	peer_init(&c->peer, fd);
	LIST_INSERT_HEAD(&s->clients, c, link);
	ev_io_init(&c->io, on_client, fd, EV_READ);
	ev_timer_init(&c->timer, on_client_timer, 0, 0);
	c->io.data = c->timer.data = c;
	ev_io_start(s->loop, &c->io);
}

static void
ports_pause(struct server *s)
{
	struct port *port;

	report(&s->refused, "cannot accept", "listener", strerror(errno));
	LIST_FOREACH(port, &s->ports, link)
		ev_io_stop(s->loop, &port->io);
	ev_timer_set(&s->pause, ACCEPT_PAUSE_SECONDS, 0);
	ev_timer_start(s->loop, &s->pause);
}

/* Up to MANY clients of one backlog. */
static void
port_accept(struct port *port, int many)
{
	struct server *s = port->server;
	int fd;

	while (many-- > 0) {
		switch (accept_next(&s->acceptor, port->io.fd, &fd)) {
		case ACCEPT_CLIENT:
			client_new(s, fd);
			break;
		case ACCEPT_SHED:
			s->counts.shed++;
			report(&s->shed, "client sent away", "connections",
			    "no file descriptor left");
			break;
		case ACCEPT_RETRY:
			break;
		case ACCEPT_EMPTY:
			return;
		case ACCEPT_PAUSE:
			ports_pause(s);
			return;
		}
	}
}

static void
on_port(struct ev_loop *loop, struct ev_io *w, int events)
{
	(void)loop;
	(void)events;
	port_accept(w->data, ACCEPT_BATCH);
}

static void
on_pause(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct server *s = w->data;
	struct port *port;

	(void)events;
	LIST_FOREACH(port, &s->ports, link)
		ev_io_start(loop, &port->io);
}

/* A heartbeat only bounds the time that a poll may take. */
static void
on_heartbeat(struct ev_loop *loop, struct ev_timer *w, int events)
{
	(void)loop;
	(void)w;
	(void)events;
}

static void
on_check(struct ev_loop *loop, struct ev_check *w, int events)
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
	struct client *c, *next;

	LIST_FOREACH(port, &s->ports, link)
		port_accept(port, ACCEPT_ALL);
	for (c = LIST_FIRST(&s->clients); c; c = next) {
		next = LIST_NEXT(c, link);
		if (!c->peer.draining && (peer_wants_write(&c->peer) ||
		    peer_has_bytes(&c->peer)))
			client_late(c);
	}
}

struct server *
server_new(struct ev_loop *loop, const struct server_options *o)
{
	struct server *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	/* All but the buffers, whose pages come with their use. */
	memset(s, 0, offsetof(struct server, io));
	s->loop = loop;
	LIST_INIT(&s->clients);
	LIST_INIT(&s->ports);
	accept_init(&s->acceptor);
	s->io.requests = 0;
	late_init(&s->io.late);
	late_catch();
	ev_check_init(&s->check, on_check);
	ev_set_priority(&s->check, EV_MAXPRI);
	ev_init(&s->heartbeat, on_heartbeat);
	ev_timer_init(&s->pause, on_pause, 0, 0);
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
	ev_io_init(&port->io, on_port, l->fd, EV_READ);
	port->io.data = port;
	LIST_INSERT_HEAD(&s->ports, port, link);
	ev_io_start(s->loop, &port->io);
	return 0;
}

int
server_ours(const struct server *s)
{
	const struct port *port;
	int worst = 1;

	LIST_FOREACH(port, &s->ports, link) {
		int r = listen_ours(&port->listener);

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
		port_accept(port, ACCEPT_ALL);
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
	struct client *c, *next;

	s->finishing = true;
	for (c = LIST_FIRST(&s->clients); c; c = next) {
		next = LIST_NEXT(c, link);
		if (!peer_is_asked(&c->peer))
			client_end(c, PEER_ENDS);
	}
}

size_t
server_open(const struct server *s)
{
	return s->counts.connections;
}

void
server_counts(const struct server *s, struct server_counts *c)
{
	*c = s->counts;
	c->requests = s->io.requests;
}

void
server_free(struct server *s)
{
	struct client *c;

	if (!s)
		return;
	server_unlisten(s);
	while ((c = LIST_FIRST(&s->clients)))
		accept_drop(client_forget(c));
	accept_clear(&s->acceptor);
	ev_check_stop(s->loop, &s->check);
	ev_timer_stop(s->loop, &s->heartbeat);
	ev_timer_stop(s->loop, &s->pause);
	free(s);
}
