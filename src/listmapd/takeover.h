/*
 * takeover - how a daemon that listens on TCP alone learns of a successor.
 * (Of unix sockets the file tells: it is another's then.)
 *
 * A successor started with --take-over replaces the file CACHE_DIR/take-over
 * once it listens; its process id is in it.  Whoever finds another file there
 * than when it started, with the number of another process that is alive, has
 * been succeeded.
 */
#ifndef LISTMAPD_TAKEOVER_H
#define LISTMAPD_TAKEOVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/str.h"

struct takeover {
	char *path;
	int fd; /* of the file when we started, so that no other gets its
		 * inode; -1: there was none */
};

/* 0, or -1 when out of memory. */
int takeover_init(struct takeover *h, const char *cache_dir) WARN_UNUSED;
void takeover_clear(struct takeover *h);
/* Tells the predecessor, and remembers our own file.  0, or -1 with errno. */
int takeover_claim(struct takeover *h) WARN_UNUSED;
/* Whether a successor has told us. */
bool takeover_lost(const struct takeover *h);

#endif
