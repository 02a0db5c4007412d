/*
 * One child at a time scans; everything else only asks for a scan, by
 * request(); `schedule' says when.
 *
 * What was seen while a child ran is not in its result: `changed' remembers
 * that for lists.behind, `again' for another scan.
 */
#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/refresh.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "mailman/directory.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"
#include "cache/cache.h"
#include "cache/cached_lists.h"
#include "cache/child.h"
#include "cache/rebuild.h"
#include "cache/scan_report.h"
#include "cache/scan_schedule.h"
#include "cache/state.h"
#include "cache/watch.h"

#define TICK 1.0
/* Without a look at the directory absent is believed for so many rescans. */
#define TRUSTED_RESCANS 2

struct refresh {
	struct cached_lists lists;
	struct refresh_options o;
	char *path; /* of the snapshot */
	struct ev_loop *loop; /* NULL: nothing is refreshed */

	struct watch *watch; /* NULL: none to be had yet */
	bool remote;
	bool suspect; /* the directory is not what the snapshot came from */

	struct child child;
	bool running, stopped;
	bool watched; /* all the time since the child began */
	bool changed, again; /* since the child began */
	struct scan_schedule schedule;

	struct ev_io watch_io;
	struct ev_timer due, rescan, tick;
	struct ev_child ended;

	struct scan_report report;
	double trusted_until; /* by clock_seconds() */
};

static void
request(struct refresh *r, double delay)
{
	double now;

	if (r->loop == NULL || r->stopped)
		return;
	if (r->running) {
		r->again = true;
		return;
	}
	now = clock_seconds();
	ev_timer_stop(r->loop, &r->due);
	ev_timer_set(&r->due, scan_schedule_ask(&r->schedule, now, delay) - now,
	    0.0);
	ev_timer_start(r->loop, &r->due);
}

static void
note_changed(struct refresh *r)
{
	r->changed = true;
	r->lists.behind = true;
	/* Events of another directory say nothing of the one that went. */
	if (!r->suspect && !r->lists.away)
		r->lists.complete = false;
	request(r, r->o.debounce);
}

static void
note_suspect(struct refresh *r)
{
	r->suspect = true;
	r->watched = false;
	request(r, 0.0);
}

static void
note_difference(void *arg, enum lists_found found)
{
	struct refresh *r = arg;

	if (found == LISTS_FOUND)
		note_changed(r);
	else if (!r->lists.away)
		note_suspect(r);
}

static bool
is_armed(const struct refresh *r)
{
	return r->watch != NULL && watch_armed(r->watch);
}

static void on_watch(struct ev_loop *loop, struct ev_io *w, int events);

/*
 * Directory events come before look-ups that arrived in the same turn, hence
 * the priority.
 */
static int
open_watch(struct refresh *r)
{
	if (r->watch != NULL)
		return 0;
	r->watch = watch_new();
	if (r->watch == NULL)
		return -1;
	ev_io_init(&r->watch_io, on_watch, watch_fd(r->watch), EV_READ);
	ev_set_priority(&r->watch_io, EV_MAXPRI);
	r->watch_io.data = r;
	ev_io_start(r->loop, &r->watch_io);
	return 0;
}

static void
set_verify(struct refresh *r)
{
	r->lists.verify = r->o.verify == REFRESH_VERIFY_YES ||
	    (r->o.verify == REFRESH_VERIFY_AUTO && !r->remote);
	if (r->loop != NULL)
		scan_report_verify(&r->report, r->o.site->lists_dir,
		    r->lists.verify);
}

/* What is mounted there says whether it may be asked while somebody waits. */
static void
look_how(struct refresh *r)
{
	r->remote = directory_is_remote(r->o.site->lists_dir);
	set_verify(r);
}

static void
look_beside(struct refresh *r)
{
	if (is_armed(r) && r->o.mailman->files_prefix != NULL &&
	    (watch_files(r->watch, r->o.site->data_dir,
	         r->o.mailman->files_prefix) ||
	        cached_lists_files_changed(&r->lists)))
		request(r, r->o.debounce);
}

/* Watches the directory that is there now, and asks for a scan of it. */
static void
arm(struct refresh *r)
{
	r->watched = false;
	if (open_watch(r) == -1 ||
	    watch_arm(r->watch, r->o.site->lists_dir) == -1) {
		scan_report_watch(&r->report, r->o.site->lists_dir, errno);
		r->lists.behind = true;
		return;
	}
	scan_report_watch(&r->report, r->o.site->lists_dir, 0);
	look_beside(r);
	look_how(r);
	request(r, 0.0);
}

static void
on_watch(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct refresh *r = w->data;
	unsigned seen = watch_read(r->watch);

	(void)loop, (void)events;
	if ((seen & WATCH_LOST) != 0)
		note_suspect(r);
	if ((seen & (WATCH_CHANGED | WATCH_OVERFLOW)) != 0)
		note_changed(r);
	if ((seen & (WATCH_TOUCHED | WATCH_FILES)) != 0)
		request(r, r->o.debounce);
	if ((seen & WATCH_LOST) != 0 && !r->remote)
		arm(r);
}

static void
fail(struct refresh *r, const char *reason)
{
	scan_report_failed(&r->report, r->o.site->name, reason);
	scan_schedule_failed(&r->schedule, clock_seconds());
	request(r, 0.0);
}

static void
ended_away(struct refresh *r, const struct rebuild_result *result)
{
	scan_report_away(&r->report, r->o.site->name, result);
	r->lists.away = true;
}

static void
ended_well(struct refresh *r, const struct rebuild_result *result)
{
	const char *err = "";
	char text[256];

	if (r->watch != NULL)
		watch_forget(r->watch);
	if (cached_lists_reopen(&r->lists, r->path, &err) == -1) {
		snprintf(text, sizeof(text), "cannot open the snapshot: %s: %s",
		    r->path, err);
		fail(r, text);
		return;
	}
	scan_report_well(&r->report, r->o.site->name, result);
	scan_schedule_well(&r->schedule);
	r->trusted_until = clock_seconds() + TRUSTED_RESCANS * r->o.rescan;
	r->lists.trusted = true;
	r->lists.away = false;
	r->suspect = false;
	/* Nobody sees what comes into a directory that is no list yet. */
	r->lists.behind = r->changed || !is_armed(r) ||
	    result->unfinished > 0 || result->young > 0;
	if (result->young > 0)
		request(r, result->ripe_in);
	r->lists.complete = r->watched && !r->lists.behind;
	/* That the child could read it shows that this does not hang. */
	if (!is_armed(r))
		arm(r);
}

static void
on_ended(struct ev_loop *loop, struct ev_child *w, int events)
{
	struct refresh *r = w->data;
	struct rebuild_result result;

	(void)events;
	ev_child_stop(loop, w);
	child_end(&r->child, w->rstatus, &result);
	r->running = false;
	r->report.scans++;
	r->report.milliseconds = result.milliseconds;
	scan_schedule_ended(&r->schedule, clock_seconds(),
	    (double)result.milliseconds / 1000);
	switch (result.status) {
	case REBUILD_UNCHANGED:
	case REBUILD_WRITTEN:
		ended_well(r, &result);
		break;
	case REBUILD_AWAY:
		ended_away(r, &result);
		break;
	case REBUILD_FAILED:
		fail(r, result.reason);
		break;
	}
	if (r->again)
		request(r, r->o.debounce);
}

static void
start_scan(struct refresh *r)
{
	struct rebuild_order order = rebuild_order(r->o.site, r->o.mailman,
	    r->o.cache_dir);
	char text[128];

	order.known = r->lists.cache;
	if (r->watch != NULL)
		order.gone = watch_gone(r->watch);
	scan_schedule_began(&r->schedule);
	r->again = r->changed = false;
	r->watched = is_armed(r);
	if (child_start(&r->child, &order) == -1) {
		r->changed = r->lists.behind;
		snprintf(text, sizeof(text), "cannot start a process: %s",
		    strerror(errno));
		fail(r, text);
		return;
	}
	r->running = true;
	ev_child_init(&r->ended, on_ended, r->child.pid, 0);
	r->ended.data = r;
	ev_child_start(r->loop, &r->ended);
}

static void
on_due(struct ev_loop *loop, struct ev_timer *w, int events)
{
	(void)loop, (void)events;
	start_scan(w->data);
}

static void
on_rescan(struct ev_loop *loop, struct ev_timer *w, int events)
{
	(void)loop, (void)events;
	request(w->data, 0.0);
}

/* A snapshot that somebody else wrote: cron, a person. */
static void
look_at_snapshot(struct refresh *r)
{
	const char *err;
	int rc = cached_lists_reopen(&r->lists, r->path, &err);

	if (rc == 1)
		log_info("refresh: snapshot of another writer: %s: %zu lists",
		    r->o.site->name,
		    (size_t)cache_head(r->lists.cache)->count);
	/* The one in use is better, and a scan makes a new one. */
	if (rc == -1 && r->lists.cache != NULL)
		request(r, 0.0);
}

/* Another filesystem mounted there, a link that leads elsewhere. */
static void
look_at_directory(struct refresh *r)
{
	if (r->remote)
		return;
	if (is_armed(r)) {
		if (watch_is_at(r->watch, r->o.site->lists_dir))
			return;
		note_suspect(r);
	}
	arm(r);
}

static void
on_tick(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct refresh *r = w->data;

	(void)loop, (void)events;
	if (!r->stopped)
		look_at_directory(r);
	/* A file server may take for ever to answer. */
	if (!r->remote)
		look_beside(r);
	r->lists.trusted &= clock_seconds() < r->trusted_until;
	if (r->running)
		return;
	look_at_snapshot(r);
	if (r->lists.away)
		request(r, 0.0);
}

static void
start(struct refresh *r)
{
	ev_timer_init(&r->due, on_due, 0.0, 0.0);
	ev_timer_init(&r->rescan, on_rescan, r->o.rescan, r->o.rescan);
	ev_timer_init(&r->tick, on_tick, TICK, TICK);
	r->due.data = r->rescan.data = r->tick.data = r;
	ev_timer_start(r->loop, &r->rescan);
	ev_timer_start(r->loop, &r->tick);
	/* Watch first: what comes while the scan reads must be seen. */
	arm(r);
	ev_timer_stop(r->loop, &r->due);
	start_scan(r);
}

static void
open_snapshot(struct refresh *r)
{
	const char *site = r->o.site->name, *err;
	struct state state;

	if (cached_lists_reopen(&r->lists, r->path, &err) == -1 &&
	    errno != ENOENT)
		log_warn("refresh: old snapshot is no use: %s: %s", r->path,
		    err);
	if (state_read(r->o.cache_dir, site, &state) == -1)
		return;
	r->lists.away = state.away;
	if (r->loop != NULL)
		return;
	r->lists.trusted = !state.away;
	scan_report_restore(&r->report, &state);
}

struct refresh *
refresh_new(struct ev_loop *loop, const struct refresh_options *o)
{
	struct refresh *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->o = *o;
	r->schedule.longest_delay = REFRESH_DEBOUNCE_MAX;
	r->schedule.longest_backoff = o->rescan;
	r->loop = loop;
	cached_lists_init(&r->lists, o->mailman, o->site->lists_dir, false);
	cached_lists_configure(&r->lists, r->o.site);
	r->lists.differs = note_difference;
	r->lists.arg = r;
	r->lists.swapped = o->swapped;
	r->lists.swapped_arg = o->arg;
	/* Nobody knows what happened since it was written. */
	r->lists.behind = true;
	r->path = cache_path(o->cache_dir, o->site->name, "cdb");
	if (r->path == NULL) {
		free(r);
		return NULL;
	}
	look_how(r);
	open_snapshot(r);
	if (loop != NULL)
		start(r);
	return r;
}

void
refresh_configure(struct refresh *r, const struct refresh_options *o)
{
	r->o = *o;
	r->schedule.longest_backoff = o->rescan;
	cached_lists_configure(&r->lists, r->o.site);
	set_verify(r);
	if (r->loop == NULL || r->stopped)
		return;
	r->rescan.repeat = o->rescan;
	ev_timer_again(r->loop, &r->rescan);
	look_beside(r);
	request(r, 0.0);
}

void
refresh_stop(struct refresh *r)
{
	if (r->loop == NULL || r->stopped)
		return;
	if (r->watch != NULL)
		ev_io_stop(r->loop, &r->watch_io);
	ev_timer_stop(r->loop, &r->due);
	ev_timer_stop(r->loop, &r->rescan);
	if (r->running) {
		ev_child_stop(r->loop, &r->ended);
		child_cancel(&r->child);
	}
	r->running = false;
	watch_free(r->watch);
	r->watch = NULL;
	r->lists.behind = true;
	r->lists.complete = false;
	r->stopped = true;
}

void
refresh_free(struct refresh *r)
{
	if (r == NULL)
		return;
	refresh_stop(r);
	if (r->loop != NULL)
		ev_timer_stop(r->loop, &r->tick);
	cached_lists_clear(&r->lists);
	free(r->path);
	free(r);
}

const struct lists *
refresh_lists(struct refresh *r)
{
	return &r->lists.lists;
}

void
refresh_status(struct refresh *r, struct refresh_status *st)
{
	const struct cache *c = r->lists.cache;

	*st = (struct refresh_status){
		.cached = c != NULL,
		.away = r->lists.away,
		.scanning = r->running,
		.watching = is_armed(r),
		.verifying = r->lists.verify,
		.lists = c != NULL ? (size_t)cache_head(c)->count : 0,
		.written = c != NULL ? cache_written(c) : 0,
		.scanned = r->report.scanned,
		.scans = r->report.scans,
		.milliseconds = r->report.milliseconds,
		.reason = r->report.reason,
		.census = r->o.mailman->stamp ? cached_lists_census(&r->lists)
		                              : NULL,
	};
}
