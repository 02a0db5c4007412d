/*
 * One inotify instance has two watches: of the lists directory, and of the
 * directory with Mailman's files.  The kernel says by a number (wd) which one
 * an event is of.  Events of a lists directory that was watched before may
 * still come, and those of one that another process has armed before its owner
 * takes it.  They count, but for the end of that directory itself, which is
 * remembered: nobody may take a watch that has ended.
 *
 * The names are kept as hashes in the order in which they came, and sorted
 * when somebody asks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "cache/watch.h"
#include "base/clock.h"
#include "base/str.h"
#include "mailman/directory.h"
#include "cache/gone.h"
#include "cache/touched.h"

#define ENTRY_CAME_OR_WENT                                                    \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
#define SELF_WENT (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)
#define FILE_CHANGED                                                          \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR)
#define WANTED                                                                \
	(ENTRY_CAME_OR_WENT | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |     \
	    IN_ONLYDIR)

/* So many names are remembered; with one more, events count as lost. */
#define GONE_MAX 1000000
#define ARM_TRIES 3
/* So many watches that ended are remembered.  Between the arming of one and its
 * taking a few others end at most. */
#define ENDED 16

struct watch {
	int fd;
	int wd; /* -1: not armed */
	int files_wd; /* of watch_files(); -1: no directory is watched */
	const char *prefix; /* of the files that count there */
	struct directory_id id, files_dir;
	int ended[ENDED]; /* the last ones; the kernel uses no number again */
	unsigned nended;
	struct gone_name *gone; /* the entries that went */
	size_t ngone, gone_size;
	size_t given; /* of these: the last watch_gone() gave them */
	struct gone_burst burst;
	struct touched *touched; /* NULL: nobody wants the names */
};

struct watch *
watch_new(struct touched *touched)
{
	struct watch *w = calloc(1, sizeof(*w));
	int saved;

	if (w == NULL)
		return NULL;
	w->wd = w->files_wd = -1;
	w->touched = touched;
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd == -1) {
		saved = errno;
		free(w);
		errno = saved;
		return NULL;
	}
	return w;
}

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	close(w->fd);
	free(w->gone);
	free(w);
}

int
watch_fd(const struct watch *w)
{
	return w->fd;
}

bool
watch_armed(const struct watch *w)
{
	return w->wd != -1;
}

static void
note_watch_ended(struct watch *w, int wd)
{
	w->ended[w->nended++ % ENDED] = wd;
}

static bool
has_watch_ended(const struct watch *w, int wd)
{
	unsigned i;

	for (i = 0; i < ENDED && i < w->nended; i++)
		if (w->ended[i] == wd)
			return true;
	return false;
}

/* Ends a watch that may have ended by itself. */
static void
end_watch(struct watch *w, int wd)
{
	note_watch_ended(w, wd);
	(void)inotify_rm_watch(w->fd, wd);
}

static void
disarm_watch(struct watch *w)
{
	if (w->wd != -1)
		end_watch(w, w->wd);
	w->wd = -1;
}

static bool
is_same_directory(const struct directory_id *a, const struct directory_id *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

/* Takes the identity before and after, so that it is sure to be that of what is
 * watched. */
static int
arm_for(int fd, const char *path, uint32_t wanted, struct directory_id *id)
{
	struct directory_id after;
	int i, wd, saved;

	for (i = 0; i < ARM_TRIES; i++) {
		if (directory_identify(path, id) == -1)
			return -1;
		wd = inotify_add_watch(fd, path, wanted);
		if (wd == -1)
			return -1;
		if (directory_identify(path, &after) == 0 &&
		    is_same_directory(id, &after))
			return wd;
		saved = errno;
		(void)inotify_rm_watch(fd, wd);
		errno = saved;
	}
	errno = EAGAIN;
	return -1;
}

int
watch_arm_at(int fd, const char *path, struct directory_id *id)
{
	return arm_for(fd, path, WANTED, id);
}

int
watch_arm_files_at(int fd, const char *path, struct directory_id *id)
{
	return arm_for(fd, path, FILE_CHANGED, id);
}

/* The kernel has one watch for each directory: the number may be that of the
 * other one, whose place this one takes. */
bool
watch_take(struct watch *w, int wd, const struct directory_id *id)
{
	if (has_watch_ended(w, wd)) {
		(void)inotify_rm_watch(w->fd, wd);
		return false;
	}
	if (w->wd != wd)
		disarm_watch(w);
	if (w->files_wd == wd)
		w->files_wd = -1;
	w->wd = wd;
	w->id = *id;
	return true;
}

bool
watch_take_files(struct watch *w, int wd, const struct directory_id *id,
    const char *prefix)
{
	if (has_watch_ended(w, wd)) {
		(void)inotify_rm_watch(w->fd, wd);
		return false;
	}
	if (w->files_wd != -1 && w->files_wd != wd)
		end_watch(w, w->files_wd);
	if (w->wd == wd)
		w->wd = -1;
	w->files_wd = wd;
	w->files_dir = *id;
	w->prefix = prefix;
	return true;
}

const struct directory_id *
watch_id(const struct watch *w, int *wd)
{
	*wd = w->wd;
	return w->wd == -1 ? NULL : &w->id;
}

const struct directory_id *
watch_files_id(const struct watch *w, int *wd)
{
	*wd = w->files_wd;
	return w->files_wd == -1 ? NULL : &w->files_dir;
}

int
watch_arm(struct watch *w, const char *path)
{
	struct directory_id id;
	int wd;

	disarm_watch(w);
	wd = watch_arm_at(w->fd, path, &id);
	if (wd == -1)
		return -1;
	if (watch_take(w, wd, &id))
		return 0;
	errno = EAGAIN;
	return -1;
}

bool
watch_files(struct watch *w, const char *path, const char *prefix)
{
	struct directory_id id;
	int wd;

	if (directory_identify(path, &id) == -1 ||
	    (w->files_wd != -1 && is_same_directory(&id, &w->files_dir)) ||
	    (w->wd != -1 && is_same_directory(&id, &w->id)))
		return false;
	wd = watch_arm_files_at(w->fd, path, &id);
	return wd != -1 && watch_take_files(w, wd, &id, prefix);
}

bool
watch_is_at(const struct watch *w, const char *path)
{
	struct directory_id now;

	return w->wd != -1 && directory_identify(path, &now) == 0 &&
	    is_same_directory(&w->id, &now);
}

const char *
watch_cure(int error)
{
	if (error == ENOSPC)
		return ": raise fs.inotify.max_user_watches";
	if (error == EMFILE)
		return ": raise fs.inotify.max_user_instances";
	return "";
}

/* Marks the names that went since FROM: the last one, or all of them where a
 * burst begins.  The order of those that were given must stay, not their
 * marks. */
static void
mark_quick_names(struct watch *w, double from)
{
	size_t i;

	w->gone[w->ngone - 1].quick = true;
	for (i = 0; from < w->gone[w->ngone - 1].at && i < w->ngone; i++)
		w->gone[i].quick |= w->gone[i].at >= from;
}

/* 0, or -1 where the name cannot be remembered. */
static int
remember_gone_name(struct watch *w, const char *name)
{
	size_t size = w->gone_size == 0 ? 64 : w->gone_size * 2;
	struct gone_name *bigger;
	double now, from;

	if (w->ngone >= GONE_MAX)
		return -1;
	if (w->ngone == w->gone_size) {
		bigger = reallocarray(w->gone, size, sizeof(*w->gone));
		if (bigger == NULL)
			return -1;
		w->gone = bigger;
		w->gone_size = size;
	}
	now = clock_seconds();
	w->gone[w->ngone++] = (struct gone_name){
		.hash = gone_hash(str_from(name)), .at = now };
	gone_burst_add(&w->burst, now, &from);
	if (from <= now)
		mark_quick_names(w, from);
	return 0;
}

/* What one event means: a set of enum watch_event. */
static unsigned
take_watch_event(struct watch *w, const struct inotify_event *e)
{
	unsigned events = 0;

	if ((e->mask & IN_Q_OVERFLOW) != 0)
		return WATCH_OVERFLOW;
	if ((e->mask & SELF_WENT) != 0)
		note_watch_ended(w, e->wd);
	if (e->wd == w->files_wd) {
		if ((e->mask & IN_IGNORED) != 0)
			w->files_wd = -1;
		return e->len > 0 && str_starts(str_from(e->name), w->prefix) ?
		    WATCH_FILES : 0;
	}
	/* An event of an earlier watch counts as well: the entry went. */
	if ((e->mask & (IN_DELETE | IN_MOVED_FROM)) != 0 && e->len > 0 &&
	    remember_gone_name(w, e->name) == -1)
		events |= WATCH_OVERFLOW;
	if (e->len > 0 && w->touched != NULL &&
	    touched_add(w->touched, str_from(e->name)) == -1)
		events |= WATCH_OVERFLOW;
	if ((e->mask & ENTRY_CAME_OR_WENT) != 0)
		events |= WATCH_CHANGED;
	if ((e->mask & IN_ATTRIB) != 0)
		events |= e->len > 0 ? WATCH_CHANGED : WATCH_TOUCHED;
	if ((e->mask & SELF_WENT) != 0 && e->wd == w->wd) {
		events |= WATCH_LOST;
		disarm_watch(w);
	}
	return events;
}

unsigned
watch_read(struct watch *w)
{
	_Alignas(struct inotify_event) char memory[16384];
	const struct inotify_event *e;
	unsigned events = 0;
	ssize_t n, at;

	while ((n = read(w->fd, memory, sizeof(memory))) > 0) {
		for (at = 0; at < n; at += (ssize_t)(sizeof(*e) + e->len)) {
			/* The kernel pads names, so that this is aligned. */
			e = (const struct inotify_event *)(memory + at);
			events |= take_watch_event(w, e);
		}
	}
	return events;
}

struct gone
watch_gone(struct watch *w)
{
	const double now = clock_seconds();

	if (w->ngone > 1)
		qsort(w->gone, w->ngone, sizeof(*w->gone), gone_compare);
	w->given = w->ngone;
	return (struct gone){ .name = w->gone, .n = w->ngone,
		.running = gone_burst_runs(&w->burst, now),
		.since = now - GONE_WINDOW };
}

bool
watch_lost(const struct watch *w, struct str name)
{
	const struct gone given = { .name = w->gone, .n = w->given };
	const uint64_t hash = gone_hash(name);
	size_t i;

	if (gone_find(&given, name) == GONE_QUICKLY)
		return true;
	for (i = w->given; i < w->ngone; i++)
		if (w->gone[i].hash == hash)
			return w->gone[i].quick;
	return false;
}

void
watch_forget(struct watch *w, double now)
{
	const double since = now - GONE_WINDOW;
	size_t i, kept = 0;

	for (i = 0; i < w->ngone; i++)
		if (i >= w->given || w->gone[i].at >= since)
			w->gone[kept++] = w->gone[i];
	w->ngone = kept;
	w->given = 0;
}
