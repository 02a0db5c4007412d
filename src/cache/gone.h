/*
 * gone - the names of lists that somebody saw go, kept as hashes.
 *
 * The watch remembers each entry that was removed or moved away.  The guard
 * of rebuild() believes that a list vanished more easily where the watch saw
 * it go by itself.  Entries that went quickly, one upon the other, are a burst:
 * no rmlist does that, but somebody who empties the directory to put a backup
 * there.  Eight bytes a name are enough: a collision makes the guard believe
 * one list too many.
 */
#ifndef CACHE_GONE_H
#define CACHE_GONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Two entries that went within so many seconds went quickly.  Mailman's rmlist
 * takes some 100 ms, rm -r far less than one for each list. */
#define GONE_QUICK 0.01
/* More than so many that went quickly are a burst.  What goes while it runs
 * belongs to it; it is over after this many seconds without any. */
#define GONE_BURST 3
#define GONE_BURST_ENDS 1.0

enum gone_how {
	GONE_UNSEEN, /* nobody saw it go */
	GONE_SINGLY,
	GONE_QUICKLY /* in a burst */
};

struct gone_name {
	uint64_t hash;
	bool quick;
};

/* All zeroes: nobody watched, or nothing went. */
struct gone {
	const struct gone_name *name; /* in the order of gone_compare() */
	size_t n;
	bool running; /* a burst is not over yet */
};

/* The entries that went, one after the other.  All zeroes: none yet. */
struct gone_burst {
	double last;  /* when the last one went, in seconds */
	size_t quick; /* how many in a row went quickly; 0: the first */
};

/*
 * An entry went at NOW.  How many entries, with this one, are to be marked as
 * quick: 0; GONE_BURST + 1 where a burst begins with it, for those before it
 * belong to it; 1 while a burst runs.
 */
size_t gone_burst_add(struct gone_burst *b, double now);
/* Whether a burst runs at NOW. */
bool gone_burst_runs(const struct gone_burst *b, double now);

uint64_t gone_hash(struct str name);
/* Compares two struct gone_name by their hash, for qsort() and bsearch(). */
int gone_compare(const void *a, const void *b);
enum gone_how gone_find(const struct gone *g, struct str name);

#endif
