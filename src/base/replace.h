/*
 * replace - a file that takes another's place at once or not at all.
 *
 * The new file is made beside the old one under a name of its own, written out
 * and synced, and renamed over it: at any moment, a crash included, one of the
 * two is there, whole.
 */
#ifndef BASE_REPLACE_H
#define BASE_REPLACE_H

#include <sys/types.h>

#include "base/str.h"

struct replace {
	int fd;          /* to write to */
	char *path;      /* what will be replaced */
	char *temporary; /* where the new file is */
};

/*
 * Makes the new file, with mode MODE whatever the umask says.  Returns 0, and
 * the caller goes on to replace_commit() or replace_cancel(); or -1 with errno:
 * ENOTSUP where PATH is, or leads to, a device, which is left alone.  Of a link
 * to a file the link is replaced.
 */
int replace_open(struct replace *r, const char *path, mode_t mode) WARN_UNUSED;
/*
 * Syncs, closes and renames the new file, and syncs the directory.  Returns 0,
 * or -1 with errno: PATH is as it was and the new file removed; or, where only
 * the directory could not be synced, the new one is in its place but a crash
 * may undo it.
 */
int replace_commit(struct replace *r) WARN_UNUSED;
/* Closes and removes the new file.  Keeps errno. */
void replace_cancel(struct replace *r);

/* Writes all of S to FD, however many calls it takes.  0, or -1 with errno. */
int replace_write(int fd, struct str s) WARN_UNUSED;

#endif
