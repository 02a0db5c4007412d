/*
 * takeover - how a daemon that listens on TCP alone learns of a successor.
 * (A daemon with a unix socket sees that the socket's file is another's.)
 *
 * A successor, a daemon that was started with --take-over, replaces the file
 * CACHE_DIR/take-over by one with its process id as soon as it listens.  A
 * daemon has been succeeded when it finds another file there than when it
 * started, and in it the number of another process that is alive.
 */
#ifndef LISTMAPD_TAKEOVER_H
#define LISTMAPD_TAKEOVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/str.h"

struct takeover {
	char *path;
	int fd; /* of the file that was there when we started, kept open so
		 * that no other file gets its inode; -1: there was none */
};

/* Notes the file that is there now.  0, or -1 when out of memory. */
int takeover_init(struct takeover *t, const char *cache_dir) WARN_UNUSED;
void takeover_clear(struct takeover *t);
/* Tells the predecessor: writes our file and notes it.  0, or -1 with errno. */
int takeover_claim(struct takeover *t) WARN_UNUSED;
/* Whether a successor has told us so. */
bool takeover_lost(const struct takeover *t);

#endif
