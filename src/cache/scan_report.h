/*
 * scan_report - remembers what the scans of a site came to, for the status, and
 * logs it.
 *
 * A scan repeats, and so does what is wrong.  The report keeps what it logged
 * last and is silent while that stays the same.
 */
#ifndef CACHE_SCAN_REPORT_H
#define CACHE_SCAN_REPORT_H

#include <stdbool.h>
#include <time.h>

#include "mailman/odd_names.h"

struct rebuild_result;
struct state;

/* Starts as all zeroes. */
struct scan_report {
	bool away;      /* the last scan did not believe the directory */
	bool failing;   /* as in struct rebuild_result */
	time_t scanned; /* when a scan ended well last; 0: none did yet */
	unsigned long scans;        /* how many ended, well or not */
	unsigned long milliseconds; /* how long the last one took */
	char reason[512]; /* why it is away, failed or failing, or "" */
	char put_off[512]; /* why the last scan could not begin, or "" */
	char logged[512]; /* the reason that was logged last */
	int watch_error;  /* the errno that was logged last; 0: it watches */
	bool unverified;  /* it was logged that misses are not verified */
	bool stuck;       /* it was logged that the site is stuck */
	struct odd_names odd; /* of the last scan that ended well */
};

/* Takes what the last scan before this process came to. */
void scan_report_restore(struct scan_report *r, const struct state *last);
/* A scan ended.  The log calls it by SITE's name. */
void scan_report_failed(struct scan_report *r, const char *site,
    const char *reason);
/* REBUILD_FAILED; where another process has the lock, that says nothing about
 * the directory. */
void scan_report_undone(struct scan_report *r, const char *site,
    const struct rebuild_result *result);
void scan_report_away(struct scan_report *r, const char *site,
    const struct rebuild_result *result);
void scan_report_well(struct scan_report *r, const char *site,
    const struct rebuild_result *result);
/* DIR cannot be watched; ERROR is the errno, and 0 where it is watched. */
void scan_report_watch(struct scan_report *r, const char *dir, int error);
/* The site is stuck for the reason WHY; NULL: it is not. */
void scan_report_stuck(struct scan_report *r, const char *site,
    const char *why);
/* What holds up the scans, none of which ended for too long; NULL: nothing
 * that is known.  SCANNING is whether one runs. */
const char *scan_report_overdue(const struct scan_report *r, bool scanning);
/* Why all is not well, or "".  STUCK as in scan_report_stuck(); CACHED is
 * whether look-ups have a snapshot. */
const char *scan_report_reason(const struct scan_report *r, const char *stuck,
    bool cached);
/* VERIFY is whether DIR is asked before an address is absent. */
void scan_report_verify(struct scan_report *r, const char *dir, bool verify);

#endif
