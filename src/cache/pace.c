#include "cache/pace.h"

double
pace_ask(struct pace *p, double now, double delay)
{
	double at = now + delay;

	if (!p->waiting)
		p->first = now;
	p->waiting = true;
	if (at > p->first + p->longest_delay)
		at = p->first + p->longest_delay;
	if (at < p->not_before)
		at = p->not_before;
	return at > now ? at : now;
}

void
pace_began(struct pace *p)
{
	p->waiting = false;
}

void
pace_ended(struct pace *p, double now, double took)
{
	p->not_before = now + took;
}

void
pace_failed(struct pace *p, double now)
{
	p->backoff = p->backoff == 0 ? PACE_BACKOFF : p->backoff * 2;
	if (p->backoff > p->longest_backoff &&
	    p->longest_backoff > PACE_BACKOFF)
		p->backoff = p->longest_backoff;
	p->not_before = now + p->backoff;
}

void
pace_well(struct pace *p)
{
	p->backoff = 0;
}
