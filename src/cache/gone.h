/*
 * gone - the names of lists that somebody saw go, kept as hashes.
 *
 * The watch remembers each entry that was removed or moved away.  The guard
 * of rebuild() believes that a list vanished more easily where the watch saw
 * it go by itself.  Entries that went quickly, one upon the other, are a burst:
 * no rmlist does that, but somebody who empties the directory to put a backup
 * there.  The hash of a name is enough: a collision makes the guard believe
 * one list too many.
 */
#ifndef CACHE_GONE_H
#define CACHE_GONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Entries went quickly where less than so many seconds lie between two of them,
 * on the average.  Mailman's rmlist takes some 100 ms, rm -r far less than one
 * for each list; but a loaded machine lets it run by strokes. */
#define GONE_QUICK 0.03
/* More than so many that went quickly are a burst. */
#define GONE_BURST 3
/* What went so many seconds before it, or goes so many seconds after its last
 * quick one, belongs to it.  And while more than GONE_BURST went in such a
 * time, quickly or not, nobody can tell what that will be. */
#define GONE_WINDOW 2.0

enum gone_how {
	GONE_UNSEEN,  /* nobody saw it go */
	GONE_SINGLY,
	GONE_QUICKLY, /* in a burst */
	GONE_JUST_NOW /* that may be a burst: it is not over yet */
};

struct gone_name {
	uint64_t hash;
	double at;  /* when it went, in seconds */
	bool quick; /* in a burst */
};

/* All zeroes: nobody watched, or nothing went. */
struct gone {
	const struct gone_name *name; /* in the order of gone_compare() */
	size_t n;
	/* More may go in a moment: of what went since then nobody knows how. */
	bool running;
	double since;
};

/* The entries that went, one after the other.  All zeroes: none yet. */
struct gone_burst {
	double at[GONE_BURST + 1]; /* when the last ones went; 0: fewer did */
	double last_quick;         /* the last one that went in a burst */
};

/* An entry went at NOW.  Those that went since *FROM, with this one, are in a
 * burst; none is where *FROM becomes later than NOW. */
void gone_burst_add(struct gone_burst *b, double now, double *from);
/* Whether more may go in a moment, at NOW. */
bool gone_burst_runs(const struct gone_burst *b, double now);

uint64_t gone_hash(struct str name);
/* Compares two struct gone_name by their hash, for qsort() and bsearch(). */
int gone_compare(const void *a, const void *b);
enum gone_how gone_find(const struct gone *g, struct str name);

#endif
