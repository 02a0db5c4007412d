/*
 * refresh - keeps the snapshots of the daemon's sites fresh, on libev: watch,
 * debounce, child, swap.  A site's snapshot is asked through struct lists.
 *
 *	inotify -> quiet for `debounce' -> fork: rebuild() -> reap -> reopen
 *
 * Besides: a full rescan every `rescan' seconds, and a look at the directory
 * and the snapshot's file every second.
 */
#ifndef CACHE_REFRESH_H
#define CACHE_REFRESH_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct conf_site;
struct ev_loop;
struct lists;
struct mailman;
struct refresh;

#define REFRESH_DEBOUNCE_MAX 2.0 /* seconds that events may put it off */

/* Whether the directory is asked before an address is absent; "auto": not on
 * network filesystems, whose answer may take for ever. */
enum refresh_verify {
	REFRESH_VERIFY_AUTO,
	REFRESH_VERIFY_YES,
	REFRESH_VERIFY_NO
};

struct refresh_options {
	const struct mailman *mailman;
	const struct conf_site *site; /* must outlive it */
	const char *cache_dir;
	double rescan;
	double debounce;
	enum refresh_verify verify;
	/* Called when there is another snapshot; may be NULL. */
	void (*swapped)(void *arg);
	void *arg;
};

/*
 * Opens the snapshot on disk at once, if there is a good one, and starts a
 * scan.  LOOP NULL: no watch, no child, the snapshot as it is (for --direct
 * and for the time before the loop runs).  NULL when out of memory.
 */
struct refresh *refresh_new(struct ev_loop *loop,
    const struct refresh_options *o);
/* New options for the same site, directory and Mailman: what it knows, and
 * what it has seen, stays.  Asks for a scan. */
void refresh_configure(struct refresh *r, const struct refresh_options *o);
/* Stops watching and scanning; what is there is still answered, and what
 * others (a successor) write is still read. */
void refresh_stop(struct refresh *r);
void refresh_free(struct refresh *r);

/* The lists as they are known now; valid as long as the refresh. */
const struct lists *refresh_lists(struct refresh *r);

struct refresh_status {
	bool cached; /* there is a snapshot */
	bool away;
	bool scanning;
	bool watching;
	bool verifying; /* misses */
	size_t lists;
	time_t written; /* the snapshot */
	time_t scanned; /* the last scan that ended well; 0: none yet */
	unsigned long scans; /* that ended, well or not */
	unsigned long milliseconds; /* the last scan took */
	const char *reason; /* of away or of a failure; "" */
	/* LISTS_BASES of them: lists by what they are known from; NULL where
	 * there is only one such thing. */
	const size_t *census;
};
void refresh_status(struct refresh *r, struct refresh_status *st);

#endif
