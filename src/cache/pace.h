/*
 * pace - when the next scan is due.  Pure: the time comes from the caller.
 *
 * After a quiet moment, but not put off by events for ever; not before the
 * back-off after a failure is over; and never more than half of the time.
 */
#ifndef CACHE_PACE_H
#define CACHE_PACE_H

#include <stdbool.h>

#define PACE_BACKOFF 1.0 /* seconds after the first failure, then doubled */

/* Starts as all zeroes but for the two limits.  Seconds. */
struct pace {
	double longest_delay;
	double longest_backoff;
	double first; /* when the scan that is due was asked for first */
	double not_before;
	double backoff;
	bool waiting;
};

/* When to scan if at NOW a scan is asked for, DELAY from then. */
double pace_ask(struct pace *p, double now, double delay);
/* The scan that was due began. */
void pace_began(struct pace *p);
/* It ended, having taken TOOK; and if it failed. */
void pace_ended(struct pace *p, double now, double took);
void pace_failed(struct pace *p, double now);
void pace_well(struct pace *p);

#endif
