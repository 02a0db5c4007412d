/*
 * handover - how a daemon learns that a successor took over.
 *
 * A successor started with --take-over replaces the file CACHE_DIR/take-over
 * once it listens.  Whoever sees another file there than when it started has
 * been succeeded: no signal, no process id that may be somebody else's by now,
 * and it works from one container to the next.
 */
#ifndef PROGRAMS_HANDOVER_H
#define PROGRAMS_HANDOVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/str.h"

struct handover {
	char *path;
	bool there; /* the file, when we started */
	dev_t dev;
	ino_t ino;
	long long ctime_ns;
};

/* 0, or -1 when out of memory. */
int handover_init(struct handover *h, const char *cache_dir) WARN_UNUSED;
void handover_clear(struct handover *h);
/* Tells the predecessor, and remembers our own file.  0, or -1 with errno. */
int handover_claim(struct handover *h) WARN_UNUSED;
/* Whether a successor has told us. */
bool handover_lost(const struct handover *h);

#endif
