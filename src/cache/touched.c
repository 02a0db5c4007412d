#include <stdlib.h>

#include "cache/touched.h"
#include "base/str.h"
#include "cache/gone.h"

#define TOUCHED_FIRST 64

struct touched_name {
	uint64_t hash;  /* 0: the place is free */
	uint64_t scans; /* how many scans had begun when it was touched */
};

/* A hash that is 0 would be a free place. */
static uint64_t
hash_touched(struct str name)
{
	uint64_t hash = gone_hash(name);

	return hash != 0 ? hash : 1;
}

/* The place of HASH in the table of SIZE places, or the free one where it
 * belongs; there always is one. */
static struct touched_name *
find_touched(struct touched_name *table, size_t size, uint64_t hash)
{
	size_t i = (size_t)hash & (size - 1);

	while (table[i].hash != 0 && table[i].hash != hash)
		i = (i + 1) & (size - 1);
	return &table[i];
}

/* Copies the names that were touched after SCANS scans had begun, or later,
 * into a new table of SIZE places.  0, or -1 when out of memory. */
static int
move_names(struct touched *t, size_t size, uint64_t scans)
{
	struct touched_name *table = calloc(size, sizeof(*table));
	size_t n = 0;

	if (table == NULL)
		return -1;
	for (size_t i = 0; i < t->size; i++) {
		const struct touched_name *old = &t->name[i];

		if (old->hash == 0 || old->scans < scans)
			continue;
		*find_touched(table, size, old->hash) = *old;
		n++;
	}
	free(t->name);
	t->name = table;
	t->size = size;
	t->n = n;
	return 0;
}

int
touched_add(struct touched *t, struct str name)
{
	const uint64_t hash = hash_touched(name);
	struct touched_name *place;

	if (2 * (t->n + 1) > t->size &&
	    (t->n >= TOUCHED_MAX || move_names(t,
	        t->size == 0 ? TOUCHED_FIRST : 2 * t->size, 0) == -1))
		return -1;
	place = find_touched(t->name, t->size, hash);
	t->n += place->hash == 0;
	*place = (struct touched_name){ hash, t->scans };
	return 0;
}

bool
touched_has(const struct touched *t, struct str name)
{
	return t->n > 0 &&
	    find_touched(t->name, t->size, hash_touched(name))->hash != 0;
}

void
touched_scan_began(struct touched *t)
{
	t->scans++;
}

/* Where there is no memory for a smaller table the names stay, which does no
 * harm. */
void
touched_scan_well(struct touched *t)
{
	size_t size = TOUCHED_FIRST, left = 0;

	for (size_t i = 0; i < t->size; i++)
		left += t->name[i].hash != 0 && t->name[i].scans >= t->scans;
	if (left == 0) {
		free(t->name);
		*t = (struct touched){ .scans = t->scans };
		return;
	}
	while (size < 2 * (left + 1))
		size *= 2;
	(void)move_names(t, size, t->scans);
}

void
touched_clear(struct touched *t)
{
	free(t->name);
	*t = (struct touched){ 0 };
}
