#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/scan_runner.h"
#include "base/clock.h"
#include "cache/child.h"
#include "cache/rebuild.h"
#include "cache/scan_schedule.h"

/* The seconds for which events can put a scan off. */
#define LONGEST_DELAY 2.0
/* The seconds in which a child dies that can. */
#define DEATH_SECONDS 5.0

struct scan_runner {
	struct ev_loop *loop;
	struct scan_runner_owner owner;
	double debounce, timeout; /* for the next scan */
	struct scan_schedule schedule;

	struct child child;
	double limit;   /* the seconds that it may take */
	char *dir;      /* that it reads; NULL: out of memory */
	bool running; /* there is a child */
	bool late;    /* it took too long, and was killed */
	bool left;    /* it did not die of that, and its failure was reported */
	bool again;   /* a scan was requested since the child began */
	bool first;   /* none began yet: look-ups wait for it */
	bool stuck;   /* one was late, and none came to its end since */

	struct ev_timer due;    /* until the scan that was requested */
	struct ev_timer rescan; /* until the next rescan */
	struct ev_timer retry;  /* until gaps are looked at again */
	struct ev_timer late_at; /* until the child is late, or left behind */
	struct ev_child ended;  /* the child's end */
};

void
scan_runner_request(struct scan_runner *s, double delay)
{
	double now;

	if (s->running) {
		s->again = true;
		return;
	}
	now = clock_seconds();
	ev_timer_stop(s->loop, &s->due);
	ev_timer_set(&s->due, scan_schedule_ask(&s->schedule, now, delay) - now,
	    0.0);
	ev_timer_start(s->loop, &s->due);
}

void
scan_runner_well(struct scan_runner *s, size_t missed)
{
	double retry = scan_schedule_retry(&s->schedule, missed);

	scan_schedule_well(&s->schedule);
	ev_timer_stop(s->loop, &s->retry);
	if (retry == 0)
		return;
	ev_timer_set(&s->retry, retry, 0.0);
	ev_timer_start(s->loop, &s->retry);
}

void
scan_runner_failed(struct scan_runner *s)
{
	scan_schedule_failed(&s->schedule, clock_seconds());
	scan_runner_request(s, 0.0);
}

/* Makes *R the result of a child that was late. */
static void
fail_late(const struct scan_runner *s, struct rebuild_result *r)
{
	int n;

	*r = (struct rebuild_result){ .status = REBUILD_FAILED };
	n = snprintf(r->reason, sizeof(r->reason), "the scan of %s took longer "
	    "than scan_timeout (%g s)", s->dir == NULL ? "lists_dir" : s->dir,
	    s->limit);
	if (s->left && n > 0 && (size_t)n < sizeof(r->reason))
		snprintf(r->reason + n, sizeof(r->reason) - (size_t)n, ", and "
		    "its process %ld does not end: there is no other scan "
		    "until it does", (long)s->child.pid);
}

static void
on_late(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct scan_runner *s = w->data;
	struct rebuild_result result;

	(void)events;
	if (!s->late) {
		s->late = s->stuck = true;
		child_kill(&s->child);
		ev_timer_set(w, DEATH_SECONDS, 0.0);
		ev_timer_start(loop, w);
		return;
	}
	s->left = true;
	fail_late(s, &result);
	s->owner.ended(s->owner.arg, &result);
	child_forget(&s->child);
}

/* Tells the owner what the child came to. */
static void
report_end(struct scan_runner *s, struct rebuild_result *result)
{
	if (result->status != REBUILD_FAILED)
		s->stuck = false;
	else if (s->late)
		fail_late(s, result);
	scan_schedule_ended(&s->schedule, clock_seconds(),
	    (double)result->milliseconds / 1000);
	s->owner.ended(s->owner.arg, result);
}

static void
on_child_ended(struct ev_loop *loop, struct ev_child *w, int events)
{
	struct scan_runner *s = w->data;
	struct rebuild_result result;

	(void)events;
	ev_child_stop(loop, w);
	ev_timer_stop(loop, &s->late_at);
	child_end(&s->child, w->rstatus, &result);
	s->running = false;
	if (!s->left)
		report_end(s, &result);
	s->left = false;
	child_forget(&s->child);
	if (s->again)
		scan_runner_request(s, s->debounce);
}

void
scan_runner_begin(struct scan_runner *s)
{
	struct rebuild_order order;
	char reason[128];

	ev_timer_stop(s->loop, &s->due);
	scan_schedule_began(&s->schedule);
	s->again = false;
	s->owner.order(s->owner.arg, &order);
	if (child_start(&s->child, &order, !s->first) == -1) {
		snprintf(reason, sizeof(reason), "cannot start a process: %s",
		    strerror(errno));
		s->owner.not_started(s->owner.arg, reason);
		return;
	}
	s->running = true;
	s->first = s->late = false;
	s->limit = s->timeout;
	free(s->dir);
	s->dir = strdup(order.lists_dir);
	ev_timer_set(&s->late_at, s->limit, 0.0);
	ev_timer_start(s->loop, &s->late_at);
	ev_child_init(&s->ended, on_child_ended, s->child.pid, 0);
	s->ended.data = s;
	ev_child_start(s->loop, &s->ended);
}

int
scan_runner_snapshot(const struct scan_runner *s)
{
	return s->child.memory;
}

bool
scan_runner_runs(const struct scan_runner *s)
{
	return s->running && !s->left;
}

bool
scan_runner_stuck(const struct scan_runner *s)
{
	return s->stuck;
}

static void
on_scan_due(struct ev_loop *loop, struct ev_timer *w, int events)
{
	(void)loop, (void)events;
	scan_runner_begin(w->data);
}

static void
on_rescan_due(struct ev_loop *loop, struct ev_timer *w, int events)
{
	(void)loop, (void)events;
	scan_runner_request(w->data, 0.0);
}

void
scan_runner_configure(struct scan_runner *s, double debounce, double rescan,
    double timeout)
{
	s->debounce = debounce;
	s->timeout = timeout;
	s->schedule.longest_backoff = rescan;
	s->rescan.repeat = rescan;
	ev_timer_again(s->loop, &s->rescan);
}

struct scan_runner *
scan_runner_new(struct ev_loop *loop, const struct scan_runner_owner *owner,
    double debounce, double rescan, double timeout)
{
	struct scan_runner *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->loop = loop;
	s->owner = *owner;
	s->first = true;
	s->schedule.longest_delay = LONGEST_DELAY;
	ev_timer_init(&s->due, on_scan_due, 0.0, 0.0);
	ev_timer_init(&s->rescan, on_rescan_due, rescan, rescan);
	ev_timer_init(&s->retry, on_rescan_due, 0.0, 0.0);
	ev_timer_init(&s->late_at, on_late, 0.0, 0.0);
	s->due.data = s->rescan.data = s->retry.data = s->late_at.data = s;
	scan_runner_configure(s, debounce, rescan, timeout);
	return s;
}

void
scan_runner_free(struct scan_runner *s)
{
	if (s == NULL)
		return;
	ev_timer_stop(s->loop, &s->due);
	ev_timer_stop(s->loop, &s->rescan);
	ev_timer_stop(s->loop, &s->retry);
	ev_timer_stop(s->loop, &s->late_at);
	if (s->running) {
		ev_child_stop(s->loop, &s->ended);
		child_cancel(&s->child);
	}
	free(s->dir);
	free(s);
}
