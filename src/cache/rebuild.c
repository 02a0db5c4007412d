/*
 * The old snapshot is held against the scan, list by list.  Nothing is
 * written where both say the same; the guard counts what is missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/rebuild.h"
#include "base/buf.h"
#include "base/clock.h"
#include "cache/cache.h"
#include "cache/cdbfile.h"
#include "cache/compare.h"
#include "cache/hosts.h"
#include "cache/state.h"
#include "cache/sweep.h"
#include "mailman/pickle.h"

/* The longest value: three numbers of 64 bits and a host, or one and a URL. */
#define VALUE_MAX 512
#define KEY_MAX 512
#define URL_TRIES 1000 /* lists of a host that are asked for it */

struct work {
	const struct rebuild_order *o;
	struct rebuild_result *r;
	char *path; /* of the snapshot */
	struct scan scan;
	struct hosts hosts;
	bool told; /* a list told its host that had not before */
	bool first; /* there is no old snapshot that is any use */
	struct compare compare;
};

/* Adds a sentence to the reason. */
static void __attribute__((format(printf, 2, 3)))
say(struct rebuild_result *r, const char *fmt, ...)
{
	size_t n = strlen(r->reason);
	va_list ap;

	if (n > 0 && n + 2 < sizeof(r->reason)) {
		memcpy(r->reason + n, "; ", 3);
		n += 2;
	}
	va_start(ap, fmt);
	vsnprintf(r->reason + n, sizeof(r->reason) - n, fmt, ap);
	va_end(ap);
}

static bool
out_of_something(int error)
{
	return error == ENOMEM || error == EMFILE || error == ENFILE;
}

static int
fail(struct work *w, const char *what, const char *path, const char *err)
{
	w->r->status = REBUILD_FAILED;
	w->r->reason[0] = '\0';
	say(w->r, "%s: %s: %s", what, path, err);
	return -1;
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
		say(w->r, "%s is gone or no use, the snapshot in use is put "
		    "there again", w->path);
		w->compare.unchanged = false;
		return 0;
	}
	compare_clear(&w->compare);
	w->first = true;
	if (error == ENOENT)
		return 0;
	if (out_of_something(error))
		return fail(w, "cannot read the old snapshot", w->path,
		    strerror(error));
	say(w->r, "the old snapshot %s is no use (%s), a new one is made",
	    w->path, err);
	return 0;
}

static int
away(struct work *w)
{
	w->r->status = REBUILD_AWAY;
	w->r->reason[0] = '\0';
	return -1;
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
	away(w);
	say(w->r,
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
		away(w);
		say(w->r,
		    "%s is another directory than before and %zu of %zu lists "
		    "are not in it: is a filesystem not mounted?  The old "
		    "lists stay; if they are really gone, run: listmap rebuild "
		    "--accept-empty",
		    w->o->lists_dir, c->missing, c->seen);
		return -1;
	}
	if (too_few(c->seen - c->unseen, c->seen)) {
		away(w);
		say(w->r,
		    "%zu of %zu lists vanished from %s at once.  The old lists "
		    "stay; if they are really gone, run: listmap rebuild "
		    "--accept-empty",
		    c->missing, c->seen, w->o->lists_dir);
		return -1;
	}
	return 0;
}

static int
put(struct cdbmake *m, const char *name, const struct record *record)
{
	char memory[VALUE_MAX];
	struct buf b;

	buf_over(&b, memory, sizeof(memory));
	record_encode(record, &b);
	return cdbmake_put(m, str_from(name), buf_get(&b));
}

static int
put_hosts(struct cdbmake *m, const struct work *w)
{
	size_t i;

	for (i = 0; i < w->hosts.n; i++) {
		const struct host *host = w->hosts.host[i];
		const struct record_host record = { host->count,
			str_from(host->url) };
		char key[KEY_MAX], memory[VALUE_MAX];
		struct buf k, b;

		if (host->count == 0)
			continue;
		buf_over(&k, key, sizeof(key));
		buf_add(&k, RECORD_HOST_PREFIX);
		buf_add(&k, host->name);
		buf_over(&b, memory, sizeof(memory));
		record_encode_host(&record, &b);
		if (cdbmake_put(m, buf_get(&k), buf_get(&b)) == -1)
			return -1;
	}
	return 0;
}

static int
put_head(struct cdbmake *m, const struct work *w)
{
	struct record_head head = {
		.version = RECORD_VERSION,
		.count = w->scan.n + w->compare.nkept,
		.dev = w->scan.dev,
		.ino = w->scan.ino,
	};
	char memory[VALUE_MAX];
	struct buf b;

	buf_over(&b, memory, sizeof(memory));
	record_encode_head(&head, &b);
	return cdbmake_put(m, STR(RECORD_HEAD_KEY), buf_get(&b));
}

static int
put_all(struct cdbmake *m, const struct work *w)
{
	const struct scan_list *l;
	const struct kept *kept;
	struct record record;
	size_t i;

	if (put_head(m, w) == -1 || put_hosts(m, w) == -1)
		return -1;
	for (i = 0; i < w->scan.n; i++) {
		l = &w->scan.list[i];
		record = (struct record){ l->ino, l->mtime,
			(uint64_t)l->size, str_from(l->host) };
		if (put(m, l->name, &record) == -1)
			return -1;
	}
	for (i = 0; i < w->compare.nkept; i++) {
		kept = &w->compare.kept[i];
		if (put(m, kept->name, &kept->record) == -1)
			return -1;
	}
	return 0;
}

static int
write_snapshot(struct work *w)
{
	const char *err;
	struct cdbmake *m = cdbmake_new(w->path, 0644, &err);

	/* What a put leaves undone the commit tells. */
	if (m != NULL)
		(void)put_all(m, w);
	if (m == NULL || cdbmake_commit(m, &err) == -1)
		return fail(w, "cannot write the snapshot", w->path, err);
	w->r->status = REBUILD_WRITTEN;
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
		return fail(w, "cannot read the lists directory", o->lists_dir,
		    err);
	away(w);
	w->r->denied = true;
	say(w->r, "the lists directory %s cannot be read (%s); the old lists "
	    "stay until it can", o->lists_dir, err);
	return -1;
}

/* What a new or changed list says of itself. */
static int
read_list(struct work *w, int dir, struct scan_list *l)
{
	struct particulars p = { 0 };
	struct host *host;

	if (w->o->mailman->read(dir, l->name, PICKLE_FILE_MAX, &p) == -1) {
		/* Not now: as before, and to be tried again. */
		p = (struct particulars){ 0 };
		if (l->last_host != NULL) {
			l->host = l->last_host;
			l->ino = 0;
			return 0;
		}
	} else {
		w->told |= l->last_host != NULL;
	}
	host = hosts_find(&w->hosts, str_from(p.host));
	if (host == NULL)
		return -1;
	host->changed = true;
	l->host = host->name;
	w->told |= p.host[0] != '\0';
	return 0;
}

static struct host *
host_of(struct work *w, const char *name)
{
	return hosts_find(&w->hosts, str_from(name));
}

/*
 * Where a host's lists changed, its URL is that of the first list by name that
 * is advertised: never what a list said once.
 */
static int
find_url(struct work *w, int dir, const struct scan_list *l)
{
	struct host *host = host_of(w, l->host);
	struct particulars p;

	if (!host->changed || host->tried >= URL_TRIES || *host->name == '\0')
		return 0;
	if (host->tried++ == 0) {
		free(host->url);
		host->url = NULL;
	}
	if (host->url != NULL ||
	    w->o->mailman->read(dir, l->name, PICKLE_FILE_MAX, &p) == -1)
		return 0;
	return hosts_set_url(host, str_from(p.url));
}

/* The directory that was scanned, or -1: then it went in between. */
static int
open_scanned(struct work *w)
{
	int dir = open(w->o->lists_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (dir != -1 && fstat(dir, &st) == 0 && st.st_dev == w->scan.dev &&
	    st.st_ino == w->scan.ino)
		return dir;
	if (dir != -1)
		close(dir);
	away(w);
	say(w->r, "the lists directory %s went while it was read; the old "
	    "lists stay until it is back", w->o->lists_dir);
	return -1;
}

/* Gives every list its host, and every host its count. */
static int
find_hosts(struct work *w)
{
	int dir = open_scanned(w);
	int rc = 0;
	size_t i;

	if (dir == -1)
		return -1;
	for (i = 0; rc == 0 && i < w->scan.n; i++) {
		struct scan_list *l = &w->scan.list[i];

		if (l->host == NULL)
			rc = read_list(w, dir, l);
		if (rc == 0)
			host_of(w, l->host)->count++;
	}
	for (i = 0; rc == 0 && i < w->scan.n; i++)
		rc = find_url(w, dir, &w->scan.list[i]);
	for (i = 0; rc == 0 && i < w->compare.nkept; i++)
		host_of(w, w->compare.kept[i].record.host.p)->count++;
	close(dir);
	if (rc == -1)
		(void)fail(w, "cannot read the lists", w->o->lists_dir,
		    strerror(ENOMEM));
	return rc;
}

static void
scan_and_write(struct work *w)
{
	if (scan(w) == -1 || compare_with_old(w) == -1 || guard(w) == -1 ||
	    find_hosts(w) == -1)
		return;
	w->r->lists = w->scan.n + w->compare.nkept;
	w->r->unfinished = w->scan.unfinished;
	if (w->scan.doubtful > 0)
		say(w->r, "%zu entries of %s may not be looked into, the first "
		    "is %s", w->scan.doubtful, w->o->lists_dir,
		    w->scan.first_doubtful);
	if (!w->first && w->compare.unchanged && !w->told)
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
		(void)fail(w, "cannot lock", path == NULL ? "" : path,
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
		say(w->r, "cannot write %s/%s.state: %s", w->o->cache_dir,
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
		(void)fail(&w, "cannot begin", o->site, strerror(ENOMEM));
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
	compare_clear(&w.compare);
	hosts_clear(&w.hosts);
	scan_clear(&w.scan);
	free(w.path);
}
