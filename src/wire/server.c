/*
 * From bytes to the loop there are four layers: struct conn holds a
 * conversation without a descriptor, struct peer puts it on a socket, struct
 * turns gives all of them watchers and timers and answers them in turns.  The
 * server here accepts them; a struct port is a listener with its watcher.
 *
 * on_poll_return() has the highest priority, so libev calls it before all
 * others after each poll: what waited too long is closed before anything is
 * read.
 */
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <string.h>

#include "wire/server.h"
#include "base/log.h"
#include "wire/accept.h"
#include "wire/listen.h"
#include "wire/turns.h"

/* So many clients are taken from one backlog before others get a turn. */
#define ACCEPT_BATCH 64
/* More than any backlog holds: it bounds the loops that empty one. */
#define ACCEPT_ALL (4 * SOMAXCONN)
/* How long nobody is accepted after accept() failed, other than for a client
 * that is gone or for want of descriptors. */
#define ACCEPT_PAUSE_SECONDS 0.1

struct port {
	struct ev_io io;
	LIST_ENTRY(port) link;
	struct server *server;
	struct listener listener;
};

struct server {
	struct ev_loop *loop;
	struct turns *turns;
	unsigned long shed;
	LIST_HEAD(, port) ports;
	struct ev_check check;     /* at each return from poll */
	struct ev_timer heartbeat; /* bounds the time that a poll takes */
	struct ev_timer pause;     /* nobody is accepted while it runs */
	struct acceptor acceptor;
	struct log_limit shed_limit, refused_limit;
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
count_shed(struct server *s, const char *why)
{
	s->shed++;
	warn_at_times(&s->shed_limit, "client sent away", "connections", why);
}

static void
pause_ports(struct server *s)
{
	struct port *port;

	warn_at_times(&s->refused_limit, "cannot accept", "listener",
	    strerror(errno));
	LIST_FOREACH(port, &s->ports, link)
		ev_io_stop(s->loop, &port->io);
	ev_timer_set(&s->pause, ACCEPT_PAUSE_SECONDS, 0);
	ev_timer_start(s->loop, &s->pause);
}

/* Accepts up to MANY clients of one backlog; RECEIVE: see turns_add(). */
static void
accept_from_port(struct port *port, int many, bool receive)
{
	struct server *s = port->server;
	int fd;

	while (many-- > 0) {
		switch (accept_next(&s->acceptor, port->io.fd, &fd)) {
		case ACCEPT_CLIENT:
			if (turns_add(s->turns, fd, receive) == 0)
				break;
			accept_drop(fd);
			count_shed(s, "too many, or no memory");
			break;
		case ACCEPT_SHED:
			count_shed(s, "no file descriptor left");
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
	accept_from_port(w->data, ACCEPT_BATCH, true);
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
	if (turns_begin(s->turns))
		server_purge(s);
}

void
server_purge(struct server *s)
{
	struct port *port;

	LIST_FOREACH(port, &s->ports, link)
		accept_from_port(port, ACCEPT_ALL, false);
	turns_purge(s->turns);
}

struct server *
server_new(struct ev_loop *loop, const struct server_options *o)
{
	struct server *s = calloc(1, sizeof(*s));

	if (s)
		s->turns = turns_new(loop, o);
	if (!s || !s->turns) {
		free(s);
		return NULL;
	}
	s->loop = loop;
	LIST_INIT(&s->ports);
	accept_init(&s->acceptor);
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
	turns_configure(s->turns, o);
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
		accept_from_port(port, ACCEPT_ALL, true);
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
	turns_finish(s->turns);
}

size_t
server_connections(const struct server *s)
{
	struct server_counts c;

	server_counts(s, &c);
	return c.connections;
}

void
server_counts(const struct server *s, struct server_counts *c)
{
	turns_counts(s->turns, c);
	c->shed = s->shed;
}

void
server_free(struct server *s)
{
	if (!s)
		return;
	server_unlisten(s);
	turns_free(s->turns);
	accept_clear(&s->acceptor);
	ev_check_stop(s->loop, &s->check);
	ev_timer_stop(s->loop, &s->heartbeat);
	ev_timer_stop(s->loop, &s->pause);
	free(s);
}
