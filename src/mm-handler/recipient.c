/*
 * When is mail for an address refused?
 *
 * sendmail asked the daemon first, and the daemon found a list: else the
 * message would not be here.  So a list that is not found now was removed a
 * moment ago, or the disk does not show it, or an old table of sendmail's
 * names it.  A bounce cannot be taken back, a delay can.  The address is
 * refused (EX_NOUSER) only when all of this holds:
 *
 *  1. No site that may have lists at its domain has such a list in its lists
 *     directory, whatever host the list has.
 *  2. Each of these lists directories can be read and has at least one list:
 *     a directory without any may be a volume that is not mounted.
 *  3. Nothing in these directories has the list's name without being a list:
 *     it may be a list that is half made, or a link to a volume that is away.
 *  4. No cache of these sites has the list: what the cache knows and the
 *     directory does not show was removed while the daemon did not look, or
 *     is hidden.  A site of Mailman 3 must have a cache, for its lists may
 *     have no directory at all; a site of Mailman 2.1 may be without one.
 *
 * Otherwise the message waits (EX_TEMPFAIL).  It waits also for an address
 * that sendmail has to route in another way now: one that became a redirect,
 * or a list of a site that takes mail by LMTP.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mm-handler/recipient.h"
#include "base/conf.h"
#include "mailman/disk_lists.h"
#include "mailman/mailman.h"
#include "mailman/resolve.h"
#include "mailman/sites.h"
#include "cache/cache.h"
#include "cache/cached_lists.h"

/* The arrays have an element for each of conf->sites. */
struct recipient_sites {
	const struct conf *conf;
	struct disk_lists *disk;
	struct cached_lists *cached; /* filled when rule 4 opens the caches */
	const struct lists **lists_of; /* a site's disk, or its cache */
	struct sites *sites;           /* on the disk */
	struct sites *known;           /* in the caches, or NULL */
};

static const struct conf_words all_sites;

struct recipient_sites *
recipient_open(const struct conf *conf)
{
	struct recipient_sites *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->conf = conf;
	t->disk = calloc(conf->nsites, sizeof(*t->disk));
	t->lists_of = calloc(conf->nsites, sizeof(*t->lists_of));
	t->cached = calloc(conf->nsites, sizeof(*t->cached));
	if (!t->disk || !t->lists_of || !t->cached)
		goto fail;
	for (size_t i = 0; i < conf->nsites; i++) {
		const struct conf_site *site = &conf->sites[i];

		disk_lists_init(&t->disk[i], mailman_find(site->mailman),
		    site->lists_dir);
		t->lists_of[i] = &t->disk[i].lists;
	}
	t->sites = sites_new(conf, t->lists_of, &all_sites);
	if (t->sites)
		return t;
fail:
	recipient_close(t);
	return NULL;
}

void
recipient_close(struct recipient_sites *t)
{
	if (!t)
		return;
	sites_free(t->sites);
	sites_free(t->known);
	for (size_t i = 0; t->cached && i < t->conf->nsites; i++)
		cached_lists_clear(&t->cached[i]);
	free(t->cached);
	free(t->lists_of);
	free(t->disk);
	free(t);
}

const struct sites *
recipient_sites(const struct recipient_sites *t)
{
	return t->known ? t->known : t->sites;
}

/* Writes why the address cannot be refused; always false. */
static bool __attribute__((format(printf, 3, 4)))
put_doubt(char *reason, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, size, fmt, ap);
	va_end(ap);
	return false;
}

/* The list at the address's own domain, as the daemon answers; else one that
 * has another host, or whose host cannot be read now. */
static enum resolved
find_list(const struct sites *s, const struct address *a, struct route *r)
{
	enum resolved found = resolve(s, a, r);

	return found == RESOLVED_FOUND ? found : resolve_any_host(s, a, r);
}

/* Whether mm-handler is the one that delivers by the route R. */
static bool
check_route(const struct route *r, char *reason, size_t size)
{
	if (r->redirect)
		return put_doubt(reason, size, "is a redirect to %s, which "
		    "sendmail has to follow", r->redirect);
	if (!r->site->mailman->wrapped)
		return put_doubt(reason, size, "is a list of site %s by now, "
		    "which takes mail by LMTP: sendmail has to route it anew",
		    r->site->conf->name);
	return true;
}

/* Whether site I may have lists at the domain of A: all sites may where the
 * domain is nobody's. */
static bool
may_have_lists(const struct recipient_sites *t, size_t i,
    const struct address *a)
{
	const struct domain *d = sites_domain(t->sites, a->domain);

	if (!d || !d->real)
		return true;
	return domain_has_site(d->real, &t->sites->site[i]);
}

/* Rule 2: whether the directories in question show lists at all. */
static bool
check_directories(const struct recipient_sites *t, const struct address *a,
    char *reason, size_t size)
{
	for (size_t i = 0; i < t->conf->nsites; i++) {
		const char *path = t->conf->sites[i].lists_dir;

		if (!may_have_lists(t, i, a))
			continue;
		switch (disk_lists_any(&t->disk[i])) {
		case 1:
			break;
		case 0:
			return put_doubt(reason, size, "%s: holds no list at "
			    "all", path);
		default:
			return put_doubt(reason, size, "%s: %s", path,
			    strerror(errno));
		}
	}
	return true;
}

/* Rule 3: whether no entry has the list's name without being a list. */
static bool
check_entries(struct recipient_sites *t, const struct address *a, char *reason,
    size_t size)
{
	enum resolved found;
	struct route r;

	for (size_t i = 0; i < t->conf->nsites; i++)
		t->disk[i].unfinished_is_no_answer = true;
	found = resolve_any_host(t->sites, a, &r);
	for (size_t i = 0; i < t->conf->nsites; i++)
		t->disk[i].unfinished_is_no_answer = false;
	return found == RESOLVED_ABSENT || put_doubt(reason, size,
	    "what has the list's name in the lists directory is no list now");
}

/*
 * Lets the cache of site I answer in the place of its directory.  A site that
 * has no cache goes on with its directory, which rule 1 has asked already,
 * unless its Mailman has lists that only the cache knows.
 */
static bool
open_cache(struct recipient_sites *t, size_t i, char *reason, size_t size)
{
	const struct conf_site *site = &t->conf->sites[i];
	char *path = cache_path(t->conf->cache_dir, site->name, "cdb");
	struct cached_lists *c = &t->cached[i];
	const char *err;
	bool ok = true;

	if (!path)
		return put_doubt(reason, size, "out of memory");
	cached_lists_init(c, t->disk[i].mailman, false);
	c->fresh.trusted = true; /* it may say "absent" for itself */
	c->cache = cache_open(path, &err);
	if (c->cache)
		t->lists_of[i] = &c->lists;
	else if (errno != ENOENT)
		ok = put_doubt(reason, size, "%s: %s", path, err);
	else if (t->disk[i].mailman->read_files)
		ok = put_doubt(reason, size, "%s: there is no cache, and site "
		    "%s may have lists without a directory", path, site->name);
	free(path);
	return ok;
}

/* Rule 4: whether no cache has the list. */
static bool
check_caches(struct recipient_sites *t, const struct address *a, char *reason,
    size_t size)
{
	struct route r;
	enum resolved found;

	for (size_t i = 0; i < t->conf->nsites; i++)
		if (may_have_lists(t, i, a) && !open_cache(t, i, reason, size))
			return false;
	t->known = sites_new(t->conf, t->lists_of, &all_sites);
	if (!t->known)
		return put_doubt(reason, size, "out of memory");
	found = resolve_any_host(t->known, a, &r);
	if (found == RESOLVED_FOUND)
		return put_doubt(reason, size, "the cache has it, and the "
		    "lists directory does not");
	return found == RESOLVED_ABSENT ||
	    put_doubt(reason, size, "the cache cannot be read");
}

int
recipient_find(struct recipient_sites *t, const struct address *a,
    struct route *r, char *reason, size_t size)
{
	switch (find_list(t->sites, a, r)) {
	case RESOLVED_FOUND:
		return check_route(r, reason, size) ? EX_OK : EX_TEMPFAIL;
	case RESOLVED_NO_ANSWER:
		(void)put_doubt(reason, size, "%s", r->reason);
		return EX_TEMPFAIL;
	case RESOLVED_ABSENT: /* rule 1 */
		break;
	}
	if (!check_directories(t, a, reason, size) ||
	    !check_entries(t, a, reason, size) ||
	    !check_caches(t, a, reason, size))
		return EX_TEMPFAIL;
	snprintf(reason, size, "no list has this address");
	return EX_NOUSER;
}
