#include <stdlib.h>
#include <string.h>

#include "cache/gone.h"

void
gone_burst_add(struct gone_burst *b, double now, double *from)
{
	const bool ran = b->last_quick > 0 && now - b->last_quick < GONE_WINDOW;
	bool quick;

	memmove(b->at, b->at + 1, GONE_BURST * sizeof(b->at[0]));
	b->at[GONE_BURST] = now;
	quick = b->at[0] > 0 && now - b->at[0] < GONE_BURST * GONE_QUICK;
	if (quick)
		b->last_quick = now;
	if (ran)
		*from = now;
	else
		*from = quick ? now - GONE_WINDOW : now + 1;
}

bool
gone_burst_runs(const struct gone_burst *b, double now)
{
	return b->at[0] > 0 && b->at[GONE_BURST] - b->at[0] < GONE_WINDOW &&
	    now - b->at[GONE_BURST] < GONE_WINDOW;
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
	if (g->running && (at->quick || at->at >= g->since))
		return GONE_JUST_NOW;
	return at->quick ? GONE_QUICKLY : GONE_SINGLY;
}
