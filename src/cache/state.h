/*
 * state - what the last scan of a site came to, beside its snapshot: for
 * those who read without the daemon (--direct, status).  CACHE_DIR/SITE.state
 *
 * Its mtime is the time of the last scan; an unchanged scan sets only that.
 */
#ifndef CACHE_STATE_H
#define CACHE_STATE_H

#include <stdbool.h>
#include <time.h>

#include "base/str.h"

struct rebuild_result;

struct state {
	bool away;      /* the last scan met no directory to believe */
	size_t lists;   /* in the last scan that was to be believed */
	time_t scanned; /* seconds since the epoch */
	unsigned long milliseconds; /* that the last scan took */
	char reason[512];
};

/* 0, or -1 where there is none that can be read. */
int state_read(const char *cache_dir, const char *site, struct state *s)
    WARN_UNUSED;
/* 0, or -1 with errno. */
int state_write(const char *cache_dir, const char *site,
    const struct rebuild_result *r);

#endif
