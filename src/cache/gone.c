#include <stdlib.h>

#include "cache/gone.h"

size_t
gone_burst_add(struct gone_burst *b, double now)
{
	bool runs = gone_burst_runs(b, now);

	if (runs || (b->quick > 0 && now - b->last < GONE_QUICK))
		b->quick++;
	else
		b->quick = 1;
	b->last = now;
	if (runs)
		return 1;
	return b->quick > GONE_BURST ? b->quick : 0;
}

bool
gone_burst_runs(const struct gone_burst *b, double now)
{
	return b->quick > GONE_BURST && now - b->last < GONE_BURST_ENDS;
}

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
	uint64_t x = ((const struct gone_name *)a)->hash;
	uint64_t y = ((const struct gone_name *)b)->hash;

	return (x > y) - (x < y);
}

enum gone_how
gone_find(const struct gone *g, struct str name)
{
	struct gone_name key = { .hash = gone_hash(name) };
	const struct gone_name *at = NULL;

	if (g->n > 0)
		at = bsearch(&key, g->name, g->n, sizeof(key), gone_compare);
	if (at == NULL)
		return GONE_UNSEEN;
	return at->quick ? GONE_QUICKLY : GONE_SINGLY;
}
