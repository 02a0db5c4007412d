/*
 * scan_sites - scans several sites at the same time, each in a child process,
 * for whoever waits for that: a start, `listmapd -t', `listmap rebuild'.
 *
 * A site whose file server is dead keeps neither the others nor the caller
 * waiting.  A child goes through stages, and has so many seconds for each:
 *
 *	SCAN_ASKS	the directory has not answered yet that it is there
 *	SCAN_WAITS	it did; the child waits for the lock
 *	SCAN_READS	the child has the lock, and scans
 *	SCAN_OVER
 */
#ifndef CACHE_SCAN_SITES_H
#define CACHE_SCAN_SITES_H

#include <stdbool.h>
#include <stddef.h>

#include "cache/rebuild.h"

struct account;
struct conf_site;
struct scan_sites;

enum scan_stage { SCAN_ASKS, SCAN_WAITS, SCAN_READS, SCAN_OVER };

struct site_scan {
	/* These are the caller's; ORDER without progress, began and lock.waits,
	 * which are made here. */
	const struct conf_site *site;
	struct rebuild_order order;
	double seconds[SCAN_OVER]; /* for each stage */

	enum scan_stage stage; /* where it is over: the last one it came to */
	bool over;     /* it ended, or took too long, or could not begin */
	bool finished; /* over, and `result' is its result */
	int error;     /* of the directory: why it cannot be looked at, or 0 */
	size_t seen;   /* entries, so far */
	char holder[64]; /* of the lock that it waits for; "": nobody yet */
	/* Where it is over.  REBUILD_FAILED tells also why there is no other
	 * one. */
	struct rebuild_result result;
};

struct scan_sites {
	/* The child becomes it once the directory answered; NULL: nobody. */
	const struct account *account;
	bool look;     /* rebuild_look() in place of rebuild(), and only where
			* `error' is 0 */
	bool modest;   /* as child_be_modest() */
	double end;    /* seconds for all of it; 0: no limit */
	bool spare;    /* a scan that takes too long goes on, unless its
			* directory did not even answer */
	/* Told of each change of a site's scan; or NULL. */
	void (*changed)(void *arg, struct site_scan *s);
	void *arg;
	struct site_scan *scan;
	size_t n;
};

/* Scans, and returns when all are over.  Ends the program when out of
 * memory. */
void scan_sites(struct scan_sites *all);

#endif
