/*
 * clock - measures how much time went by, whatever is done to the wall clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Seconds since some moment in the past (CLOCK_MONOTONIC). */
double clock_seconds(void);

#endif
