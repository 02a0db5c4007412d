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
/* So many rescans after the last scan ended another one should have. */
#define OVERDUE_RESCANS 2

enum stage {
	IDLE,
	WORKS, /* there is a child */
	LATE,  /* it took too long, and was killed */
	LEFT,  /* it did not die of that, or nobody wants its result */
	STAYS  /* it made its report, and what it gave is put in place */
};

struct scan_runner {
	struct ev_loop *loop;
	struct scan_runner_owner owner;
	double debounce, timeout; /* for the next scan */
	struct scan_schedule schedule;

	struct child child;
	enum child_task task;
	enum stage stage;
	void (*was_read)(void *arg, bool refused);
	void *read_arg;
	double limit;   /* the seconds that it may take */
	char *dir;      /* that it reads; NULL: out of memory */
	double overdue_at; /* when the next scan has to have ended */
	bool first;   /* no scan began */
	bool again;   /* a scan was requested since one began */
	bool waiting; /* a scan begins when the child ends */
	bool stuck;   /* a scan was late, and none came to its end since */
	bool stopped; /* no scan begins any more */

	struct ev_timer due;    /* until the scan that was requested */
	struct ev_timer rescan; /* until the next rescan */
	struct ev_timer retry;  /* until gaps are looked at again */
	struct ev_timer late_at; /* until the child is late, or left behind */
	struct ev_io report;    /* the child's report */
	struct ev_child ended;  /* the child's end */
};

static bool
scans(const struct scan_runner *s)
{
	return s->task == CHILD_SCANS && s->stage != IDLE && s->stage != STAYS;
}

void
scan_runner_request(struct scan_runner *s, double delay)
{
	double now;

	if (s->stopped)
		return;
	if (scans(s)) {
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
	if (s->stage == LEFT && n > 0 && (size_t)n < sizeof(r->reason))
		snprintf(r->reason + n, sizeof(r->reason) - (size_t)n, ", and "
		    "its process %ld does not end: there is no other scan "
		    "until it does", (long)s->child.pid);
}

static void
expect_end(struct scan_runner *s)
{
	s->overdue_at = clock_seconds() + OVERDUE_RESCANS * s->rescan.repeat;
}

/* Tells the owner what the child came to. */
static void
tell_owner(struct scan_runner *s, const struct rebuild_result *result)
{
	if (s->task == CHILD_READS) {
		s->was_read(s->read_arg, s->child.refused);
	} else {
		scan_schedule_ended(&s->schedule, clock_seconds(),
		    (double)result->milliseconds / 1000);
		if (!result->busy)
			expect_end(s);
		s->owner.ended(s->owner.arg, result);
	}
	child_forget(&s->child);
}

static void
on_late(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct scan_runner *s = w->data;
	struct rebuild_result result;

	(void)events;
	child_kill(&s->child);
	if (s->stage == WORKS) {
		s->stage = LATE;
		s->stuck |= s->task == CHILD_SCANS;
		ev_timer_set(w, DEATH_SECONDS, 0.0);
		ev_timer_start(loop, w);
	} else if (s->stage == LATE) {
		s->stage = LEFT;
		fail_late(s, &result);
		tell_owner(s, &result);
	}
}

/* The child stays for as long as what it gave is put in place, which takes less
 * than a scan. */
static void
take_result(struct scan_runner *s, const struct rebuild_result *result)
{
	s->stage = STAYS;
	s->stuck &= s->task != CHILD_SCANS ||
	    result->status == REBUILD_FAILED;
	ev_timer_stop(s->loop, &s->late_at);
	ev_timer_set(&s->late_at, s->limit, 0.0);
	ev_timer_start(s->loop, &s->late_at);
	tell_owner(s, result);
	child_release(&s->child);
}

static void
on_report(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct scan_runner *s = w->data;
	struct rebuild_result result;
	const int heard = child_hear(&s->child, &result);

	(void)events;
	if (heard == 0)
		return;
	ev_io_stop(loop, w);
	if (heard == -1)
		return;
	if (s->stage == LEFT)
		child_release(&s->child);
	else
		take_result(s, &result);
}

static void
on_child_ended(struct ev_loop *loop, struct ev_child *w, int events)
{
	struct scan_runner *s = w->data;
	struct rebuild_result result;

	(void)events;
	ev_child_stop(loop, w);
	ev_io_stop(loop, &s->report);
	if (s->stage == WORKS || s->stage == LATE) {
		if (child_hear(&s->child, &result) != 1) {
			child_fail(w->rstatus, &result);
			if (s->stage == LATE)
				fail_late(s, &result);
		}
		take_result(s, &result);
	}
	ev_timer_stop(loop, &s->late_at);
	child_release(&s->child);
	child_forget(&s->child);
	s->stage = IDLE;
	if (s->again)
		scan_runner_request(s, s->debounce);
	s->again = false;
	if (s->waiting)
		scan_runner_begin(s);
}

/* 0, or -1 with errno. */
static int
start_child(struct scan_runner *s, enum child_task task,
    const struct rebuild_order *order)
{
	if (child_start(&s->child, order, task, !s->first) == -1)
		return -1;
	s->task = task;
	s->stage = WORKS;
	s->limit = s->timeout;
	ev_timer_set(&s->late_at, s->limit, 0.0);
	ev_timer_start(s->loop, &s->late_at);
	ev_io_set(&s->report, s->child.fd, EV_READ);
	ev_io_start(s->loop, &s->report);
	ev_child_init(&s->ended, on_child_ended, s->child.pid, 0);
	s->ended.data = s;
	ev_child_start(s->loop, &s->ended);
	return 0;
}

void
scan_runner_begin(struct scan_runner *s)
{
	struct rebuild_order order;
	char reason[128];

	ev_timer_stop(s->loop, &s->due);
	scan_schedule_began(&s->schedule);
	s->again = s->waiting = false;
	s->owner.order(s->owner.arg, &order);
	if (start_child(s, CHILD_SCANS, &order) == -1) {
		snprintf(reason, sizeof(reason), "cannot start a process: %s",
		    strerror(errno));
		s->owner.not_started(s->owner.arg, reason);
		return;
	}
	s->first = false;
	free(s->dir);
	s->dir = strdup(order.lists_dir);
}

bool
scan_runner_read(struct scan_runner *s, const struct rebuild_order *order,
    void (*was_read)(void *arg, bool refused), void *arg)
{
	if (s->stage != IDLE)
		return false;
	s->was_read = was_read;
	s->read_arg = arg;
	return start_child(s, CHILD_READS, order) == 0;
}

int
scan_runner_snapshot(const struct scan_runner *s)
{
	return s->child.given ? s->child.memory : -1;
}

int
scan_runner_keep(struct scan_runner *s)
{
	const int fd = s->child.fd;

	ev_io_stop(s->loop, &s->report);
	s->child.fd = -1;
	return fd;
}

bool
scan_runner_runs(const struct scan_runner *s)
{
	return scans(s) && s->stage != LEFT;
}

bool
scan_runner_stuck(const struct scan_runner *s)
{
	return s->stuck;
}

bool
scan_runner_overdue(const struct scan_runner *s)
{
	return clock_seconds() >= s->overdue_at;
}

static void
on_scan_due(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct scan_runner *s = w->data;

	(void)loop, (void)events;
	s->waiting = s->stage != IDLE;
	if (!s->waiting)
		scan_runner_begin(s);
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
	ev_init(&s->report, on_report);
	s->due.data = s->rescan.data = s->retry.data = s->late_at.data = s;
	s->report.data = s;
	scan_runner_configure(s, debounce, rescan, timeout);
	expect_end(s);
	return s;
}

static void
stop_schedule(struct scan_runner *s)
{
	s->stopped = true;
	s->again = s->waiting = false;
	ev_timer_stop(s->loop, &s->due);
	ev_timer_stop(s->loop, &s->rescan);
	ev_timer_stop(s->loop, &s->retry);
}

void
scan_runner_stop(struct scan_runner *s)
{
	stop_schedule(s);
	if (!scans(s))
		return;
	s->stage = LEFT;
	ev_timer_stop(s->loop, &s->late_at);
	ev_io_stop(s->loop, &s->report);
	child_cancel(&s->child);
}

void
scan_runner_free(struct scan_runner *s)
{
	if (s == NULL)
		return;
	stop_schedule(s);
	ev_timer_stop(s->loop, &s->late_at);
	ev_io_stop(s->loop, &s->report);
	if (s->stage != IDLE) {
		ev_child_stop(s->loop, &s->ended);
		child_cancel(&s->child);
	}
	free(s->dir);
	free(s);
}
