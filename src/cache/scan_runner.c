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

struct scan_runner {
	struct ev_loop *loop;
	struct scan_runner_owner owner;
	double debounce;
	struct scan_schedule schedule;

	struct child child;
	bool running; /* there is a child */
	bool again;   /* a scan was requested since the child began */

	struct ev_timer due;    /* until the scan that was requested */
	struct ev_timer rescan; /* until the next rescan */
	struct ev_timer retry;  /* until gaps are looked at again */
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

static void
on_child_ended(struct ev_loop *loop, struct ev_child *w, int events)
{
	struct scan_runner *s = w->data;
	struct rebuild_result result;

	(void)events;
	ev_child_stop(loop, w);
	child_end(&s->child, w->rstatus, &result);
	s->running = false;
	scan_schedule_ended(&s->schedule, clock_seconds(),
	    (double)result.milliseconds / 1000);
	s->owner.ended(s->owner.arg, &result);
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
	if (child_start(&s->child, &order) == -1) {
		snprintf(reason, sizeof(reason), "cannot start a process: %s",
		    strerror(errno));
		s->owner.not_started(s->owner.arg, reason);
		return;
	}
	s->running = true;
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
	return s->running;
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
scan_runner_configure(struct scan_runner *s, double debounce, double rescan)
{
	s->debounce = debounce;
	s->schedule.longest_backoff = rescan;
	s->rescan.repeat = rescan;
	ev_timer_again(s->loop, &s->rescan);
}

struct scan_runner *
scan_runner_new(struct ev_loop *loop, const struct scan_runner_owner *owner,
    double debounce, double rescan)
{
	struct scan_runner *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->loop = loop;
	s->owner = *owner;
	s->schedule.longest_delay = LONGEST_DELAY;
	ev_timer_init(&s->due, on_scan_due, 0.0, 0.0);
	ev_timer_init(&s->rescan, on_rescan_due, rescan, rescan);
	ev_timer_init(&s->retry, on_rescan_due, 0.0, 0.0);
	s->due.data = s->rescan.data = s->retry.data = s;
	scan_runner_configure(s, debounce, rescan);
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
	if (s->running) {
		ev_child_stop(s->loop, &s->ended);
		child_cancel(&s->child);
	}
	free(s);
}
