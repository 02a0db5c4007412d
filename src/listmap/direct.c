#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "listmap/direct.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/str.h"
#include "wire/socketmap.h"
#include "mailman/mailman.h"
#include "mailman/sites.h"
#include "cache/direct_lists.h"
#include "cache/gaps.h"
#include "maps/maps.h"
#include "answer/answer.h"
#include "answer/configuration.h"

struct direct {
	struct conf *conf;
	struct direct_lists **lists;   /* of each of conf->sites */
	const struct lists **lists_of; /* to ask them */
	struct answer *answer;
};

/* 0, or -1 when out of memory. */
static int
open_lists(struct direct *d)
{
	const size_t n = d->conf->nsites;

	d->lists = calloc(n, sizeof(*d->lists));
	d->lists_of = calloc(n, sizeof(*d->lists_of));
	for (size_t i = 0; d->lists && d->lists_of && i < n; i++) {
		const struct conf_site *site = &d->conf->sites[i];

		d->lists[i] = direct_lists_new(mailman_find(site->mailman),
		    site, d->conf->cache_dir);
		if (!d->lists[i])
			return -1;
		d->lists_of[i] = direct_lists_of(d->lists[i]);
	}
	return d->lists && d->lists_of ? 0 : -1;
}

struct direct *
direct_open(const char *conf_path)
{
	struct conf *conf = configuration_need(conf_path);
	struct direct *d = calloc(1, sizeof(*d));

	if (d)
		d->conf = conf;
	if (d && open_lists(d) == 0)
		d->answer = answer_new(conf, d->lists_of, NULL, NULL);
	if (!d || !d->answer)
		fatal(EX_OSERR, "out of memory");
	return d;
}

void
direct_close(struct direct *d)
{
	answer_free(d->answer);
	for (size_t i = 0; i < d->conf->nsites; i++)
		direct_lists_free(d->lists[i]);
	free(d->lists);
	free(d->lists_of);
	conf_free(d->conf);
	free(d);
}

const struct map *
direct_map(struct direct *d, const char *name, const struct sites **sites)
{
	const struct map *map = answer_map(d->answer, str_from(name), sites);

	struct buf names;

	if (map)
		return map;
	buf_init(&names, SOCKETMAP_REPLY_MAX);
	answer_put_names(d->answer, str_from(name), &names);
	fatal(EX_USAGE, "%s: no map has that name: %s", name,
	    buf_cstr(&names));
}

const struct sites *
direct_sites(const struct direct *d)
{
	return answer_sites(d->answer);
}

struct sites *
direct_any_host(const struct direct *d)
{
	const struct conf_words everything = { 0 };
	struct sites *s = sites_new(d->conf, d->lists_of, &everything);

	if (!s)
		fatal(EX_OSERR, "out of memory");
	sites_ignore_hosts(s);
	return s;
}

const struct map *
direct_enumerable(struct direct *d, const char *name, enum map_form form,
    const struct sites **sites)
{
	static const char *const why_not[] = {
		[MAP_DUMP] = "its answers have no end",
		[MAP_SHARED] = "--shared has no meaning for it",
		[MAP_STANDALONE] = "--standalone has no meaning for it",
	};
	const struct map *map = direct_map(d, name, sites);

	if (!map_has(map, form))
		fatal(EX_USAGE, "%s: %s", name, why_not[form]);
	return map;
}

/* Whether an address of SITE may have no answer because its list's host is
 * unknown: at shared domains alone (HOSTS in listmap.conf(5)). */
static bool
needs_hosts(const struct conf_site *site)
{
	bool shared = site->discover || site->ndomains == 0;

	for (size_t i = 0; i < site->ndomains; i++)
		shared |= !site->domains[i].dedicated;
	return shared && strcmp(site->hosts, "any") != 0;
}

/*
 * Whether the cache of SITE tells all addresses there are.  A table without
 * lists whose entry or host nobody knows now would refuse their mail until
 * somebody makes it again.  That a broken list has no host lasts, so it is only
 * said.
 */
static bool
tells_all_lists(const struct conf_site *site, const struct gaps *gaps)
{
	const struct gap_names *doubtful = &gaps->of[GAP_DOUBTFUL];
	const struct gap_names *unknown = &gaps->of[GAP_HOST_UNKNOWN];
	const struct gap_names *files = &gaps->of[GAP_FILES];

	if (unknown->n > 0)
		log_warn("site %s: left out at shared domains, or anywhere if "
		    "their files are links that lead nowhere: %s", site->name,
		    unknown->names);
	if (doubtful->n > 0)
		log_error("site %s: lists may be missing, for not all could be "
		    "looked into: %s", site->name, doubtful->names);
	if (files->n > 0)
		log_error("site %s: lists may be missing, for Mailman's files "
		    "in %s are no use: %s", site->name, site->data_dir,
		    files->names);
	return doubtful->n == 0 && files->n == 0 && (unknown->n == 0 ||
	    !needs_hosts(site) || gaps->of[GAP_UNREADABLE].n == 0);
}

static bool
all_lists_are_told(const struct direct *d)
{
	bool all = true;

	for (size_t i = 0; i < d->conf->nsites; i++) {
		struct gaps gaps;

		direct_lists_gaps(d->lists[i], &gaps);
		all &= tells_all_lists(&d->conf->sites[i], &gaps);
	}
	return all;
}

int
direct_each(struct direct *d, const char *name, enum map_form form,
    map_emit_fn *emit, void *arg)
{
	const struct sites *sites;
	const struct map *map = direct_enumerable(d, name, form, &sites);
	int rc = map_each(map, form, sites, emit, arg);

	if (rc == 0)
		return all_lists_are_told(d) ? EX_OK : EX_TEMPFAIL;
	log_error("%s: the lists cannot be read: is there a cache "
	    "(listmap rebuild)?", name);
	return EX_TEMPFAIL;
}
