#include <stdlib.h>
#include <string.h>

#include "cache/count_odd.h"
#include "base/conf.h"
#include "base/str.h"
#include "mailman/entry.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"
#include "mailman/odd_names.h"
#include "mailman/scan.h"
#include "cache/hosts.h"
#include "cache/rebuild.h"
#include "cache/rebuild_job.h"

static int
compare_domain_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
compare_with_domain_name(const void *key, const void *name)
{
	return str_cmp(*(const struct str *)key,
	    str_from(*(char *const *)name));
}

/* The domains of a site: those that the configuration names, sorted, and the
 * hosts of its lists. */
struct site_domains {
	const char **name;
	size_t n;
	const struct hosts *hosts;
};

static bool
is_site_domain(const void *arg, struct str name)
{
	const struct site_domains *d = arg;

	return name.n > 0 && (hosts_find(d->hosts, name) ||
	    (d->n > 0 && bsearch(&name, d->name, d->n, sizeof(*d->name),
	        compare_with_domain_name)));
}

void
count_odd(struct rebuild_job *job)
{
	const struct rebuild_order *o = job->o;
	struct odd_names *odd = &job->r->odd;
	struct site_domains d = { .hosts = &job->hosts };

	*odd = job->scan.odd;
	d.name = calloc(o->ndomains + 1, sizeof(*d.name));
	if (!d.name)
		return;
	for (size_t i = 0; i < o->ndomains; i++)
		d.name[d.n++] = o->domains[i].name;
	qsort(d.name, d.n, sizeof(*d.name), compare_domain_names);
	for (size_t i = 0; i < job->scan.n; i++) {
		const struct scan_list *l = &job->scan.list[i];
		struct str name = str_from(l->name);
		const char *why;

		if (l->basis == LISTS_PHANTOM || l->basis == LISTS_GONE)
			continue;
		why = o->mailman->misnamed(name, is_site_domain, &d);
		if (why)
			odd_names_misnamed(odd, name, why);
		else if (o->mailman->wrapped && !entry_name_is_plain(name))
			odd_names_unaliased(odd, name);
	}
	odd->complete = true;
	free(d.name);
}
