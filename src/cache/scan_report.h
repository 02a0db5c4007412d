/*
 * scan_report - what the scans of a site came to: for the status, and for the
 * log, which hears of everything once.
 */
#ifndef CACHE_SCAN_REPORT_H
#define CACHE_SCAN_REPORT_H

#include <stdbool.h>
#include <time.h>

struct rebuild_result;
struct state;

/* Starts as all zeroes. */
struct scan_report {
	bool away;
	time_t scanned; /* the last scan that ended well; 0: none yet */
	unsigned long scans;
	unsigned long milliseconds; /* the last one took */
	char reason[512]; /* of away or of a failure; "" */
	char told[512];   /* the reason that was logged last */
	int watch_error;  /* errno that was logged */
	bool unverified;  /* and that misses are not verified */
};

/* As the last scan before this process left it. */
void scan_report_restore(struct scan_report *o, const struct state *last);
void scan_report_failed(struct scan_report *o, const char *site,
    const char *reason);
void scan_report_away(struct scan_report *o, const char *site,
    const struct rebuild_result *result);
void scan_report_well(struct scan_report *o, const char *site,
    const struct rebuild_result *result);
/* DIR cannot be watched for ERROR; 0: it is watched. */
void scan_report_watch(struct scan_report *o, const char *dir, int error);
/* Whether DIR is asked before an address is absent. */
void scan_report_verify(struct scan_report *o, const char *dir, bool verify);

#endif
