#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cache/direct_lists.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/str.h"
#include "mailman/directory.h"
#include "mailman/entry.h"
#include "mailman/entry_facts.h"
#include "mailman/mailman.h"
#include "cache/cache.h"
#include "cache/cached_lists.h"
#include "cache/freshness.h"
#include "cache/gaps.h"
#include "cache/place.h"
#include "cache/record.h"
#include "cache/state.h"
#include "cache/touched.h"
#include "cache/worker.h"

/* So long a command waits for a directory, in milliseconds. */
#define PATIENCE_MS 5000

struct direct_lists {
	struct cached_lists lists;
	const struct mailman *mailman;
	const struct conf_site *site;
	struct worker worker;
	bool has_worker;
	bool hangs; /* the worker did not answer in time: none will */
	uint64_t questions;
};

/* A command has one turn. */
static const unsigned long only_turn = 1;

/* Whether the directory is the snapshot's, and nothing came or went in it since
 * the scan. */
static bool
is_unchanged(const struct record_head *head, const struct stat *st)
{
	const struct timespec *t = &st->st_ctim;

	return head->ctime != 0 &&
	    head->ctime == (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

/* Touches each entry that the snapshot lacks.  0, or -1 where not all of them
 * can be told. */
static int
touch_new_entries(struct cached_lists *s, DIR *dir)
{
	const struct dirent *e;
	struct record r;

	while (errno = 0, (e = readdir(dir)) != NULL) {
		struct str name = str_from(e->d_name);

		if (!entry_name_ok(name))
			continue;
		if (cache_find(s->cache, name, &r) != 1 &&
		    touched_add(&s->touched, name) == -1)
			return -1;
	}
	return errno == 0 ? 0 : -1;
}

/* Whether the snapshot and the names that are touched then are all there is. */
static bool
read_names(struct cached_lists *s, const char *path)
{
	const struct record_head *head = cache_head(s->cache);
	DIR *dir = opendir(path);
	struct stat st;
	bool all = false;

	if (dir == NULL)
		return false;
	if (fstat(dirfd(dir), &st) == 0 && st.st_dev == head->dev &&
	    st.st_ino == head->ino)
		all = is_unchanged(head, &st) ||
		    touch_new_entries(s, dir) == 0;
	closedir(dir);
	return all;
}

static bool
start_worker(struct direct_lists *d)
{
	const struct worker_order o = { d->mailman, d->site->lists_dir,
		d->site->data_dir, -1 };

	if (!d->has_worker && !d->hangs)
		d->has_worker = worker_start(&d->worker, &o) == 0;
	return d->has_worker;
}

/* A worker that hangs dies of this, sooner or later. */
static void
end_worker(struct direct_lists *d)
{
	if (!d->has_worker)
		return;
	worker_close(&d->worker);
	(void)kill(d->worker.pid, SIGKILL);
	if (!d->hangs)
		(void)waitpid(d->worker.pid, NULL, 0);
	d->has_worker = false;
}

/* Waits for the worker's reply.  0, or -1 where nobody can tell. */
static int
hear_or_give_up(struct direct_lists *d, struct worker_reply *r)
{
	struct pollfd p = { .fd = d->worker.fd, .events = POLLIN };
	const double end = clock_seconds() + PATIENCE_MS / 1000.0;
	int heard = 0;

	while (heard == 0 && clock_seconds() < end) {
		(void)poll(&p, 1, PATIENCE_MS);
		heard = worker_hear(&d->worker, r);
	}
	if (heard == 1)
		return 0;
	log_error("site %s: the lists directory does not answer: %s",
	    d->site->name, d->site->lists_dir);
	d->hangs = true;
	end_worker(d);
	return -1;
}

/* Where a directory has names in any case, or shows another one's, its names do
 * not tell what is found in it. */
static bool
look_once_at_directory(void *arg)
{
	const struct place_watched nothing = { .wd = -1, .files_wd = -1 };
	struct direct_lists *d = arg;
	struct cached_lists *s = &d->lists;
	struct worker_reply r;

	if (s->cache == NULL || !start_worker(d) ||
	    worker_ask_place(&d->worker, ++d->questions, &nothing) == -1 ||
	    hear_or_give_up(d, &r) == -1 ||
	    r.place.kind == DIRECTORY_UNSEEN ||
	    r.place.stamp != cache_head(s->cache)->stamp)
		return false;
	s->fresh.whole = read_names(s, d->site->lists_dir);
	return s->fresh.whole;
}

static int
ask_disk(void *arg, struct str name, struct entry_facts *f)
{
	struct direct_lists *d = arg;
	struct worker_reply r;

	if (!start_worker(d) ||
	    worker_ask_entry(&d->worker, ++d->questions, name) == -1 ||
	    hear_or_give_up(d, &r) == -1)
		return -1;
	*f = r.entry;
	return 1;
}

static void
open_snapshot(struct direct_lists *d, const char *cache_dir, const char *path)
{
	struct state state;
	const char *err;

	if (cached_lists_reopen(&d->lists, path, &err) == -1 &&
	    errno != ENOENT)
		log_warn("old snapshot is no use: %s: %s", path, err);
	if (state_read(cache_dir, d->site->name, &state) == -1)
		return;
	freshness_start(&d->lists.fresh, state.away);
	d->lists.fresh.trusted = !state.away;
}

struct direct_lists *
direct_lists_new(const struct mailman *mailman, const struct conf_site *site,
    const char *cache_dir)
{
	struct direct_lists *d = calloc(1, sizeof(*d));
	char *path = cache_path(cache_dir, site->name, "cdb");

	if (d == NULL || path == NULL) {
		free(path);
		free(d);
		return NULL;
	}
	d->mailman = mailman;
	d->site = site;
	cached_lists_init(&d->lists, mailman,
	    strcmp(site->verify_misses, "no") != 0);
	cached_lists_configure(&d->lists, site);
	d->lists.look = look_once_at_directory;
	d->lists.turn = &only_turn;
	d->lists.facts = ask_disk;
	d->lists.arg = d;
	open_snapshot(d, cache_dir, path);
	free(path);
	return d;
}

void
direct_lists_free(struct direct_lists *d)
{
	if (d == NULL)
		return;
	end_worker(d);
	cached_lists_clear(&d->lists);
	free(d);
}

const struct lists *
direct_lists_of(struct direct_lists *d)
{
	return &d->lists.lists;
}

void
direct_lists_gaps(struct direct_lists *d, struct gaps *gaps)
{
	*gaps = (struct gaps){ 0 };
	if (d->lists.cache != NULL)
		cache_gaps(d->lists.cache, gaps);
}
