/*
 * count_odd - counts the lists of a scan whose names are a hindrance.
 */
#ifndef CACHE_COUNT_ODD_H
#define CACHE_COUNT_ODD_H

struct rebuild_job;

/* Sets the result's odd names, from the scan and the hosts of its lists; they
 * are not complete when memory is out. */
void count_odd(struct rebuild_job *job);

#endif
