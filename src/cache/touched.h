/*
 * touched - the names of entries of which an event told since the snapshot was
 * made, kept as hashes.
 *
 * A name leaves the set only by a scan that began after its event was read:
 * what an earlier scan read of the directory may be older than the event.  A
 * collision of hashes makes somebody ask the disk once more than he had to.
 */
#ifndef CACHE_TOUCHED_H
#define CACHE_TOUCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* So many names are remembered. */
#define TOUCHED_MAX 100000

struct touched_name;

/* All zeroes: nothing was touched. */
struct touched {
	struct touched_name *name; /* a hash table; NULL: there is none yet */
	size_t n;
	size_t size;    /* places in the table, a power of two */
	uint64_t scans; /* how many scans began */
};

/* Adds NAME.  0, or -1 where it cannot be remembered: out of memory, or too
 * many are. */
int touched_add(struct touched *t, struct str name) WARN_UNUSED;
/* Whether NAME was touched. */
bool touched_has(const struct touched *t, struct str name);

/* A scan begins. */
void touched_scan_began(struct touched *t);
/* The scan that began last ended well: forgets what was touched before it. */
void touched_scan_well(struct touched *t);

/* Forgets all, and frees the memory. */
void touched_clear(struct touched *t);

#endif
