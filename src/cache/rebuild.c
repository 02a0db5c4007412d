/*
 * rebuild() holds the lock of the site from before the scan until the snapshot
 * and the state are written, so that what one process writes is never older
 * than what another one wrote before.
 *
 * Its steps are listed in rebuild_job.h.  Nothing is written where the new
 * snapshot would say what the old one says.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cache/rebuild.h"
#include "base/clock.h"
#include "base/conf.h"
#include "mailman/mailman.h"
#include "mailman/scan.h"
#include "cache/cache.h"
#include "cache/compare.h"
#include "cache/count_odd.h"
#include "cache/find_gaps.h"
#include "cache/leftovers.h"
#include "cache/list_hosts.h"
#include "cache/lock.h"
#include "cache/rebuild_job.h"
#include "cache/reconcile.h"
#include "cache/snapshot.h"
#include "cache/state.h"

/* So many seconds a rebuild waits for a directory to be quiet. */
#define QUIET_TRIES 3

/* So many seconds it waits for the lock, if nobody says something else; less
 * than a scan may take, so that it can say why. */
#define LOCK_PATIENCE 10.0

static bool
is_out_of_resources(int error)
{
	return error == ENOMEM || error == EMFILE || error == ENFILE;
}

/*
 * Compares the scan with the snapshot on disk, or else with the one in use.
 * Where neither is any use there is no old one, and the result says so.  0, or
 * -1 and the job has failed.
 */
static int
compare_with_old(struct rebuild_job *job)
{
	const char *err;
	struct cache *old = cache_open(job->path, &err);
	int error = errno;

	if (old != NULL) {
		err = "broken";
		error = 0;
		if (compare(&job->compare, job->o, &job->scan, &job->hosts,
		        old) == -1)
			error = errno;
		cache_close(old);
	}
	if (error == 0)
		return 0;
	compare_clear(&job->compare);
	if (job->o->known != NULL && !is_out_of_resources(error) &&
	    compare(&job->compare, job->o, &job->scan, &job->hosts,
	        job->o->known) == 0) {
		rebuild_job_say(job,
		    "%s is gone or no use (%s), the snapshot in use is put "
		    "there again",
		    job->path, err);
		job->must_write = true;
		return 0;
	}
	compare_clear(&job->compare);
	job->no_old = true;
	/* One of another version is that of another listmap, which is no
	 * fault. */
	if (error == ENOENT || error == EPROTONOSUPPORT)
		return 0;
	if (is_out_of_resources(error))
		return rebuild_job_fail(job, "cannot read the old snapshot",
		    job->path, strerror(error));
	rebuild_job_say(job,
	    "the old snapshot %s is no use (%s), a new one is made", job->path,
	    err);
	return 0;
}

/* Whether N lists are too few to be believed after there were BEFORE. */
static bool
are_too_few(size_t n, size_t before)
{
	return n < before && before - n > REBUILD_GUARD &&
	    before - n > before / 2;
}

/* The guard where there is no old snapshot: the state still tells how many
 * lists the last scan found, and so does a daemon that read it earlier. */
static int
guard_without_snapshot(struct rebuild_job *job)
{
	size_t before = job->o->lists_before;
	struct state last;

	if (state_read(job->o->cache_dir, job->o->site, &last) == 0 &&
	    last.lists > before)
		before = last.lists;
	if (!are_too_few(job->scan.n, before))
		return 0;
	rebuild_job_away(job);
	job->r->lists = before;
	rebuild_job_say(job,
	    "%zu lists are in %s, and there were %zu, but there is no cache of "
	    "them any more: is a filesystem not mounted?  If they are really "
	    "gone, run: listmap rebuild --accept-empty",
	    job->scan.n, job->o->lists_dir, before);
	return -1;
}

/* Whether too many lists vanished, and not all of them were seen since. */
static bool
were_lists_lost(const struct rebuild_job *job)
{
	struct state last;

	return state_read(job->o->cache_dir, job->o->site, &last) == 0 &&
	    last.lost;
}

/* Whether entries came or went since the scan began.  The kernel's time of a
 * change is that of its last tick, which a short scan may lie within; and
 * whoever removes many lists goes on a moment later. */
static bool
is_directory_changing(const struct rebuild_job *job)
{
	const struct timespec ticks = { .tv_nsec = 20 * 1000 * 1000 };
	struct stat st;

	(void)nanosleep(&ticks, NULL);
	return stat(job->o->lists_dir, &st) == -1 ||
	    scan_mtime(&st) != job->scan.mtime;
}

/* The guard of rebuild.h: 0, or -1 where the scan is not to be believed. */
static int
guard_against_loss(struct rebuild_job *job)
{
	const struct compare *c = &job->compare;
	const size_t doubted = c->unseen + c->quick;

	if (job->o->accept_empty)
		return 0;
	if (job->no_old)
		return guard_without_snapshot(job);
	if (c->other_dir && c->unseen > 0) {
		rebuild_job_away(job);
		rebuild_job_say(job,
		    "%s is another directory than before and %zu of %zu lists "
		    "are not in it: is a filesystem not mounted?  The old "
		    "lists stay; if they are really gone, run: listmap rebuild "
		    "--accept-empty",
		    job->o->lists_dir, c->missing, c->dir_lists);
		return -1;
	}
	if (!are_too_few(c->dir_lists - doubted, c->dir_lists) &&
	    (doubted == 0 || !were_lists_lost(job)))
		return 0;
	rebuild_job_away(job);
	job->r->lost = true;
	rebuild_job_say(job,
	    "%zu of %zu lists vanished from %s at once.  The old lists stay "
	    "until all are back; if they are really gone, run: listmap rebuild "
	    "--accept-empty",
	    c->missing, c->dir_lists, job->o->lists_dir);
	return -1;
}

/* 0, or -1: the job has failed, or the directory is away. */
static int
scan_lists_dir(struct rebuild_job *job)
{
	const struct rebuild_order *o = job->o;
	const char *err;

	if (scan_directory(o->mailman, o->lists_dir, o->progress,
	        o->progress_arg, &job->scan, &err) == 0)
		return 0;
	if (is_out_of_resources(errno))
		return rebuild_job_fail(job, "cannot read the lists directory",
		    o->lists_dir, err);
	rebuild_job_away(job);
	job->r->denied = true;
	rebuild_job_say(job,
	    "the lists directory %s cannot be read (%s); the old lists "
	    "stay until it can",
	    o->lists_dir, err);
	return -1;
}

/*
 * Marks the entries that no snapshot had and that are younger than `settle'.
 * Mailman's LMTP server may not know them yet, and it refuses what it does not
 * know, so they are left for a later scan.
 */
static void
mark_young_lists(struct rebuild_job *job)
{
	const double settle = job->o->settle;
	struct timespec t;
	size_t i;

	clock_gettime(CLOCK_REALTIME, &t);
	for (i = 0; settle > 0 && i < job->scan.n; i++) {
		struct scan_list *l = &job->scan.list[i];
		const bool is_list = l->basis != LISTS_DOUBTFUL;
		double age = (double)t.tv_sec + (double)t.tv_nsec / 1e9 -
		    (double)l->mtime / 1e9;

		/* One from far in the future would be young for ever. */
		l->young = is_list && !l->known && age < settle &&
		    age > -settle;
		if (!l->young)
			continue;
		job->r->young++;
		if (settle - age > job->r->ripe_in)
			job->r->ripe_in = settle - age;
	}
}

/*
 * The guard against a lists_dir that never was one: a wrong path, or a volume
 * that was not mounted when listmap began.  0, or -1 where that may be so.
 */
static int
guard_against_nothing(struct rebuild_job *job)
{
	const struct postfix_files *files = &job->files;

	if (!job->no_old || job->o->accept_empty || job->r->lists > 0 ||
	    job->r->young > 0)
		return 0;
	/* A Mailman 3 that has no list yet wrote that down. */
	if (files->stamp != 0 && files->whole && files->n == 0 &&
	    job->scan.n == 0)
		return 0;
	rebuild_job_away(job);
	job->r->failing = true;
	if (job->scan.n > 0)
		rebuild_job_say(job, "none of the %zu entries of %s can be "
		    "looked into (%s)", job->scan.n, job->o->lists_dir,
		    strerror(job->scan.list[0].error));
	else
		rebuild_job_say(job, "no list in %s: is this Mailman's lists "
		    "directory?  If it is, and there is no list yet, run: "
		    "listmap rebuild --accept-empty", job->o->lists_dir);
	return -1;
}

/* Makes of the scan what a snapshot will say.  0, or -1 where it is not to be
 * believed, or the job has failed. */
static int
evaluate_scan(struct rebuild_job *job)
{
	mark_young_lists(job);
	if (guard_against_loss(job) == -1 ||
	    (job->o->mailman->read_files ? reconcile(job) : list_hosts(job)) ==
	        -1)
		return -1;
	rebuild_job_mark_recorded(job);
	job->r->lists = rebuild_job_count(job);
	job->r->unfinished = job->scan.unfinished;
	job->r->burst = job->compare.burst;
	if (guard_against_nothing(job) == -1)
		return -1;
	count_odd(job);
	find_gaps(job);
	return 0;
}

/* Forgets the scan, so that another one can take its place. */
static void
drop_scan(struct rebuild_job *job)
{
	compare_clear(&job->compare);
	hosts_clear(&job->hosts);
	scan_clear(&job->scan);
	job->no_old = job->must_write = false;
	job->r->reason[0] = '\0';
}

/* Scans until the directory is quiet, where lists are missing that nobody saw
 * go: they may be only the first of many.  For the daemon, which watches, that
 * is each that went since the scan began.  0, or -1. */
static int
scan_and_compare(struct rebuild_job *job)
{
	const size_t few = job->o->known != NULL ? 0 : REBUILD_GUARD;

	for (int i = 0; scan_lists_dir(job) == 0; i++) {
		if (compare_with_old(job) == -1)
			return -1;
		if (job->compare.unseen <= few || i == QUIET_TRIES ||
		    !is_directory_changing(job))
			return 0;
		drop_scan(job);
		sleep(1);
	}
	return -1;
}

static void
scan_and_write(struct rebuild_job *job)
{
	if (scan_and_compare(job) == -1 || evaluate_scan(job) == -1)
		return;
	if (!job->no_old && !job->must_write &&
	    compare_unchanged(&job->compare))
		job->r->status = REBUILD_UNCHANGED;
	else
		(void)snapshot_write(job);
}

/* Waits for the lock.  Its descriptor, for lock_release(); or -1, and the job
 * has failed. */
static int
lock_site_cache(struct rebuild_job *job)
{
	char *path = cache_path(job->o->cache_dir, job->o->site, "lock");
	char holder[64], text[256];
	int fd = -1;

	errno = ENOMEM;
	if (path != NULL)
		fd = lock_take(path, &job->o->lock, holder, sizeof(holder));
	job->r->busy = fd == -1 && errno == EWOULDBLOCK;
	if (job->r->busy)
		snprintf(text, sizeof(text), "%s has had it for more than %g "
		    "s: wait for its end, or end it, if it hangs", holder,
		    job->o->lock.patience);
	if (fd == -1)
		(void)rebuild_job_fail(job, "cannot lock",
		    path == NULL ? "" : path,
		    job->r->busy ? text : strerror(errno));
	free(path);
	return fd;
}

static void
remove_site_leftovers(struct rebuild_job *job)
{
	char *state = cache_path(job->o->cache_dir, job->o->site, "state");

	leftovers_remove(job->path);
	if (state != NULL)
		leftovers_remove(state);
	free(state);
}

/* A snapshot that was written is good without the state, so that a failure here
 * is only said. */
static void
write_scan_state(struct rebuild_job *job)
{
	if (state_write(job->o->cache_dir, job->o->site, job->r) == -1 &&
	    job->r->status != REBUILD_FAILED)
		rebuild_job_say(job, "cannot write %s/%s.state: %s",
		    job->o->cache_dir, job->o->site, strerror(errno));
}

struct rebuild_order
rebuild_order(const struct conf_site *site, const struct mailman *mailman,
    const char *cache_dir)
{
	return (struct rebuild_order){
		.mailman = mailman,
		.site = site->name,
		.lists_dir = site->lists_dir,
		.data_dir = site->data_dir,
		.cache_dir = cache_dir,
		.settle = mailman->settles ? site->settle : 0,
		.any_host = mailman->foreign_hosts &&
		    strcmp(site->hosts, "any") == 0,
		.domains = site->domains,
		.ndomains = site->ndomains,
		.lock.patience = site->scan_timeout / 2 < LOCK_PATIENCE
		    ? site->scan_timeout / 2 : LOCK_PATIENCE,
	};
}

void
rebuild(const struct rebuild_order *o, struct rebuild_result *r)
{
	struct rebuild_job job = { .o = o, .r = r };
	double start;
	int fd = -1;

	*r = (struct rebuild_result){ 0 };
	job.path = cache_path(o->cache_dir, o->site, "cdb");
	if (job.path == NULL)
		(void)rebuild_job_fail(&job, "cannot begin", o->site,
		    strerror(ENOMEM));
	else
		fd = lock_site_cache(&job);
	if (fd != -1) {
		start = clock_seconds();
		if (o->began != NULL)
			o->began(o->progress_arg);
		remove_site_leftovers(&job);
		scan_and_write(&job);
		r->milliseconds =
		    (unsigned long)((clock_seconds() - start) * 1000);
		write_scan_state(&job);
		lock_release(fd);
	}
	rebuild_job_clear(&job);
}

void
rebuild_look(const struct rebuild_order *o, struct rebuild_result *r)
{
	struct rebuild_job job = { .o = o, .r = r, .no_old = true };

	*r = (struct rebuild_result){ 0 };
	if (scan_lists_dir(&job) == 0)
		(void)evaluate_scan(&job);
	rebuild_job_clear(&job);
}
