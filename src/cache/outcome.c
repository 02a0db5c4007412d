#include <stdio.h>
#include <string.h>

#include "cache/outcome.h"
#include "base/log.h"
#include "cache/watch.h"

/* True for a text that was not logged already. */
static bool
is_news(struct outcome *o, const char *text)
{
	if (strcmp(o->told, text) == 0)
		return false;
	snprintf(o->told, sizeof(o->told), "%s", text);
	return text[0] != '\0';
}

void
outcome_failed(struct outcome *o, const char *site, const char *reason)
{
	snprintf(o->reason, sizeof(o->reason), "%s", reason);
	if (is_news(o, reason))
		log_error("refresh: scan failed: %s: %s", site, reason);
}

void
outcome_away(struct outcome *o, const char *site,
    const struct rebuild_result *result)
{
	snprintf(o->reason, sizeof(o->reason), "%s", result->reason);
	if (!o->away)
		log_warn("refresh: site is away: %s: %s", site,
		    result->reason);
	o->away = true;
}

void
outcome_well(struct outcome *o, const char *site,
    const struct rebuild_result *result)
{
	if (result->status == REBUILD_WRITTEN)
		log_info("refresh: new snapshot: %s: %zu lists, %lu ms", site,
		    result->lists, result->milliseconds);
	if (o->away)
		log_info("refresh: site is back: %s: %zu lists", site,
		    result->lists);
	if (is_news(o, result->reason))
		log_warn("refresh: %s: %s", site, result->reason);
	o->reason[0] = '\0';
	o->scanned = time(NULL);
	o->away = false;
}

void
outcome_watch(struct outcome *o, const char *dir, int error)
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
outcome_verify(struct outcome *o, const char *dir, bool verify)
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
