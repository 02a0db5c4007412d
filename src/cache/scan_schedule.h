/*
 * scan_schedule - decides when the next scan begins.  Pure: the time comes
 * from the caller.
 *
 * A scan begins a quiet moment after the last request for it, but requests
 * cannot put it off for longer than `longest_delay'.  It does not begin before
 * the back-off after a failure is over, and not before as much time passed
 * since the last scan as that one took: scans take half of the time at most.
 */
#ifndef CACHE_SCAN_SCHEDULE_H
#define CACHE_SCAN_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

/* Seconds after the first failure; each further failure doubles them. */
#define SCAN_SCHEDULE_BACKOFF 1.0

/* Starts as all zeroes but for the two limits.  All in seconds, of any clock
 * that does not jump. */
struct scan_schedule {
	double longest_delay;
	double longest_backoff;
	double first;      /* when the scan that waits was requested first */
	double not_before; /* no scan begins earlier */
	double backoff;    /* the last one; 0: the last scan was good */
	double patience;   /* the last scan_schedule_retry(); 0: none */
	size_t missed;     /* its argument */
	bool waiting;      /* a scan was requested and has not begun */
};

/* A scan is requested at NOW, to begin DELAY later.  When it is to begin; at
 * NOW at the earliest. */
double scan_schedule_ask(struct scan_schedule *s, double now, double delay);
/* The scan that was requested began. */
void scan_schedule_began(struct scan_schedule *s);
/* It ended at NOW and had taken TOOK seconds, in which it may have hung.  Then
 * it failed, or went well, or neither. */
void scan_schedule_ended(struct scan_schedule *s, double now, double took);
void scan_schedule_failed(struct scan_schedule *s, double now);
void scan_schedule_well(struct scan_schedule *s);
/*
 * It went well, and could not find out MISSED things, which a later one may:
 * after how many seconds to try; 0: not.  Where they are more than before, some
 * are new and may pass in a moment, however old the others are.  Other scans
 * need not wait for that.
 */
double scan_schedule_retry(struct scan_schedule *s, size_t missed);

#endif
