/*
 * gaps - what a scan could not find out about the entries of a lists directory
 * and from Mailman's files, counted and named, for those who can mend it.
 */
#ifndef CACHE_GAPS_H
#define CACHE_GAPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum gap {
	GAP_DOUBTFUL,     /* entries that could not be looked into */
	GAP_UNREADABLE,   /* lists whose configuration could not be read */
	GAP_BROKEN,       /* lists whose configuration is broken */
	GAP_HOST_UNKNOWN, /* of the last two: no host was ever known */
	GAP_FILES,        /* files of Mailman 3 that are no use now, and why */
	GAPS
};

/* So many bytes of names are kept of each kind, with the NUL. */
#define GAP_NAMES 160

/* All zeroes: there are none. */
struct gaps {
	struct gap_names {
		size_t n;
		char names[GAP_NAMES]; /* the first of them, for people */
	} of[GAPS];
};

/* The word for GAP in a snapshot and in the status. */
const char *gap_word(enum gap gap);
/* Counts NAME; its name is kept while there is room, with the text of the
 * errno ERROR, if that is not 0. */
void gaps_add(struct gaps *g, enum gap gap, struct str name, int error);
bool gaps_equal(const struct gaps *a, const struct gaps *b);

#endif
