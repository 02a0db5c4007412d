/*
 * refresh - keeps the snapshot of one site of the daemon fresh, on libev.
 *
 *	inotify -> quiet for `debounce' -> child: rebuild() -> swap
 *
 * A site is scanned besides every `rescan' seconds.  Every second its
 * directory is looked at, and its snapshot, which others may write as well.
 * Look-ups reach the lists through struct lists (refresh_lists()).
 */
#ifndef CACHE_REFRESH_H
#define CACHE_REFRESH_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "cache/gaps.h"

struct asking;
struct conf_site;
struct ev_loop;
struct lists;
struct mailman;
struct odd_names;
struct refresh;

struct refresh_options {
	const struct mailman *mailman;
	const struct conf_site *site; /* must outlive it */
	const char *cache_dir; /* likewise */
	double rescan;         /* seconds from one rescan to the next */
	double debounce;       /* quiet seconds before a scan after a change */
	/* The disk is asked before an address is absent (the option
	 * verify_misses). */
	bool verify;
	struct asking *asking; /* whose look-up is made (inquiry.h) */
	/* Called with ARG and refresh_lists() after another snapshot took the
	 * place of the one before; SAME_HOSTS as cache_same_hosts() of the two
	 * says.  May be NULL. */
	void (*swapped)(void *arg, const struct lists *lists,
	    bool same_hosts);
	void *arg;
};

/*
 * Opens the snapshot on disk, if there is a good one, and calls nothing on the
 * lists directory.  NULL when out of memory.
 */
struct refresh *refresh_new(struct ev_loop *loop,
    const struct refresh_options *o);
/* Begins to watch, and a scan, on the loop of R, once. */
void refresh_start(struct refresh *r);
/* Takes new options for the same site, directory and Mailman.  What R knows
 * and has seen stays.  Requests a scan. */
void refresh_configure(struct refresh *r, const struct refresh_options *o);
/* Stops watching and scanning.  R still answers, and still takes the snapshots
 * that others (a successor) write. */
void refresh_stop(struct refresh *r);
/* R may be NULL. */
void refresh_free(struct refresh *r);

/* The lists as they are known now; they live as long as R. */
const struct lists *refresh_lists(struct refresh *r);

struct refresh_status {
	bool cached;    /* there is a snapshot */
	bool away;      /* the last scan did not believe the directory */
	bool failing;   /* somebody has to do something: see `reason' */
	bool stuck;     /* scans of the directory do not end */
	bool scanning;  /* a child runs, or what it made is put in place */
	bool watching;  /* inotify watches the directory */
	bool verifying; /* the directory is asked before "absent" */
	size_t lists;   /* in the snapshot */
	time_t written; /* when the snapshot was written; 0: there is none */
	time_t scanned; /* when the last scan ended well; 0: none did yet */
	unsigned long scans;        /* how many ended, well or not */
	unsigned long milliseconds; /* how long the last one took */
	const char *reason; /* why it is away, failed or failing, or "" */
	struct gaps gaps;   /* what the scan of the snapshot did not find out */
	/* How many entries are known from what, LISTS_BASES numbers; NULL
	 * where Mailman writes no files about its lists. */
	const size_t *census;
	const struct odd_names *odd; /* of the last scan that ended well */
};
/* What *ST points to is valid until the loop turns. */
void refresh_status(struct refresh *r, struct refresh_status *st);

#endif
