/*
 * outcome - what the scans of a site came to: for the status, and for the log,
 * which hears of everything once.
 */
#ifndef CACHE_OUTCOME_H
#define CACHE_OUTCOME_H

#include <stdbool.h>
#include <time.h>

#include "cache/rebuild.h"

/* Starts as all zeroes. */
struct outcome {
	bool away;
	time_t scanned; /* the last scan that ended well; 0: none yet */
	unsigned long scans;
	unsigned long milliseconds; /* the last one took */
	char reason[512]; /* of away or of a failure; "" */
	char told[512];   /* the reason that was logged last */
	int watch_error;  /* errno that was logged */
	bool unverified;  /* and that misses are not verified */
};

void outcome_failed(struct outcome *o, const char *site, const char *reason);
void outcome_away(struct outcome *o, const char *site,
    const struct rebuild_result *result);
void outcome_well(struct outcome *o, const char *site,
    const struct rebuild_result *result);
/* DIR cannot be watched for ERROR; 0: it is watched. */
void outcome_watch(struct outcome *o, const char *dir, int error);
/* Whether DIR is asked before an address is absent. */
void outcome_verify(struct outcome *o, const char *dir, bool verify);

#endif
