#include <stdlib.h>

#include "cache/gone.h"

uint64_t
gone_hash(struct str name)
{
	uint64_t h = 0xcbf29ce484222325; /* FNV-1a */

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ (unsigned char)name.p[i]) * 0x100000001b3;
	return h;
}

int
gone_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

bool
gone_has(const struct gone *g, struct str name)
{
	uint64_t h = gone_hash(name);

	return g->n > 0 && bsearch(&h, g->hash, g->n, sizeof(h),
	    gone_compare) != NULL;
}
