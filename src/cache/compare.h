/*
 * compare - what changed between an old snapshot and a scan of the directory.
 *
 * compare() goes through the old snapshot and looks for each of its entries in
 * the scan.  From an entry whose file is still the same the scan takes over
 * the host, so that nobody has to read the file again.  Entries that the scan
 * lacks are counted, for the guard of rebuild() decides by their number
 * whether to believe the scan.
 */
#ifndef CACHE_COMPARE_H
#define CACHE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/gaps.h"
#include "cache/record.h"

struct cache;
struct hosts;
struct rebuild_order;
struct scan;

/* A list that the scan lacks and that may still be there.  The new snapshot has
 * it as the old one had it. */
struct kept {
	char *name;
	struct record record;
};

/* A list whose directory went, and the stamp of Mailman's files as they were
 * then (postfix_files.h): as long as they are those, their word is older. */
struct went {
	char *name;
	uint64_t stamp;
};

struct compare {
	const struct rebuild_order *o;
	struct scan *scan;
	struct hosts *hosts;

	/* The old snapshot. */
	uint64_t old_stamp; /* of Mailman's files (record.h) */
	struct gaps old_gaps;
	size_t entries;     /* records that stand for a directory */
	size_t dir_lists;   /* of these: lists, or what was one before */
	size_t nones;       /* the other records, of LISTS_NONE */

	/* The old snapshot and the scan. */
	bool other_dir; /* they are of different directories */
	size_t same;    /* entries that need no new record */
	size_t missing; /* of dir_lists: the scan lacks them */
	size_t unseen;  /* of missing: the watch did not see them go */
	size_t quick;   /* of missing: they went in a burst (gone.h) */
	struct kept *kept; /* lists that stay although the scan lacks them */
	size_t nkept;
	/* Lists without a directory, which stay where nobody can say whether
	 * Mailman's files still name them. */
	struct kept *unnamed;
	size_t nunnamed;
	bool burst; /* some of them because the burst is not over */
	/* Missing lists, and those that were missing before and that Mailman's
	 * files still named then (LISTS_GONE). */
	struct went *gone;
	size_t ngone;

	size_t next, next_none; /* where the scan is searched first */
};

/*
 * Compares OLD with SCAN.  0, or -1 with errno: OLD is broken (EPROTO), or out
 * of memory.  The caller clears *C in both cases.
 *
 * An entry of SCAN learns last_basis, known, and host or last_host; one that
 * could not be looked into learns what was known of its file.  The hosts'
 * names belong to HOSTS.  O, SCAN and HOSTS must outlive C.
 */
int compare(struct compare *c, const struct rebuild_order *o,
    struct scan *scan, struct hosts *hosts, struct cache *old) WARN_UNUSED;
/* Puts the `unnamed' among those that stay.  0, or -1 when out of memory. */
int compare_keep_unnamed(struct compare *c) WARN_UNUSED;
/* Whether a new snapshot would have the same entries as the old one: the same
 * lists with the same files, and the same names of what is no list. */
bool compare_unchanged(const struct compare *c);
void compare_clear(struct compare *c);

#endif
