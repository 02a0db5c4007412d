/*
 * Three things tell that the directory may have changed: the watch (saw_events),
 * the lookout (lookout_moved, and a look every second), and a look-up to which the
 * disk said something else than the snapshot (note_difference).  Each requests a
 * scan from the scan_runner.  Each is an event of struct freshness as well,
 * where look-ups see what the snapshot is worth until that scan ends.
 *
 * The loop asks the disk nothing: lookout.h.  A look-up that has to know what the
 * disk says of a name has the worker asked, and is made anew when that is known
 * (inquiry.h).
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
#include "mailman/lists.h"
#include "mailman/mailman.h"
#include "cache/cache.h"
#include "cache/cached_lists.h"
#include "cache/freshness.h"
#include "cache/gaps.h"
#include "cache/gone.h"
#include "cache/inquiry.h"
#include "cache/lookout.h"
#include "cache/questions.h"
#include "cache/rebuild.h"
#include "cache/scan_report.h"
#include "cache/scan_runner.h"
#include "cache/state.h"
#include "cache/watch.h"

#define LOOK_INTERVAL 1.0
/* A place that only the worker may look at is looked at every so many looks. */
#define SLOW_LOOKS 10
/* A snapshot is trusted for so many rescans after the last good scan. */
#define TRUSTED_RESCANS 2

struct refresh {
	struct cached_lists lists;
	struct refresh_options o;
	char *path;           /* of the snapshot */
	size_t lists_before;  /* in the state when this began */
	struct ev_loop *loop;
	struct scan_runner *scans; /* NULL: stopped */
	bool begun; /* the first scan began */

	struct questions *questions; /* NULL: not started, or no memory */
	struct lookout *lookout; /* NULL: the same, or stopped, or no inotify */
	struct ev_timer look;
	unsigned looks;

	struct scan_report report;
};

static void
request_scan(struct refresh *r, double delay)
{
	if (r->scans != NULL && r->begun)
		scan_runner_request(r->scans, delay);
}

static void
note_changed(struct refresh *r)
{
	freshness_changed(&r->lists.fresh);
	request_scan(r, r->o.debounce);
}

static void
note_unseen(struct refresh *r, double delay)
{
	freshness_unseen(&r->lists.fresh);
	request_scan(r, delay);
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

	return r->lookout != NULL && watch_lost(lookout_watch(r->lookout), name);
}

static bool
is_watching(const struct refresh *r)
{
	return r->lookout != NULL && lookout_is_watched(r->lookout);
}

static bool
is_scanning(const struct refresh *r)
{
	return r->scans != NULL && scan_runner_runs(r->scans);
}

static void
begin_first_scan(struct refresh *r)
{
	if (r->begun || r->scans == NULL)
		return;
	r->begun = true;
	scan_runner_begin(r->scans);
}

/* Some of what was seen has no name, so that nobody can touch it. */
static void
saw_events(void *arg, unsigned events)
{
	struct refresh *r = arg;

	if ((events & WATCH_LOST) != 0)
		note_suspect(r);
	if ((events & WATCH_CHANGED) != 0)
		note_changed(r);
	if ((events & WATCH_TOUCHED) != 0) {
		freshness_touched(&r->lists.fresh);
		request_scan(r, r->o.debounce);
	}
	if ((events & (WATCH_OVERFLOW | WATCH_FILES)) != 0)
		note_unseen(r, r->o.debounce);
}

static void
lookout_told(void *arg, bool rearmed, int error)
{
	struct refresh *r = arg;

	scan_report_watch(&r->report, r->o.site->lists_dir, error);
	if (rearmed)
		note_unseen(r, 0.0);
	begin_first_scan(r);
}

static void
lookout_moved(void *arg)
{
	note_suspect(arg);
}

static bool
look_at_site(void *arg)
{
	struct refresh *r = arg;

	return r->lookout != NULL && r->lists.cache != NULL &&
	    lookout_look(r->lookout, cache_head(r->lists.cache));
}

/* A site that never had a snapshot, and whose file server hangs, is away: the
 * sites after it may have the list. */
static int
facts_by_worker(void *arg, struct str name, struct entry_facts *f)
{
	struct refresh *r = arg;

	if (r->questions == NULL ||
	    (r->lists.cache == NULL && questions_hang(r->questions)))
		return -1;
	return inquiry_facts(r->o.asking, r->questions, name, f);
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

	if (r->lookout != NULL && !result->burst)
		watch_forget(lookout_watch(r->lookout), clock_seconds());
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
	touched_scan_well(&r->lists.touched);
	/*
	 * Inotify does not see what happens inside an entry: one that is no
	 * list yet may become one, and one that is too young may ripen.
	 */
	freshness_scan_well(&r->lists.fresh,
	    result->unfinished > 0 || result->young > 0, clock_seconds(),
	    TRUSTED_RESCANS * r->o.rescan);
	if (result->young > 0)
		request_scan(r, result->ripe_in);
	if (result->burst)
		request_scan(r, GONE_WINDOW);
	if (r->lookout != NULL && !is_watching(r))
		lookout_ask(r->lookout);
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
	if (r->lookout != NULL)
		order->gone = watch_gone(lookout_watch(r->lookout));
	touched_scan_began(&r->lists.touched);
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
		note_unseen(r, r->o.debounce);
	}
	/* The file is gone or no use: the snapshot in use stays, and a scan
	 * writes it again. */
	if (rc == -1 && r->lists.cache != NULL)
		request_scan(r, 0.0);
}

static struct questions_options
questions_options_for(const struct refresh *r)
{
	return (struct questions_options){
		.mailman = r->o.mailman,
		.site = r->o.site->name,
		.lists_dir = r->o.site->lists_dir,
		.data_dir = r->o.site->data_dir,
		.deadline = r->o.asking->deadline,
		.inotify = r->lookout != NULL ?
		    watch_fd(lookout_watch(r->lookout)) : -1,
	};
}

static void
configure_worker(struct refresh *r)
{
	const struct questions_options o = questions_options_for(r);

	if (r->questions != NULL)
		questions_configure(r->questions, &o);
	else
		r->questions = questions_new(r->loop, &o);
	if (r->lookout != NULL && r->questions != NULL)
		lookout_configure(r->lookout, r->o.site, r->questions);
}

/* Without memory or inotify instances the site is served all the same: what is
 * not in the snapshot is no answer, or nothing is watched.  It is tried again
 * later. */
static void
open_what_is_missing(struct refresh *r)
{
	const struct lookout_owner owner = { saw_events, lookout_told,
		lookout_moved, r };

	if (r->scans == NULL || (r->lookout != NULL && r->questions != NULL))
		return;
	if (r->lookout == NULL)
		r->lookout = lookout_new(r->loop, r->o.mailman,
		    &r->lists.touched, &owner);
	if (r->lookout == NULL)
		scan_report_watch(&r->report, r->o.site->lists_dir, errno);
	configure_worker(r);
}

static void
look_at_directories(struct refresh *r)
{
	const bool local = lookout_kind(r->lookout) == DIRECTORY_SEEN ||
	    lookout_kind(r->lookout) == DIRECTORY_UNSEEN;

	if (local)
		lookout_check(r->lookout);
	if (!lookout_is_known(r->lookout) || !is_watching(r) ||
	    r->lists.fresh.away || (!local && r->looks % SLOW_LOOKS == 0))
		lookout_ask(r->lookout);
}

static void
on_look(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct refresh *r = w->data;

	(void)loop, (void)events;
	r->looks++;
	/* A worker that does not answer is not waited for. */
	begin_first_scan(r);
	open_what_is_missing(r);
	if (r->lookout != NULL)
		look_at_directories(r);
	freshness_aged(&r->lists.fresh, clock_seconds());
	if (is_scanning(r))
		return;
	look_at_snapshot(r);
	if (r->lists.fresh.away)
		request_scan(r, 0.0);
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
}

static void
init_cached_lists(struct refresh *r)
{
	cached_lists_init(&r->lists, r->o.mailman, r->o.verify);
	cached_lists_configure(&r->lists, r->o.site);
	r->lists.look = look_at_site;
	r->lists.turn = &r->o.asking->turn;
	r->lists.facts = facts_by_worker;
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
	r->scans = scan_runner_new(loop, &owner, o->debounce, o->rescan,
	    o->site->scan_timeout);
	if (r->path == NULL || r->scans == NULL) {
		scan_runner_free(r->scans);
		free(r->path);
		free(r);
		return NULL;
	}
	open_old_snapshot(r);
	return r;
}

void
refresh_start(struct refresh *r)
{
	scan_report_verify(&r->report, r->o.site->lists_dir, r->o.verify);
	ev_timer_init(&r->look, on_look, LOOK_INTERVAL, LOOK_INTERVAL);
	r->look.data = r;
	ev_timer_start(r->loop, &r->look);
	open_what_is_missing(r);
	if (r->lookout == NULL || r->questions == NULL)
		begin_first_scan(r);
}

void
refresh_configure(struct refresh *r, const struct refresh_options *o)
{
	r->o = *o;
	cached_lists_configure(&r->lists, r->o.site);
	r->lists.verify = o->verify;
	scan_report_verify(&r->report, r->o.site->lists_dir, o->verify);
	if (r->scans == NULL)
		return;
	scan_runner_configure(r->scans, o->debounce, o->rescan,
	    o->site->scan_timeout);
	configure_worker(r);
	request_scan(r, 0.0);
}

/* The worker stays, for look-ups go on. */
void
refresh_stop(struct refresh *r)
{
	if (r->scans == NULL)
		return;
	scan_runner_free(r->scans);
	r->scans = NULL;
	lookout_free(r->lookout);
	r->lookout = NULL;
	freshness_stop(&r->lists.fresh);
}

void
refresh_free(struct refresh *r)
{
	if (r == NULL)
		return;
	refresh_stop(r);
	ev_timer_stop(r->loop, &r->look);
	questions_free(r->questions);
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
