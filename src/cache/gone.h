/*
 * gone - the names of lists that somebody saw go, kept as hashes.
 *
 * The watch remembers each entry that was removed or moved away.  The guard
 * of rebuild() believes that a list vanished more easily where the watch saw
 * it go.  Eight bytes a name are enough: a collision makes the guard believe
 * one list too many.
 */
#ifndef CACHE_GONE_H
#define CACHE_GONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* All zeroes: nobody watched, or nothing went. */
struct gone {
	const uint64_t *hash; /* in the order of gone_compare() */
	size_t n;
};

uint64_t gone_hash(struct str name);
/* Compares two hashes by their value, for qsort() and bsearch(). */
int gone_compare(const void *a, const void *b);
bool gone_has(const struct gone *g, struct str name);

#endif
