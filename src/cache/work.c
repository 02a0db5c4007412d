#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/work.h"

void
work_say(struct work *w, const char *fmt, ...)
{
	struct rebuild_result *r = w->r;
	size_t n = strlen(r->reason);
	va_list ap;

	if (n > 0 && n + 2 < sizeof(r->reason)) {
		memcpy(r->reason + n, "; ", 3);
		n += 2;
	}
	va_start(ap, fmt);
	vsnprintf(r->reason + n, sizeof(r->reason) - n, fmt, ap);
	va_end(ap);
}

int
work_fail(struct work *w, const char *what, const char *path, const char *err)
{
	w->r->status = REBUILD_FAILED;
	w->r->reason[0] = '\0';
	work_say(w, "%s: %s: %s", what, path, err);
	return -1;
}

int
work_away(struct work *w)
{
	w->r->status = REBUILD_AWAY;
	w->r->reason[0] = '\0';
	return -1;
}

void
work_clear(struct work *w)
{
	compare_clear(&w->compare);
	hosts_clear(&w->hosts);
	scan_clear(&w->scan);
	register_clear(&w->reg);
	free(w->extra);
	free(w->path);
}

size_t
work_lists(const struct work *w)
{
	size_t n = w->compare.nkept, i;

	for (i = 0; i < w->scan.n; i++)
		n += !w->scan.list[i].young &&
		    w->scan.list[i].basis != LISTS_PHANTOM;
	for (i = 0; i < w->nextra; i++)
		n += w->extra[i].basis == LISTS_BY_FILE;
	return n;
}

struct rebuild_order
rebuild_order(const struct conf_site *site, const struct mailman *mailman,
    const char *cache_dir)
{
	return (struct rebuild_order){
		.mailman = mailman,
		.site = site->name,
		.lists_dir = site->lists_dir,
		.data_dir = site->data_dir,
		.cache_dir = cache_dir,
		.settle = mailman->settles ? site->settle : 0,
		.domains = site->domains,
		.ndomains = site->ndomains,
	};
}
