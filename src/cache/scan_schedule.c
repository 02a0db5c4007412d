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
	s->not_before = now + (took < s->longest_backoff ? took :
	    s->longest_backoff);
}

static double
next_backoff(const struct scan_schedule *s, double last)
{
	double next = last == 0 ? SCAN_SCHEDULE_BACKOFF : last * 2;

	if (next > s->longest_backoff &&
	    s->longest_backoff > SCAN_SCHEDULE_BACKOFF)
		return s->longest_backoff;
	return next;
}

void
scan_schedule_failed(struct scan_schedule *s, double now)
{
	s->backoff = next_backoff(s, s->backoff);
	s->not_before = now + s->backoff;
}

double
scan_schedule_retry(struct scan_schedule *s, size_t missed)
{
	if (missed > s->missed)
		s->patience = 0;
	s->missed = missed;
	s->patience = missed > 0 ? next_backoff(s, s->patience) : 0;
	return s->patience;
}

void
scan_schedule_well(struct scan_schedule *s)
{
	s->backoff = 0;
}
