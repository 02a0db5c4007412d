/*
 * Three things tell that the directory may have changed: the watch
 * (on_inotify), a look every second (on_look), and a look-up to which the
 * directory said something else than the snapshot (note_difference).  Each
 * requests a scan from the scan_runner.  Each is an event of struct freshness
 * as well, where look-ups see what the snapshot is worth until that scan ends.
 *
 * A file server may take for ever to answer, and the loop with it.  So on_look
 * leaves a directory on a network filesystem alone; it is watched at the start
 * and after a child could read it.
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
#include "cache/freshness.h"
#include "cache/gaps.h"
#include "cache/gone.h"
#include "cache/rebuild.h"
#include "cache/scan_report.h"
#include "cache/scan_runner.h"
#include "cache/state.h"
#include "cache/watch.h"

#define LOOK_INTERVAL 1.0
/* A snapshot is trusted for so many rescans after the last good scan. */
#define TRUSTED_RESCANS 2

struct refresh {
	struct cached_lists lists;
	struct refresh_options o;
	char *path;           /* of the snapshot */
	size_t lists_before;  /* in the state when this began */
	struct ev_loop *loop; /* NULL: nothing is refreshed */
	struct scan_runner *scans; /* NULL: no loop, or stopped */

	struct watch *watch; /* NULL: there is no inotify instance yet */
	bool remote;         /* the directory is on a network filesystem */

	struct ev_io watch_io;
	struct ev_timer look;

	struct scan_report report;
};

static void
request_scan(struct refresh *r, double delay)
{
	if (r->scans != NULL)
		scan_runner_request(r->scans, delay);
}

static void
note_changed(struct refresh *r)
{
	freshness_changed(&r->lists.fresh);
	request_scan(r, r->o.debounce);
}

static void
note_suspect(struct refresh *r)
{
	freshness_suspect(&r->lists.fresh);
	request_scan(r, 0.0);
}

static void
note_difference(void *arg, enum lists_found found)
{
	struct refresh *r = arg;

	if (found == LISTS_FOUND) {
		note_changed(r);
	} else if (!r->lists.fresh.away) {
		freshness_suspect(&r->lists.fresh);
		/* Not at once: the scan may see no fault, and each look-up
		 * another. */
		request_scan(r, r->o.debounce);
	}
}

static bool
was_lost(void *arg, struct str name)
{
	const struct refresh *r = arg;

	return r->watch != NULL && watch_lost(r->watch, name);
}

static bool
is_watching(const struct refresh *r)
{
	return r->watch != NULL && watch_armed(r->watch);
}

static bool
is_scanning(const struct refresh *r)
{
	return r->scans != NULL && scan_runner_runs(r->scans);
}

static void on_inotify(struct ev_loop *loop, struct ev_io *w, int events);

/* The priority lets the loop handle events of the directory before look-ups
 * that arrived in the same turn. */
static int
open_watch(struct refresh *r)
{
	if (r->watch != NULL)
		return 0;
	r->watch = watch_new();
	if (r->watch == NULL)
		return -1;
	ev_io_init(&r->watch_io, on_inotify, watch_fd(r->watch), EV_READ);
	ev_set_priority(&r->watch_io, EV_MAXPRI);
	r->watch_io.data = r;
	ev_io_start(r->loop, &r->watch_io);
	return 0;
}

static void
decide_verify(struct refresh *r)
{
	r->lists.verify = r->o.verify == REFRESH_VERIFY_YES ||
	    (r->o.verify == REFRESH_VERIFY_AUTO && !r->remote);
	if (r->loop != NULL)
		scan_report_verify(&r->report, r->o.site->lists_dir,
		    r->lists.verify);
}

/* Looks what is mounted there, which decides whether misses are verified. */
static void
look_at_filesystem(struct refresh *r)
{
	r->remote = directory_kind_of(r->o.site->lists_dir) ==
	    DIRECTORY_SLOW;
	decide_verify(r);
}

/*
 * Watches the files that Mailman writes about its lists, if it does.  Requests
 * a scan where they may have changed unseen: the watch is new, or they are not
 * the ones that the snapshot was made from.
 */
static void
watch_mailman_files(struct refresh *r)
{
	if (is_watching(r) && r->o.mailman->files_prefix != NULL &&
	    (watch_files(r->watch, r->o.site->data_dir,
	         r->o.mailman->files_prefix) ||
	        cached_lists_files_changed(&r->lists)))
		request_scan(r, r->o.debounce);
}

/* Watches the directory that is there now, and requests a scan of it. */
static void
watch_lists_dir(struct refresh *r)
{
	bool watching = open_watch(r) == 0 &&
	    watch_arm(r->watch, r->o.site->lists_dir) == 0;

	scan_report_watch(&r->report, r->o.site->lists_dir,
	    watching ? 0 : errno);
	freshness_rewatched(&r->lists.fresh, watching);
	if (!watching)
		return;
	watch_mailman_files(r);
	look_at_filesystem(r);
	request_scan(r, 0.0);
}

static void
on_inotify(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct refresh *r = w->data;
	unsigned seen = watch_read(r->watch);

	(void)loop, (void)events;
	if ((seen & WATCH_LOST) != 0)
		note_suspect(r);
	if ((seen & (WATCH_CHANGED | WATCH_OVERFLOW)) != 0)
		note_changed(r);
	if ((seen & (WATCH_TOUCHED | WATCH_FILES)) != 0)
		request_scan(r, r->o.debounce);
	if ((seen & WATCH_LOST) != 0 && !r->remote)
		watch_lists_dir(r);
}

static void
note_scan_failed(void *arg, const char *reason)
{
	struct refresh *r = arg;

	scan_report_failed(&r->report, r->o.site->name, reason);
	scan_runner_failed(r->scans);
}

static void
note_scan_away(struct refresh *r, const struct rebuild_result *result)
{
	scan_report_away(&r->report, r->o.site->name, result);
	freshness_scan_away(&r->lists.fresh);
}

/*
 * How much a later scan may find out that this one could not, although no event
 * tells of it.  A directory that is no list yet gets its configuration in
 * silence, too.
 */
static size_t
count_missed(const struct rebuild_result *result)
{
	size_t missed = result->unfinished;

	for (int i = 0; i < GAPS; i++)
		missed += result->gaps.of[i].n;
	return missed;
}

static void
note_scan_well(struct refresh *r, const struct rebuild_result *result)
{
	const char *err = "";
	char text[256];

	if (r->watch != NULL && !result->burst)
		watch_forget(r->watch, clock_seconds());
	if (cached_lists_take(&r->lists, scan_runner_snapshot(r->scans),
	        r->path, &err) == -1) {
		snprintf(text, sizeof(text), "cannot open the snapshot: %s: %s",
		    r->path, err);
		note_scan_failed(r, text);
		return;
	}
	r->lists.lists.none_misnamed = result->odd.complete &&
	    result->odd.misnamed == 0;
	scan_report_well(&r->report, r->o.site->name, result);
	scan_runner_well(r->scans, count_missed(result));
	/*
	 * Inotify does not see what happens inside an entry: one that is no
	 * list yet may become one, and one that is too young may ripen.
	 */
	freshness_scan_well(&r->lists.fresh, is_watching(r),
	    result->unfinished > 0 || result->young > 0, clock_seconds(),
	    TRUSTED_RESCANS * r->o.rescan);
	if (result->young > 0)
		request_scan(r, result->ripe_in);
	if (result->burst)
		request_scan(r, GONE_WINDOW);
	/* The child could read the directory, so this does not hang. */
	if (!is_watching(r))
		watch_lists_dir(r);
}

static void
note_scan_ended(void *arg, const struct rebuild_result *result)
{
	struct refresh *r = arg;

	r->report.scans++;
	r->report.milliseconds = result->milliseconds;
	switch (result->status) {
	case REBUILD_UNCHANGED:
	case REBUILD_WRITTEN:
		note_scan_well(r, result);
		break;
	case REBUILD_AWAY:
		note_scan_away(r, result);
		break;
	case REBUILD_FAILED:
		note_scan_failed(r, result->reason);
		break;
	}
}

static void
order_scan(void *arg, struct rebuild_order *order)
{
	struct refresh *r = arg;

	*order = rebuild_order(r->o.site, r->o.mailman, r->o.cache_dir);
	order->known = r->lists.cache;
	order->lists_before = r->lists_before;
	if (r->watch != NULL)
		order->gone = watch_gone(r->watch);
	freshness_scan_began(&r->lists.fresh, is_watching(r));
}

/* Takes a snapshot that somebody else wrote: cron, a person, a successor. */
static void
look_at_snapshot(struct refresh *r)
{
	const char *err;
	int rc = cached_lists_reopen(&r->lists, r->path, &err);

	if (rc == 1) {
		log_info("refresh: snapshot of another writer: %s: %zu lists",
		    r->o.site->name,
		    (size_t)cache_head(r->lists.cache)->count);
		/* It may be an older one that somebody put back. */
		request_scan(r, r->o.debounce);
	}
	/* The file is gone or no use: the snapshot in use stays, and a scan
	 * writes it again. */
	if (rc == -1 && r->lists.cache != NULL)
		request_scan(r, 0.0);
}

/* Watches the directory anew where its path leads to another one by now: a
 * filesystem was mounted there, or a link changed. */
static void
look_at_directory(struct refresh *r)
{
	if (r->remote)
		return;
	if (is_watching(r)) {
		if (watch_is_at(r->watch, r->o.site->lists_dir))
			return;
		note_suspect(r);
	}
	watch_lists_dir(r);
}

static void
on_look(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct refresh *r = w->data;

	(void)loop, (void)events;
	if (r->scans != NULL)
		look_at_directory(r);
	if (!r->remote)
		watch_mailman_files(r);
	freshness_aged(&r->lists.fresh, clock_seconds());
	if (is_scanning(r))
		return;
	look_at_snapshot(r);
	if (r->lists.fresh.away)
		request_scan(r, 0.0);
}

/* Watches before the first scan, so that what comes while it reads is seen. */
void
refresh_start(struct refresh *r)
{
	look_at_filesystem(r);
	ev_timer_init(&r->look, on_look, LOOK_INTERVAL, LOOK_INTERVAL);
	r->look.data = r;
	ev_timer_start(r->loop, &r->look);
	watch_lists_dir(r);
	scan_runner_begin(r->scans);
}

/* Takes what processes before this one left: the snapshot, and the state. */
static void
open_old_snapshot(struct refresh *r)
{
	const char *site = r->o.site->name, *err;
	struct state state;

	if (cached_lists_reopen(&r->lists, r->path, &err) == -1 &&
	    errno != ENOENT)
		log_warn("refresh: old snapshot is no use: %s: %s", r->path,
		    err);
	if (state_read(r->o.cache_dir, site, &state) == -1)
		return;
	r->lists_before = state.lists;
	freshness_start(&r->lists.fresh, state.away);
	if (r->loop != NULL)
		return;
	r->lists.fresh.trusted = !state.away;
	scan_report_restore(&r->report, &state);
}

static void
init_cached_lists(struct refresh *r)
{
	cached_lists_init(&r->lists, r->o.mailman, r->o.site->lists_dir, false);
	cached_lists_configure(&r->lists, r->o.site);
	r->lists.differs = note_difference;
	r->lists.lost = was_lost;
	r->lists.arg = r;
	r->lists.swapped = r->o.swapped;
	r->lists.swapped_arg = r->o.arg;
	freshness_start(&r->lists.fresh, false);
}

struct refresh *
refresh_new(struct ev_loop *loop, const struct refresh_options *o)
{
	struct refresh *r = calloc(1, sizeof(*r));
	const struct scan_runner_owner owner = { order_scan, note_scan_ended,
		note_scan_failed, r };

	if (r == NULL)
		return NULL;
	r->o = *o;
	r->loop = loop;
	init_cached_lists(r);
	r->path = cache_path(o->cache_dir, o->site->name, "cdb");
	if (loop != NULL)
		r->scans = scan_runner_new(loop, &owner, o->debounce,
		    o->rescan, o->site->scan_timeout);
	if (r->path == NULL || (loop != NULL && r->scans == NULL)) {
		scan_runner_free(r->scans);
		free(r->path);
		free(r);
		return NULL;
	}
	if (loop == NULL)
		look_at_filesystem(r);
	open_old_snapshot(r);
	return r;
}

void
refresh_configure(struct refresh *r, const struct refresh_options *o)
{
	r->o = *o;
	cached_lists_configure(&r->lists, r->o.site);
	decide_verify(r);
	if (r->scans == NULL)
		return;
	scan_runner_configure(r->scans, o->debounce, o->rescan,
	    o->site->scan_timeout);
	watch_mailman_files(r);
	request_scan(r, 0.0);
}

void
refresh_stop(struct refresh *r)
{
	if (r->scans == NULL)
		return;
	scan_runner_free(r->scans);
	r->scans = NULL;
	if (r->watch != NULL)
		ev_io_stop(r->loop, &r->watch_io);
	watch_free(r->watch);
	r->watch = NULL;
	freshness_stop(&r->lists.fresh);
}

void
refresh_free(struct refresh *r)
{
	if (r == NULL)
		return;
	refresh_stop(r);
	if (r->loop != NULL)
		ev_timer_stop(r->loop, &r->look);
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
		.away = r->lists.fresh.away,
		.failing = r->report.failing,
		.stuck = r->scans != NULL && scan_runner_stuck(r->scans),
		.scanning = is_scanning(r),
		.watching = is_watching(r),
		.verifying = r->lists.verify,
		.lists = c != NULL ? (size_t)cache_head(c)->count : 0,
		.written = c != NULL ? cache_written(c) : 0,
		.scanned = r->report.scanned,
		.scans = r->report.scans,
		.milliseconds = r->report.milliseconds,
		.reason = r->report.reason,
		.census = r->o.mailman->stamp ? cached_lists_census(&r->lists)
		                              : NULL,
		.odd = &r->report.odd,
	};
	if (c != NULL)
		cache_gaps(r->lists.cache, &st->gaps);
}
