#include "cache/scan_schedule.h"

double
scan_schedule_ask(struct scan_schedule *s, double now, double delay)
{
	double at = now + delay;

	if (!s->waiting)
		s->first = now;
	s->waiting = true;
	if (at > s->first + s->longest_delay)
		at = s->first + s->longest_delay;
	if (at < s->not_before)
		at = s->not_before;
	return at > now ? at : now;
}

void
scan_schedule_began(struct scan_schedule *s)
{
	s->waiting = false;
}

void
scan_schedule_ended(struct scan_schedule *s, double now, double took)
{
	s->not_before = now + took;
}

void
scan_schedule_failed(struct scan_schedule *s, double now)
{
	s->backoff = s->backoff == 0 ? SCAN_SCHEDULE_BACKOFF : s->backoff * 2;
	if (s->backoff > s->longest_backoff &&
	    s->longest_backoff > SCAN_SCHEDULE_BACKOFF)
		s->backoff = s->longest_backoff;
	s->not_before = now + s->backoff;
}

void
scan_schedule_well(struct scan_schedule *s)
{
	s->backoff = 0;
}
