#include <sys/wait.h>

#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cache/crew.h"
#include "base/clock.h"
#include "base/log.h"
#include "cache/worker.h"

/* A worker that lived for so many seconds did not die of being started, and one
 * that ended so many seconds after SIGKILL was in a system call. */
#define A_WHILE 1.0

struct member {
	struct crew *crew;
	bool there;
	bool reaped;   /* its end was seen before its loss */
	int status;    /* then: its wait status */
	double since;  /* when it started, or was left behind */
	enum crew_loss why; /* of one that is left behind */
	struct worker worker;
	struct ev_child ended;
};

struct crew {
	struct ev_loop *loop;
	struct crew_owner owner;
	struct worker_order order;
	const char *site;
	struct member member[CREW_LEFT_MAX + 1];
	struct member *serving; /* NULL: none */
	struct ev_io io;        /* of that one */
	unsigned losses; /* how many in a row make the next one wait */
	double not_before; /* the moment of the next start, clock_seconds() */
	struct ev_timer start; /* until then */
	struct log_limit died, not_started;
};

static int
count_left(const struct crew *c)
{
	int n = 0;

	for (int i = 0; i <= CREW_LEFT_MAX; i++)
		n += c->member[i].there && &c->member[i] != c->serving;
	return n;
}

static struct member *
free_member(struct crew *c)
{
	int i = 0;

	while (c->member[i].there)
		i++;
	return &c->member[i];
}

/* The next start waits longer than the one before. */
static void
back_off(struct crew *c)
{
	double seconds = 0.0;

	if (c->losses > 0)
		seconds = c->losses > 6 ? CREW_BACKOFF_MAX :
		    (double)(1U << (c->losses - 1));
	c->not_before = clock_seconds() + seconds;
	c->losses++;
}

void
crew_forgive(struct crew *c)
{
	c->losses = 0;
	c->not_before = 0.0;
	ev_timer_stop(c->loop, &c->start);
}

static void
log_death(struct crew *c, const struct member *m)
{
	unsigned long before;

	if (m->why != CREW_DIED || !log_limit(&c->died, &before))
		return;
	if (WIFSIGNALED(m->status))
		log_warn("crew: worker ended by signal %d: %s (%lu more "
		    "before)", WTERMSIG(m->status), c->site, before);
	else
		log_warn("crew: worker ended with status %d: %s (%lu more "
		    "before)", WEXITSTATUS(m->status), c->site, before);
}

/* One that was lost has ended. */
static void
let_go(struct crew *c, struct member *m)
{
	log_death(c, m);
	m->there = false;
	if (m->why == CREW_HANGS && clock_seconds() - m->since > A_WHILE)
		crew_forgive(c);
}

static void
on_worker_ended(struct ev_loop *loop, struct ev_child *w, int events)
{
	struct member *m = w->data;
	struct crew *c = m->crew;

	(void)events;
	ev_child_stop(loop, w);
	m->status = w->rstatus;
	m->reaped = true;
	/* What it said before is still to be read, and then its end. */
	if (m == c->serving)
		return;
	let_go(c, m);
	c->owner.may_start(c->owner.arg);
}

static void
on_worker_ready(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct crew *c = w->data;

	(void)loop, (void)events;
	c->owner.ready(c->owner.arg);
}

static void
on_start_due(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct crew *c = w->data;

	(void)loop, (void)events;
	c->owner.may_start(c->owner.arg);
}

struct crew *
crew_new(struct ev_loop *loop, const struct crew_owner *owner)
{
	struct crew *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->loop = loop;
	c->owner = *owner;
	ev_timer_init(&c->start, on_start_due, 0.0, 0.0);
	c->start.data = c;
	for (int i = 0; i <= CREW_LEFT_MAX; i++)
		c->member[i].crew = c;
	return c;
}

void
crew_configure(struct crew *c, const struct worker_order *o, const char *site)
{
	c->order = *o;
	c->site = site;
}

static void
kill_member(struct member *m)
{
	if (!m->reaped)
		kill(m->worker.pid, SIGKILL);
}

/* libev reaps those whose end nobody waits for any more. */
void
crew_free(struct crew *c)
{
	struct member *m;

	if (c == NULL)
		return;
	if (c->serving != NULL) {
		ev_io_stop(c->loop, &c->io);
		worker_close(&c->serving->worker);
	}
	ev_timer_stop(c->loop, &c->start);
	for (m = c->member; m <= &c->member[CREW_LEFT_MAX]; m++)
		if (m->there) {
			kill_member(m);
			ev_child_stop(c->loop, &m->ended);
		}
	free(c);
}

/* Whether the next one may be started now; if not, the owner will be told. */
static bool
may_start_now(struct crew *c)
{
	double wait = c->not_before - clock_seconds();

	if (count_left(c) >= CREW_LEFT_MAX)
		return false;
	if (wait <= 0)
		return true;
	/* libev counts from the beginning of the turn, and may be early. */
	if (!ev_is_active(&c->start)) {
		ev_timer_set(&c->start, wait, 0.0);
		ev_timer_start(c->loop, &c->start);
	}
	return false;
}

static void
start_member(struct crew *c, struct member *m)
{
	m->there = true;
	m->reaped = false;
	m->since = clock_seconds();
	ev_child_init(&m->ended, on_worker_ended, m->worker.pid, 0);
	m->ended.data = m;
	ev_child_start(c->loop, &m->ended);
	ev_io_init(&c->io, on_worker_ready, m->worker.fd, EV_READ);
	c->io.data = c;
	ev_io_start(c->loop, &c->io);
	c->serving = m;
}

const struct worker *
crew_start(struct crew *c)
{
	struct member *m = free_member(c);
	unsigned long before;

	if (c->serving != NULL)
		return &c->serving->worker;
	if (!may_start_now(c))
		return NULL;
	if (worker_start(&m->worker, &c->order) == -1) {
		if (log_limit(&c->not_started, &before))
			log_error("crew: cannot start a worker: %s: %s (%lu "
			    "more before)", c->site, strerror(errno), before);
		c->losses += c->losses == 0;
		back_off(c);
		(void)may_start_now(c);
		return NULL;
	}
	start_member(c, m);
	return &m->worker;
}

const struct worker *
crew_worker(const struct crew *c)
{
	return c->serving == NULL ? NULL : &c->serving->worker;
}

void
crew_lose(struct crew *c, enum crew_loss why)
{
	struct member *m = c->serving;

	c->serving = NULL;
	ev_io_stop(c->loop, &c->io);
	worker_close(&m->worker);
	if (why == CREW_DIED && clock_seconds() - m->since >= A_WHILE)
		c->losses = 0;
	if (why == CREW_HANGS && c->losses == 0)
		c->losses = 1;
	if (why != CREW_REPLACED)
		back_off(c);
	m->why = why;
	m->since = clock_seconds();
	if (m->reaped)
		let_go(c, m);
	else
		kill_member(m);
}

void
crew_await_room(struct crew *c, bool wanted)
{
	const int events = wanted ? EV_READ | EV_WRITE : EV_READ;

	if (events == (c->io.events & (EV_READ | EV_WRITE)))
		return;
	ev_io_stop(c->loop, &c->io);
	ev_io_set(&c->io, c->serving->worker.fd, events);
	ev_io_start(c->loop, &c->io);
}
