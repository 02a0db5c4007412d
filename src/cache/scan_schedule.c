#include "cache/scan_schedule.h"

double
scan_schedule_ask(struct scan_schedule *p, double now, double delay)
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
scan_schedule_began(struct scan_schedule *p)
{
	p->waiting = false;
}

void
scan_schedule_ended(struct scan_schedule *p, double now, double took)
{
	p->not_before = now + took;
}

void
scan_schedule_failed(struct scan_schedule *p, double now)
{
	p->backoff = p->backoff == 0 ? SCAN_SCHEDULE_BACKOFF : p->backoff * 2;
	if (p->backoff > p->longest_backoff &&
	    p->longest_backoff > SCAN_SCHEDULE_BACKOFF)
		p->backoff = p->longest_backoff;
	p->not_before = now + p->backoff;
}

void
scan_schedule_well(struct scan_schedule *p)
{
	p->backoff = 0;
}
