/*
 * A connection is in t->connections from turns_add() to detach_connection(),
 * and is counted in counts.connections as long.  It is in t->queue while it has
 * to be served: it received something, has room for output, was woken by the
 * answerer, or has more frames than one turn answers.
 *
 * on_turn_over() has the lowest priority, so libev calls it after all others
 * that follow a poll.  While the queue is not empty then, a watcher for idle
 * times is active, so that the next poll does not wait.
 */
#include <sys/queue.h>

#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire/turns.h"
#include "base/log.h"
#include "wire/accept.h"
#include "wire/conn.h"
#include "wire/late.h"
#include "wire/netstring.h"
#include "wire/peer.h"
#include "wire/server.h"

struct connection {
	struct ev_io io;
	struct ev_timer timer; /* for a partial frame, or after an error */
	LIST_ENTRY(connection) link;
	TAILQ_ENTRY(connection) next; /* in the queue, if queued */
	struct turns *turns;
	unsigned long batch; /* how many were served when it was queued */
	bool queued;
	bool malformed; /* a frame was, and the log says so */
	struct peer peer;
};

struct turns {
	struct ev_loop *loop;
	struct server_options options;
	struct server_counts counts;
	LIST_HEAD(, connection) connections;
	TAILQ_HEAD(queue, connection) queue;
	unsigned long batches; /* how often the queue was served */
	struct ev_check over;  /* at the end of a turn */
	struct ev_idle again;  /* active: no poll waits */
	bool finishing; /* a connection that is not busy is closed */
	struct log_limit malformed, stalled, late;
	struct io_buffers io; /* the last: turns_new() does not clear it */
};

static void
warn_about_connection(struct log_limit *l, const char *what,
    const struct connection *c, const char *why)
{
	char who[ACCEPT_PEER_SHOWN];
	unsigned long more;

	if (!log_limit(l, &more))
		return;
	accept_peer(c->peer.fd, who, sizeof(who));
	if (more > 0)
		log_warn("server: %s: %s: %s (%lu more before)", what, who, why,
		    more);
	else
		log_warn("server: %s: %s: %s", what, who, why);
}

static void
queue_connection(struct connection *c)
{
	if (c->queued)
		return;
	c->queued = true;
	c->batch = c->turns->batches;
	TAILQ_INSERT_TAIL(&c->turns->queue, c, next);
}

/* Those in the queue have their turn even if nothing else happens: for calls
 * from outside, which may come after the end of this turn. */
static void
need_turn(struct turns *t)
{
	if (!TAILQ_EMPTY(&t->queue))
		ev_idle_start(t->loop, &t->again);
}

static void
unqueue_connection(struct connection *c)
{
	if (c->queued)
		TAILQ_REMOVE(&c->turns->queue, c, next);
	c->queued = false;
}

/* Frees the connection; its descriptor stays open and is returned. */
static int
detach_connection(struct connection *c)
{
	struct turns *t = c->turns;
	int fd = c->peer.fd;

	if (c->peer.conn.waiter.question)
		t->options.forget(t->options.arg, &c->peer.conn.waiter);
	unqueue_connection(c);
	ev_io_stop(t->loop, &c->io);
	ev_timer_stop(t->loop, &c->timer);
	LIST_REMOVE(c, link);
	peer_clear(&c->peer);
	t->counts.connections--;
	free(c);
	return fd;
}

static void
close_late_connection(struct connection *c)
{
	struct turns *t = c->turns;

	t->counts.late++;
	warn_about_connection(&t->late, "closed unanswered", c,
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

/* Restarts the timer, which is over after SECONDS. */
static void
restart_connection_timer(struct connection *c, double seconds)
{
	struct ev_loop *loop = c->turns->loop;

	ev_timer_stop(loop, &c->timer);
	ev_timer_set(&c->timer, seconds, 0);
	ev_timer_start(loop, &c->timer);
}

static double
frame_seconds(const struct turns *t)
{
	return t->options.frame > 0 ? t->options.frame : SERVER_FRAME_SECONDS;
}

static bool
is_watched_for(const struct connection *c, int events)
{
	return ev_is_active(&c->io) &&
	    (c->io.events & (EV_READ | EV_WRITE)) == events;
}

static void
watch_wanted_events(struct connection *c)
{
	int events = (peer_wants_read(&c->peer) ? EV_READ : 0) |
	    (peer_wants_write(&c->peer) ? EV_WRITE : 0);

	if (is_watched_for(c, events))
		return;
	ev_io_stop(c->turns->loop, &c->io);
	if (!events)
		return;
	ev_io_modify(&c->io, events);
	ev_io_start(c->turns->loop, &c->io);
}

static void
report_malformed_request(struct connection *c)
{
	struct turns *t = c->turns;

	c->malformed = true;
	t->counts.malformed++;
	warn_about_connection(&t->malformed, "malformed request", c,
	    netstring_error(c->peer.conn.error));
	restart_connection_timer(c, frame_seconds(t));
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
			ev_timer_stop(c->turns->loop, &c->timer);
	} else if (answered || !active)
		restart_connection_timer(c, frame_seconds(c->turns));
}

static void
serve_connection(struct connection *c)
{
	struct turns *t = c->turns;
	unsigned long before = t->io.by.requests;
	enum peer_result r;

	r = peer_serve(&c->peer, &t->io);
	if (c->peer.conn.error != NETSTRING_OK && !c->malformed)
		report_malformed_request(c);
	if (r == PEER_STAYS && t->finishing && !peer_is_busy(&c->peer))
		r = PEER_ENDS;
	if (r != PEER_STAYS) {
		end_connection(c, r);
		return;
	}
	if (peer_is_idle(&c->peer) && is_watched_for(c, EV_READ) &&
	    !ev_is_active(&c->timer))
		return;
	if (peer_has_more(&c->peer))
		queue_connection(c);
	watch_wanted_events(c);
	time_partial_frame(c, t->io.by.requests != before);
}

/* Serves all that are queued now, but none of these twice. */
static void
serve_queue(struct turns *t)
{
	struct connection *c;

	if (t->options.turn)
		t->options.turn(t->options.arg);
	t->batches++;
	while ((c = TAILQ_FIRST(&t->queue)) && c->batch != t->batches) {
		unqueue_connection(c);
		serve_connection(c);
	}
	t->io.used = 0;
}

/* C may be gone afterwards. */
static void
receive(struct connection *c)
{
	struct turns *t = c->turns;
	enum peer_result r = peer_receive(&c->peer, &t->io);

	if (r != PEER_STAYS)
		end_connection(c, r);
	else if (peer_has_news(&c->peer))
		queue_connection(c);
	else
		watch_wanted_events(c);
	if (!peer_can_receive(&t->io))
		serve_queue(t);
}

static void
on_connection_ready(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct connection *c = w->data;

	(void)loop;
	if (events & EV_WRITE)
		queue_connection(c);
	if (events & EV_READ)
		receive(c);
}

static void
on_connection_timer(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct connection *c = w->data;
	struct turns *t = c->turns;

	(void)loop;
	(void)events;
	if (!c->malformed && c->queued) {
		/* The rest of the frame may have come in this turn; if it did
		 * not, the time is over in the next one. */
		restart_connection_timer(c, 0);
		return;
	}
	if (!c->malformed && !peer_wants_read(&c->peer)) {
		/* The client may have sent the rest; it is us who do not
		 * read on before it takes our output. */
		restart_connection_timer(c, frame_seconds(t));
		return;
	}
	if (!c->malformed) {
		t->counts.stalled++;
		warn_about_connection(&t->stalled, "closed", c,
		    "a request stopped half-way");
	}
	accept_drop(detach_connection(c));
}

/* A conn_waiter's wake(). */
static void
wake_connection(struct conn_waiter *w)
{
	struct connection *c = (struct connection *)((char *)w -
	    offsetof(struct connection, peer.conn.waiter));

	c->peer.conn.woken = true;
	queue_connection(c);
	need_turn(c->turns);
}

int
turns_add(struct turns *t, int fd, bool receive_now)
{
	struct connection *c = NULL;

	if (t->counts.connections < t->options.connections)
		c = malloc(sizeof(*c));
	if (!c)
		return -1;
	t->counts.accepted++;
	t->counts.connections++;
	c->turns = t;
	c->queued = c->malformed = false;
	peer_init(&c->peer, fd);
	c->peer.conn.waiter.wake = wake_connection;
	LIST_INSERT_HEAD(&t->connections, c, link);
	ev_io_init(&c->io, on_connection_ready, fd, EV_READ);
	ev_timer_init(&c->timer, on_connection_timer, 0, 0);
	/* What comes as the time is over has come in time. */
	ev_set_priority(&c->timer, -1);
	c->io.data = c->timer.data = c;
	if (receive_now)
		receive(c);
	else
		watch_wanted_events(c);
	need_turn(t);
	return 0;
}

static void
on_turn_over(struct ev_loop *loop, struct ev_check *w, int events)
{
	struct turns *t = w->data;

	(void)events;
	if (!TAILQ_EMPTY(&t->queue))
		serve_queue(t);
	need_turn(t);
	if (TAILQ_EMPTY(&t->queue) && ev_is_active(&t->again))
		ev_idle_stop(loop, &t->again);
}

/* That it is active is all that is wanted of it. */
static void
on_idle(struct ev_loop *loop, struct ev_idle *w, int events)
{
	(void)loop;
	(void)w;
	(void)events;
}

bool
turns_begin(struct turns *t)
{
	return late_turn(&t->io.late, t->options.deadline);
}

void
turns_purge(struct turns *t)
{
	struct connection *c, *next;

	for (c = LIST_FIRST(&t->connections); c; c = next) {
		next = LIST_NEXT(c, link);
		if (peer_has_old(&c->peer))
			close_late_connection(c);
	}
}

void
turns_finish(struct turns *t)
{
	struct connection *c, *next;

	t->finishing = true;
	for (c = LIST_FIRST(&t->connections); c; c = next) {
		next = LIST_NEXT(c, link);
		if (!peer_is_busy(&c->peer))
			end_connection(c, PEER_ENDS);
	}
}

struct turns *
turns_new(struct ev_loop *loop, const struct server_options *o)
{
	struct turns *t = malloc(sizeof(*t));

	if (!t)
		return NULL;
	/* All but the buffers, which get memory when they are used. */
	memset(t, 0, offsetof(struct turns, io));
	t->loop = loop;
	LIST_INIT(&t->connections);
	TAILQ_INIT(&t->queue);
	io_buffers_init(&t->io);
	late_catch();
	ev_check_init(&t->over, on_turn_over);
	ev_set_priority(&t->over, EV_MINPRI);
	ev_idle_init(&t->again, on_idle);
	t->over.data = t;
	ev_check_start(loop, &t->over);
	turns_configure(t, o);
	return t;
}

void
turns_configure(struct turns *t, const struct server_options *o)
{
	t->options = *o;
	t->io.deadline = o->deadline;
	t->io.by.answer = o->answer;
	t->io.by.arg = o->arg;
}

void
turns_counts(const struct turns *t, struct server_counts *c)
{
	*c = t->counts;
	c->requests = t->io.by.requests;
	c->limit = t->options.connections;
}

void
turns_free(struct turns *t)
{
	struct connection *c;

	if (!t)
		return;
	while ((c = LIST_FIRST(&t->connections)))
		accept_drop(detach_connection(c));
	ev_check_stop(t->loop, &t->over);
	ev_idle_stop(t->loop, &t->again);
	free(t);
}
