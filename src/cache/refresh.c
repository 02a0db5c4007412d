/*
 * Three things tell that the directory may have changed: the watch
 * (saw_events), its path (lookout_moved), and a look-up to which the disk said
 * something else than the snapshot (note_difference).  Each requests a scan,
 * and is an event of struct freshness, where look-ups see what the snapshot is
 * worth until that scan ends.  The loop asks the disk nothing (lookout.h).
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
#include "cache/rebuild.h"
#include "cache/renewal.h"
#include "cache/scan_report.h"
#include "cache/scan_runner.h"
#include "cache/state.h"
#include "cache/touched.h"
#include "cache/watch.h"

#define LOOK_INTERVAL 1.0
/* A snapshot is trusted for so many rescans after the last good scan. */
#define TRUSTED_RESCANS 2

struct refresh {
	struct cached_lists lists;
	struct refresh_options o;
	char *path;           /* of the snapshot */
	size_t lists_before;  /* in the state when this began */
	struct ev_loop *loop;
	struct scan_runner *scans;
	bool stopped; /* no scans any more */
	bool begun; /* the first scan began */

	struct lookout *lookout;
	struct ev_timer look;

	struct renewal *renewal;
	struct scan_report report;
};

static void
request_scan(struct refresh *r, double delay)
{
	if (r->begun)
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

	return lookout_lost(r->lookout, name);
}

static bool
is_scanning(const struct refresh *r)
{
	return scan_runner_runs(r->scans) || renewal_runs(r->renewal);
}

static void
begin_first_scan(struct refresh *r)
{
	if (r->begun || r->stopped)
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
lookout_told(void *arg, bool rearmed, int error, uint64_t stamp)
{
	struct refresh *r = arg;
	const struct cache *c = r->lists.cache;
	const bool other_files = r->o.mailman->stamp != NULL && error == 0 &&
	    c != NULL && cache_head(c)->stamp != stamp;

	scan_report_watch(&r->report, r->o.site->lists_dir, error);
	if (rearmed || other_files)
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

	return r->lists.cache != NULL &&
	    lookout_look(r->lookout, cache_head(r->lists.cache));
}

/* A site that never had a snapshot, and whose file server hangs, is away: the
 * sites after it may have the list. */
static int
facts_by_worker(void *arg, struct str name, struct entry_facts *f)
{
	struct refresh *r = arg;

	if (r->lists.cache == NULL && lookout_hangs(r->lookout))
		return -1;
	return lookout_facts(r->lookout, r->o.asking, name, f);
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
note_another_writers(void *arg)
{
	struct refresh *r = arg;

	log_info("refresh: snapshot of another writer: %s: %zu lists",
	    r->o.site->name, (size_t)cache_head(r->lists.cache)->count);
	/* It may be an older one that somebody put back. */
	note_unseen(r, r->o.debounce);
}

static void
note_renewed(void *arg, const struct rebuild_result *result)
{
	struct refresh *r = arg;

	if (!result->burst)
		lookout_forget(r->lookout, clock_seconds());
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
	    result->unfinished > 0 || result->young > 0 ||
	        !lookout_sees_all(r->lookout), clock_seconds(),
	    TRUSTED_RESCANS * r->o.rescan);
	if (result->young > 0)
		request_scan(r, result->ripe_in);
	if (result->burst)
		request_scan(r, GONE_WINDOW);
}

/* What was touched before the scan stays so until its snapshot is in use. */
static void
note_scan_well(struct refresh *r, const struct rebuild_result *result)
{
	if (renewal_scanned(r->renewal, result) == -1)
		note_scan_failed(r, "cannot map the snapshot into memory");
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
		scan_report_undone(&r->report, r->o.site->name, result);
		scan_runner_failed(r->scans);
		break;
	}
}

static void
order_scan(void *arg, struct rebuild_order *order)
{
	struct refresh *r = arg;

	/* With it would go what was touched before this scan. */
	renewal_cancel(r->renewal);
	*order = rebuild_order(r->o.site, r->o.mailman, r->o.cache_dir);
	order->known = r->lists.cache;
	order->lists_before = r->lists_before;
	order->gone = lookout_gone(r->lookout);
	touched_scan_began(&r->lists.touched);
	freshness_scan_began(&r->lists.fresh, lookout_is_watching(r->lookout));
}

/* Takes a snapshot that somebody else wrote: cron, a person, a successor. */
static void
look_at_snapshot(struct refresh *r)
{
	struct rebuild_order order =
	    rebuild_order(r->o.site, r->o.mailman, r->o.cache_dir);

	order.known = r->lists.cache;
	/* The file is gone or no use: the snapshot in use stays, and a scan
	 * writes it again. */
	if (!renewal_look(r->renewal, r->path, &order) &&
	    r->lists.cache != NULL)
		request_scan(r, 0.0);
}

/* Why the site is stuck: text until the loop turns; NULL where it is not. */
static const char *
why_stuck(const struct refresh *r)
{
	if (r->stopped)
		return NULL;
	if (lookout_hangs(r->lookout))
		return "the file server of the lists directory does not answer";
	if (scan_runner_stuck(r->scans))
		return "the scan of the lists directory does not end";
	return scan_runner_overdue(r->scans) ?
	    scan_report_overdue(&r->report, is_scanning(r)) : NULL;
}

static void
on_look(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct refresh *r = w->data;

	(void)loop, (void)events;
	/* A worker that does not answer is not waited for. */
	begin_first_scan(r);
	lookout_check(r->lookout, r->lists.cache != NULL ?
	    cache_head(r->lists.cache) : NULL, r->lists.fresh.away);
	freshness_aged(&r->lists.fresh, clock_seconds());
	scan_report_stuck(&r->report, r->o.site->name, why_stuck(r));
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
	if (r->lists.cache != NULL)
		(void)cache_share(r->lists.cache);
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
	const struct lookout_owner eyes = { saw_events, lookout_told,
		lookout_moved, r };

	if (r == NULL)
		return NULL;
	r->o = *o;
	r->loop = loop;
	init_cached_lists(r);
	r->path = cache_path(o->cache_dir, o->site->name, "cdb");
	r->scans = scan_runner_new(loop, &owner, o->debounce, o->rescan,
	    o->site->scan_timeout);
	r->lookout = lookout_new(loop, o->mailman, &r->lists.touched, &eyes);
	r->renewal = renewal_new(loop, &r->lists, r->scans,
	    &(struct renewal_owner){ note_renewed, note_another_writers, r });
	if (r->path == NULL || r->scans == NULL || r->lookout == NULL ||
	    r->renewal == NULL) {
		scan_runner_free(r->scans);
		renewal_free(r->renewal);
		lookout_free(r->lookout);
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
	lookout_configure(r->lookout, r->o.site, r->o.asking->deadline);
}

void
refresh_configure(struct refresh *r, const struct refresh_options *o)
{
	r->o = *o;
	cached_lists_configure(&r->lists, r->o.site);
	r->lists.verify = o->verify;
	scan_report_verify(&r->report, r->o.site->lists_dir, o->verify);
	if (r->stopped)
		return;
	scan_runner_configure(r->scans, o->debounce, o->rescan,
	    o->site->scan_timeout);
	lookout_configure(r->lookout, r->o.site, o->asking->deadline);
	request_scan(r, 0.0);
}

/* The worker stays, for look-ups go on. */
void
refresh_stop(struct refresh *r)
{
	if (r->stopped)
		return;
	r->stopped = true;
	/* What that drops is read again, as another writer's. */
	renewal_cancel(r->renewal);
	scan_runner_stop(r->scans);
	lookout_stop(r->lookout);
	freshness_stop(&r->lists.fresh);
}

void
refresh_free(struct refresh *r)
{
	if (r == NULL)
		return;
	refresh_stop(r);
	ev_timer_stop(r->loop, &r->look);
	scan_runner_free(r->scans);
	renewal_free(r->renewal);
	lookout_free(r->lookout);
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
	const char *stuck = why_stuck(r);

	*st = (struct refresh_status){
		.cached = c != NULL,
		.away = r->lists.fresh.away,
		.failing = r->report.failing,
		.stuck = stuck != NULL,
		.scanning = is_scanning(r),
		.watching = lookout_is_watching(r->lookout),
		.verifying = r->lists.verify,
		.lists = c != NULL ? (size_t)cache_head(c)->count : 0,
		.written = c != NULL ? cache_written(c) : 0,
		.scanned = r->report.scanned,
		.scans = r->report.scans,
		.milliseconds = r->report.milliseconds,
		.reason = scan_report_reason(&r->report, stuck, c != NULL),
		.census = r->o.mailman->stamp ? cached_lists_census(&r->lists)
		                              : NULL,
		.odd = &r->report.odd,
	};
	if (c != NULL)
		cache_gaps(r->lists.cache, &st->gaps);
}
