/*
 * state - the result of a site's last scan, in the file CACHE_DIR/SITE.state.
 *
 * It tells those who did not scan themselves what a snapshot is worth:
 * `listmap --direct', and a daemon that starts.  Where the snapshot is gone,
 * the guard of rebuild() learns here how many lists there were.
 *
 * The file's mtime is the time of the last scan; a scan that changed nothing
 * sets only that.
 */
#ifndef CACHE_STATE_H
#define CACHE_STATE_H

#include <stdbool.h>
#include <time.h>

#include "base/str.h"

struct rebuild_result;

struct state {
	bool away;      /* the last scan did not believe the directory */
	/* Too many lists vanished, and no scan found all of them back. */
	bool lost;
	bool failing;   /* as in struct rebuild_result */
	size_t lists;   /* in the last scan that was believed */
	time_t scanned; /* when the last scan ended, seconds since the epoch */
	unsigned long milliseconds; /* that the last scan took */
	char reason[512]; /* as in struct rebuild_result */
};

/* 0 and *S, or -1 where there is no file that can be read and understood. */
int state_read(const char *cache_dir, const char *site, struct state *s)
    WARN_UNUSED;
/* Writes what the scan with the result *R came to.  0, or -1 with errno. */
int state_write(const char *cache_dir, const char *site,
    const struct rebuild_result *r);

#endif
