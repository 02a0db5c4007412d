#include <stdio.h>
#include <string.h>

#include "cache/scan_report.h"
#include "base/log.h"
#include "cache/rebuild.h"
#include "cache/state.h"
#include "cache/watch.h"

/* True for a text that was not logged already. */
static bool
is_new_reason(struct scan_report *o, const char *text)
{
	if (strcmp(o->told, text) == 0)
		return false;
	snprintf(o->told, sizeof(o->told), "%s", text);
	return text[0] != '\0';
}

void
scan_report_restore(struct scan_report *o, const struct state *last)
{
	o->away = last->away;
	o->milliseconds = last->milliseconds;
	if (last->away)
		snprintf(o->reason, sizeof(o->reason), "%s", last->reason);
	else
		o->scanned = last->scanned;
}

void
scan_report_failed(struct scan_report *o, const char *site, const char *reason)
{
	snprintf(o->reason, sizeof(o->reason), "%s", reason);
	if (is_new_reason(o, reason))
		log_error("refresh: scan failed: %s: %s", site, reason);
}

void
scan_report_away(struct scan_report *o, const char *site,
    const struct rebuild_result *result)
{
	snprintf(o->reason, sizeof(o->reason), "%s", result->reason);
	if (!o->away)
		log_warn("refresh: site is away: %s: %s", site,
		    result->reason);
	o->away = true;
}

void
scan_report_well(struct scan_report *o, const char *site,
    const struct rebuild_result *result)
{
	if (result->status == REBUILD_WRITTEN)
		log_info("refresh: new snapshot: %s: %zu lists, %lu ms", site,
		    result->lists, result->milliseconds);
	if (o->away)
		log_info("refresh: site is back: %s: %zu lists", site,
		    result->lists);
	if (is_new_reason(o, result->reason))
		log_warn("refresh: %s: %s", site, result->reason);
	o->reason[0] = '\0';
	o->scanned = time(NULL);
	o->away = false;
}

void
scan_report_watch(struct scan_report *o, const char *dir, int error)
{
	if (error == o->watch_error)
		return;
	if (error != 0)
		log_warn("refresh: cannot watch: %s: %s%s", dir,
		    strerror(error), watch_cure(error));
	else
		log_info("refresh: watching again: %s", dir);
	o->watch_error = error;
}

void
scan_report_verify(struct scan_report *o, const char *dir, bool verify)
{
	if (o->unverified == !verify)
		return;
	o->unverified = !verify;
	if (verify)
		log_info("refresh: misses are verified: %s", dir);
	else
		log_warn("refresh: misses are not verified: %s: new lists are "
		    "refused until the next rescan (option verify_misses)",
		    dir);
}
