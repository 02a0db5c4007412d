/*
 * watch - watches a lists directory, and Mailman's files about its lists, by
 * inotify(7).
 *
 * It knows no loop: its owner waits until watch_fd() is readable and calls
 * watch_read().  Inotify sees which entries come and go, not what happens
 * inside of them, and on a network filesystem only what this host does.
 *
 * This is the only file that knows inotify.
 */
#ifndef CACHE_WATCH_H
#define CACHE_WATCH_H

#include <stdbool.h>

#include "base/str.h"
#include "cache/gone.h"

struct touched;
struct directory_id;
struct watch;

/* Watches nothing yet.  The names of entries that change are put into TOUCHED,
 * which may be NULL.  NULL with errno when out of memory or of inotify
 * instances (EMFILE). */
struct watch *watch_new(struct touched *touched);
/* W may be NULL. */
void watch_free(struct watch *w);
int watch_fd(const struct watch *w);

/*
 * Watches the lists directory PATH, in the place of the one before.  Symbolic
 * links are followed.  0, or -1 with errno (ENOSPC: too many watches), and no
 * lists directory is watched then.
 */
int watch_arm(struct watch *w, const char *path) WARN_UNUSED;
/*
 * Watches the directory PATH as well, for files whose names begin with PREFIX
 * (static text).  Reports them when they are written, replaced or removed.
 * True where a watch is new: files may have changed unseen before.  False where
 * PATH is watched already, cannot be watched, or is the lists directory, whose
 * watch this one would take away.
 */
bool watch_files(struct watch *w, const char *path, const char *prefix);

/*
 * Arming calls on the directory, which may hang with its file server.  So any
 * process that has inherited the descriptor watch_fd() can do it (worker.h),
 * and the owner of the watch takes the result over.
 *
 * These return the kernel's number of the watch (wd), and in *ID which
 * directory that is; or -1 with errno.  A directory that is watched already
 * keeps its number, and from now on tells what this call wants of it: so no
 * directory may be watched in both ways.  The one that was watched before
 * stays watched, until the owner takes the new one.
 */
int watch_arm_at(int fd, const char *path, struct directory_id *id)
    WARN_UNUSED;
int watch_arm_files_at(int fd, const char *path, struct directory_id *id)
    WARN_UNUSED;
/*
 * Takes the watch WD of the directory *ID for the lists, or for files, in the
 * place of the one before.  False where it has ended by now, as the directory
 * went: then it is to be armed anew, and what was watched before stays so.
 * Where there are both, the files' is taken first.
 */
bool watch_take(struct watch *w, int wd, const struct directory_id *id)
    WARN_UNUSED;
bool watch_take_files(struct watch *w, int wd, const struct directory_id *id,
    const char *prefix) WARN_UNUSED;
/* Which directory is watched, and by which number, valid until W changes; NULL
 * and -1: none is. */
const struct directory_id *watch_id(const struct watch *w, int *wd);
const struct directory_id *watch_files_id(const struct watch *w, int *wd);

/* Whether a lists directory is watched. */
bool watch_armed(const struct watch *w);
/* Whether PATH leads to the very directory that is watched. */
bool watch_is_at(const struct watch *w, const char *path);
/* What helps against an errno of watch_new() and watch_arm(), to be put behind
 * its text; or "". */
const char *watch_cure(int error);

enum watch_event {
	WATCH_CHANGED = 1,  /* entries came, went, or changed their mode: they
			       are touched */
	WATCH_OVERFLOW = 2, /* events were lost */
	WATCH_LOST = 4,     /* the directory was unmounted, removed or moved,
			       and is not watched any more */
	WATCH_TOUCHED = 8,  /* the directory's own mode or owner changed */
	WATCH_FILES = 16    /* a file of watch_files() changed */
};
/* Reads the events that are there to their end, without waiting: a set of enum
 * watch_event. */
unsigned watch_read(struct watch *w);

/* The names of entries that went and are not forgotten, valid until the next
 * watch_read(). */
struct gone watch_gone(struct watch *w);
/* Forgets the names that the last watch_gone() gave, not those seen since; nor
 * those that went so shortly before NOW (base/clock.h) that a burst may take
 * them with it. */
void watch_forget(struct watch *w, double now);
/* Whether NAME is one of those remembered, and went in a burst. */
bool watch_lost(const struct watch *w, struct str name);

#endif
