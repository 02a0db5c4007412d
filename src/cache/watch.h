/*
 * watch - one inotify watch on a lists directory.
 *
 * The only file that knows inotify.  Not on the loop: whoever owns it waits
 * for watch_fd() to be readable and calls watch_read().
 */
#ifndef CACHE_WATCH_H
#define CACHE_WATCH_H

#include <stdbool.h>

#include "base/str.h"
#include "cache/gone.h"

struct watch;

/* NULL with errno when out of memory or of inotify instances (ENOSPC, EMFILE:
 * fs.inotify.max_user_watches and max_user_instances). */
struct watch *watch_new(void);
void watch_free(struct watch *w);
int watch_fd(const struct watch *w);

/*
 * Watches PATH (following symbolic links), whatever was watched before.  0,
 * or -1 with errno; nothing is watched then.
 */
int watch_arm(struct watch *w, const char *path) WARN_UNUSED;
/*
 * Watches the directory PATH as well, for files whose names begin with PREFIX
 * (static) and that were written or replaced or went.  Where that cannot be,
 * it is not.  Whether it is another directory than was watched before, which
 * may be because there was none.
 */
bool watch_files(struct watch *w, const char *path, const char *prefix);
bool watch_armed(const struct watch *w);
/* Whether that is what PATH leads to now. */
bool watch_is_at(const struct watch *w, const char *path);
/* What helps against an errno of watch_new() and watch_arm(), or "". */
const char *watch_cure(int error);

enum watch_event {
	WATCH_CHANGED = 1,  /* entries came, went, or changed their mode */
	WATCH_OVERFLOW = 2, /* events were lost */
	WATCH_LOST = 4,     /* unmounted, removed, moved: not armed any more */
	WATCH_TOUCHED = 8,  /* mode or owner of the directory itself */
	WATCH_FILES = 16   /* a file of watch_files() */
};
/* Takes what is there, without waiting: a set of enum watch_event. */
unsigned watch_read(struct watch *w);

/* The names that went and are not forgotten; sorted, valid until the next
 * watch_read(). */
struct gone watch_gone(struct watch *w);
/* Forgets those that the last watch_gone() gave, not those since. */
void watch_forget(struct watch *w);

#endif
