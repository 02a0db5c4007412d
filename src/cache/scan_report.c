#include <stdio.h>
#include <string.h>

#include "cache/scan_report.h"
#include "base/log.h"
#include "cache/rebuild.h"
#include "cache/state.h"
#include "cache/watch.h"

/* Whether TEXT is worth a line: not empty, and not what was logged last. */
static bool
is_new_reason(struct scan_report *r, const char *text)
{
	if (strcmp(r->logged, text) == 0)
		return false;
	snprintf(r->logged, sizeof(r->logged), "%s", text);
	return text[0] != '\0';
}

void
scan_report_restore(struct scan_report *r, const struct state *last)
{
	r->away = last->away;
	r->failing = last->failing;
	r->milliseconds = last->milliseconds;
	if (last->away || last->failing)
		snprintf(r->reason, sizeof(r->reason), "%s", last->reason);
	if (!last->away)
		r->scanned = last->scanned;
}

void
scan_report_failed(struct scan_report *r, const char *site, const char *reason)
{
	snprintf(r->reason, sizeof(r->reason), "%s", reason);
	r->put_off[0] = '\0';
	if (is_new_reason(r, reason))
		log_error("refresh: scan failed: %s: %s", site, reason);
}

void
scan_report_undone(struct scan_report *r, const char *site,
    const struct rebuild_result *result)
{
	if (!result->busy) {
		scan_report_failed(r, site, result->reason);
		return;
	}
	/* The next time the text may name another process. */
	if (r->put_off[0] == '\0')
		log_warn("refresh: scan is put off: %s: %s", site,
		    result->reason);
	snprintf(r->put_off, sizeof(r->put_off), "%s", result->reason);
}

void
scan_report_away(struct scan_report *r, const char *site,
    const struct rebuild_result *result)
{
	snprintf(r->reason, sizeof(r->reason), "%s", result->reason);
	r->put_off[0] = '\0';
	if (!r->away || r->failing != result->failing)
		log_warn("refresh: site is %s: %s: %s",
		    result->failing ? "failing" : "away", site,
		    result->reason);
	r->away = true;
	r->failing = result->failing;
}

/* Logs misnamed directories where they are not those of the scan before. */
static void
report_odd_names(struct scan_report *r, const char *site,
    const struct odd_names *odd)
{
	if (odd->misnamed > 0 && (odd->misnamed != r->odd.misnamed ||
	    strcmp(odd->misnamed_text, r->odd.misnamed_text) != 0))
		log_warn("refresh: no address leads to %zu directories that "
		    "look like lists: %s: %s", odd->misnamed, site,
		    odd->misnamed_text);
	r->odd = *odd;
}

void
scan_report_well(struct scan_report *r, const char *site,
    const struct rebuild_result *result)
{
	if (result->status == REBUILD_WRITTEN)
		log_info("refresh: new snapshot: %s: %zu lists, %lu ms", site,
		    result->lists, result->milliseconds);
	if (r->away)
		log_info("refresh: site is back: %s: %zu lists", site,
		    result->lists);
	if (is_new_reason(r, result->reason))
		log_warn("refresh: %s%s: %s", result->failing ?
		    "site is failing: " : "", site, result->reason);
	report_odd_names(r, site, &result->odd);
	snprintf(r->reason, sizeof(r->reason), "%s",
	    result->failing ? result->reason : "");
	r->put_off[0] = '\0';
	r->scanned = time(NULL);
	r->away = false;
	r->failing = result->failing;
}

void
scan_report_watch(struct scan_report *r, const char *dir, int error)
{
	if (error == r->watch_error)
		return;
	if (error != 0)
		log_warn("refresh: cannot watch: %s: %s%s", dir,
		    strerror(error), watch_cure(error));
	else
		log_info("refresh: watching again: %s", dir);
	r->watch_error = error;
}

void
scan_report_verify(struct scan_report *r, const char *dir, bool verify)
{
	if (r->unverified == !verify)
		return;
	r->unverified = !verify;
	if (verify)
		log_info("refresh: misses are verified: %s", dir);
	else
		log_warn("refresh: misses are not verified: %s: new lists are "
		    "refused until the next rescan (option verify_misses)",
		    dir);
}

void
scan_report_stuck(struct scan_report *r, const char *site, const char *why)
{
	if (r->stuck == (why != NULL))
		return;
	r->stuck = why != NULL;
	if (why != NULL)
		log_error("refresh: site is stuck: %s: %s", site, why);
	else
		log_warn("refresh: site is stuck no more: %s", site);
}

const char *
scan_report_overdue(const struct scan_report *r, bool scanning)
{
	if (r->put_off[0] != '\0')
		return r->put_off;
	return scanning ? "the scan of the lists directory takes too long" :
	    NULL;
}

const char *
scan_report_reason(const struct scan_report *r, const char *stuck, bool cached)
{
	if (r->reason[0] == '\0' && stuck != NULL)
		return stuck;
	if (r->reason[0] == '\0' && !cached)
		return r->put_off;
	return r->reason;
}
