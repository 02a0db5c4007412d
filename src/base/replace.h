/*
 * replace - a file that takes another's place at once or not at all.
 *
 * The new one is made beside it under a name of its own, written out and
 * synced, and renamed over it: at any moment, a crash included, one of the
 * two is there, whole.
 */
#ifndef BASE_REPLACE_H
#define BASE_REPLACE_H

#include <sys/types.h>

#include "base/str.h"

struct replace {
	int fd;     /* to write to */
	char *path; /* what will be replaced */
	char *temporary;
};

/* 0, or -1 with errno.  The file has mode MODE whatever the umask says. */
int replace_open(struct replace *r, const char *path, mode_t mode) WARN_UNUSED;
/*
 * Syncs, closes, renames, syncs the directory.  0, or -1 with errno: PATH is
 * as it was and the new file removed; or, where only the directory could not
 * be synced, the new one is in its place but a crash may undo it.
 */
int replace_commit(struct replace *r) WARN_UNUSED;
/* Closes and removes the new file. */
void replace_cancel(struct replace *r);

/* All of S to FD, however many writes it takes.  0, or -1 with errno. */
int replace_write(int fd, struct str s) WARN_UNUSED;

#endif
