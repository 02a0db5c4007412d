/*
 * gone - the names of lists that were seen to go, as hashes: what the watch
 * remembers, and the guard asks before it believes that lists vanished.
 */
#ifndef CACHE_GONE_H
#define CACHE_GONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* All zeroes: nobody watched. */
struct gone {
	const uint64_t *hash; /* sorted */
	size_t n;
};

uint64_t gone_hash(struct str name);
/* For qsort(): the order in which they are kept. */
int gone_compare(const void *a, const void *b);
bool gone_has(const struct gone *g, struct str name);

#endif
