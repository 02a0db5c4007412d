/*
 * scan_schedule - when the next scan is due.  Pure: the time comes from the
 * caller.
 *
 * After a quiet moment, but not put off by events for ever; not before the
 * back-off after a failure is over; and never more than half of the time.
 */
#ifndef CACHE_SCAN_SCHEDULE_H
#define CACHE_SCAN_SCHEDULE_H

#include <stdbool.h>

#define SCAN_SCHEDULE_BACKOFF \
	1.0 /* seconds after the first failure, then doubled */

/* Starts as all zeroes but for the two limits.  Seconds. */
struct scan_schedule {
	double longest_delay;
	double longest_backoff;
	double first; /* when the scan that is due was asked for first */
	double not_before;
	double backoff;
	bool waiting;
};

/* When to scan if at NOW a scan is asked for, DELAY from then. */
double scan_schedule_ask(struct scan_schedule *p, double now, double delay);
/* The scan that was due began. */
void scan_schedule_began(struct scan_schedule *p);
/* It ended, having taken TOOK; and if it failed. */
void scan_schedule_ended(struct scan_schedule *p, double now, double took);
void scan_schedule_failed(struct scan_schedule *p, double now);
void scan_schedule_well(struct scan_schedule *p);

#endif
