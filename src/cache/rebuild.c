/*
 * The old snapshot is held against the scan, list by list.  Nothing is
 * written where both say the same; the guard counts what is missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cache/rebuild.h"
#include "base/buf.h"
#include "base/clock.h"
#include "cache/cache.h"
#include "cache/cdbfile.h"
#include "cache/state.h"
#include "cache/sweep.h"
#include "cache/work.h"

static bool
out_of_something(int error)
{
	return error == ENOMEM || error == EMFILE || error == ENFILE;
}

/* An old snapshot that is no use is as good as none, but is not hidden. */
static int
compare_with_old(struct work *w)
{
	const char *err;
	struct cache *old = cache_open(w->path, &err);
	int error = errno;

	if (old != NULL) {
		err = "broken";
		error = 0;
		if (compare(&w->compare, w->o, &w->scan, &w->hosts, old) == -1)
			error = errno;
		cache_close(old);
	}
	if (error == 0)
		return 0;
	compare_clear(&w->compare);
	if (w->o->known != NULL && !out_of_something(error) &&
	    compare(&w->compare, w->o, &w->scan, &w->hosts, w->o->known) == 0) {
		work_say(w, "%s is gone or no use, the snapshot in use is put "
		    "there again", w->path);
		w->told = true;
		return 0;
	}
	compare_clear(&w->compare);
	w->first = true;
	if (error == ENOENT)
		return 0;
	if (out_of_something(error))
		return work_fail(w, "cannot read the old snapshot", w->path,
		    strerror(error));
	work_say(w, "the old snapshot %s is no use (%s), a new one is made",
	    w->path, err);
	return 0;
}

/* Whether N lists after BEFORE are too few to be believed. */
static bool
too_few(size_t n, size_t before)
{
	return n < before && before - n > REBUILD_GUARD &&
	    before - n > before / 2;
}

/* Without a snapshot there is still what the last scan came to. */
static int
guard_first(struct work *w)
{
	struct state last;

	if (state_read(w->o->cache_dir, w->o->site, &last) == -1 ||
	    !too_few(w->scan.n, last.lists))
		return 0;
	work_away(w);
	work_say(w,
	    "%zu lists are in %s, and there were %zu, but there is no cache of "
	    "them any more: is a filesystem not mounted?  If they are really "
	    "gone, run: listmap rebuild --accept-empty",
	    w->scan.n, w->o->lists_dir, last.lists);
	return -1;
}

/* -1 where this is not to be believed. */
static int
guard(struct work *w)
{
	const struct compare *c = &w->compare;

	if (w->o->accept_empty)
		return 0;
	if (w->first)
		return guard_first(w);
	if (c->unseen == 0)
		return 0;
	if (c->other) {
		work_away(w);
		work_say(w,
		    "%s is another directory than before and %zu of %zu lists "
		    "are not in it: is a filesystem not mounted?  The old "
		    "lists stay; if they are really gone, run: listmap rebuild "
		    "--accept-empty",
		    w->o->lists_dir, c->missing, c->seen);
		return -1;
	}
	if (too_few(c->seen - c->unseen, c->seen)) {
		work_away(w);
		work_say(w,
		    "%zu of %zu lists vanished from %s at once.  The old lists "
		    "stay; if they are really gone, run: listmap rebuild "
		    "--accept-empty",
		    c->missing, c->seen, w->o->lists_dir);
		return -1;
	}
	return 0;
}

static int
scan(struct work *w)
{
	const struct rebuild_order *o = w->o;
	const char *err;

	if (scan_directory(o->mailman, o->lists_dir, o->progress,
	        o->progress_arg, &w->scan, &err) == 0)
		return 0;
	if (out_of_something(errno))
		return work_fail(w, "cannot read the lists directory",
		    o->lists_dir, err);
	work_away(w);
	w->r->denied = true;
	work_say(w, "the lists directory %s cannot be read (%s); the old lists "
	    "stay until it can", o->lists_dir, err);
	return -1;
}

/*
 * Of a directory that no snapshot had Mailman may not know yet, and it refuses
 * what it does not know: such a one is left for another scan.
 */
static void
find_young(struct work *w)
{
	const double settle = w->o->settle;
	struct timespec t;
	size_t i;

	clock_gettime(CLOCK_REALTIME, &t);
	for (i = 0; settle > 0 && i < w->scan.n; i++) {
		struct scan_list *l = &w->scan.list[i];
		double age = (double)t.tv_sec + (double)t.tv_nsec / 1e9 -
		    (double)l->mtime / 1e9;

		/* Nor is one believed to be made in the future. */
		l->young = !l->known && age < settle && age > -settle;
		if (!l->young)
			continue;
		w->r->young++;
		if (settle - age > w->r->ripe_in)
			w->r->ripe_in = settle - age;
	}
}

static void
scan_and_write(struct work *w)
{
	if (scan(w) == -1 || compare_with_old(w) == -1)
		return;
	find_young(w);
	if (guard(w) == -1 ||
	    (w->o->mailman->read_register ? judge(w) : find_hosts(w)) == -1)
		return;
	w->r->lists = work_lists(w);
	w->r->unfinished = w->scan.unfinished;
	if (w->scan.doubtful > 0)
		work_say(w, "%zu entries of %s may not be looked into, the "
		    "first is %s", w->scan.doubtful, w->o->lists_dir,
		    w->scan.first_doubtful);
	if (!w->first && !w->told &&
	    compare_unchanged(&w->compare, w->r->young))
		w->r->status = REBUILD_UNCHANGED;
	else
		(void)write_snapshot(w);
}

/* The lock's file stays; flock() needs no right to write, so that root and
 * the daemon's account get along. */
static int
lock(struct work *w)
{
	char *path = cache_path(w->o->cache_dir, w->o->site, "lock");
	int fd = -1;

	errno = ENOMEM;
	if (path != NULL)
		fd = open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	/* Whoever may open it may keep everybody else waiting. */
	if (fd != -1)
		(void)fchmod(fd, 0600);
	while (fd != -1 && flock(fd, LOCK_EX) == -1) {
		if (errno == EINTR)
			continue;
		close(fd);
		fd = -1;
	}
	if (fd == -1)
		(void)work_fail(w, "cannot lock", path == NULL ? "" : path,
		    strerror(errno));
	free(path);
	return fd;
}

static void
sweep_all(struct work *w)
{
	char *state = cache_path(w->o->cache_dir, w->o->site, "state");

	sweep(w->path);
	if (state != NULL)
		sweep(state);
	free(state);
}

/* For the readers without a daemon; what was written is good without it. */
static void
write_state(struct work *w)
{
	if (state_write(w->o->cache_dir, w->o->site, w->r) == -1 &&
	    w->r->status != REBUILD_FAILED)
		work_say(w, "cannot write %s/%s.state: %s", w->o->cache_dir,
		    w->o->site, strerror(errno));
}

void
rebuild(const struct rebuild_order *o, struct rebuild_result *r)
{
	struct work w = { .o = o, .r = r };
	double start;
	int fd = -1;

	*r = (struct rebuild_result){ 0 };
	w.path = cache_path(o->cache_dir, o->site, "cdb");
	if (w.path == NULL)
		(void)work_fail(&w, "cannot begin", o->site, strerror(ENOMEM));
	else
		fd = lock(&w);
	if (fd != -1) {
		start = clock_seconds();
		sweep_all(&w);
		scan_and_write(&w);
		r->milliseconds =
		    (unsigned long)((clock_seconds() - start) * 1000);
		write_state(&w);
		close(fd);
	}
	work_clear(&w);
}
