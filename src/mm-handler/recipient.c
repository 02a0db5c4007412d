#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mm-handler/recipient.h"
#include "base/conf.h"
#include "mailman/disk_lists.h"
#include "mailman/mailman.h"
#include "mailman/resolve.h"
#include "mailman/sites.h"
#include "cache/cache.h"
#include "cache/cached_lists.h"

struct recipient_sites {
	const struct conf *conf;
	struct disk_lists *bare;       /* beside conf->sites, as all below */
	const struct lists **of;
	struct sites *sites;
	struct cached_lists *source;   /* the caches, where they were asked */
};

static const struct conf_words everything;

struct recipient_sites *
recipient_open(const struct conf *conf)
{
	struct recipient_sites *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->conf = conf;
	t->bare = calloc(conf->nsites, sizeof(*t->bare));
	t->of = calloc(conf->nsites, sizeof(*t->of));
	t->source = calloc(conf->nsites, sizeof(*t->source));
	if (!t->bare || !t->of || !t->source)
		goto fail;
	for (size_t i = 0; i < conf->nsites; i++) {
		const struct conf_site *site = &conf->sites[i];

		disk_lists_init(&t->bare[i], mailman_find(site->mailman),
		    site->lists_dir);
		t->of[i] = &t->bare[i].lists;
	}
	t->sites = sites_new(conf, t->of, &everything);
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
	for (size_t i = 0; t->source && i < t->conf->nsites; i++)
		cached_lists_clear(&t->source[i]);
	free(t->source);
	free(t->of);
	free(t->bare);
	free(t);
}

const struct sites *
recipient_sites(const struct recipient_sites *t)
{
	return t->sites;
}

static enum resolved __attribute__((format(printf, 3, 4)))
doubt(char *reason, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, size, fmt, ap);
	va_end(ap);
	return RESOLVED_NO_ANSWER;
}

/* At its own host, as the daemon would say it; else at any. */
static enum resolved
ask(const struct sites *s, const struct address *a, struct route *r)
{
	enum resolved found = resolve(s, a, r);

	return found == RESOLVED_ABSENT ? resolve_any_host(s, a, r) : found;
}

/* Whether site I may have lists at the domain of A. */
static bool
serves(const struct recipient_sites *t, size_t i, const struct address *a)
{
	const struct domain *d = sites_domain(t->sites, a->domain);

	if (!d || !d->real)
		return true;
	return domain_has_site(d->real, &t->sites->site[i]);
}

/* A directory without a single list may be one that is not mounted. */
static enum resolved
check_directories(const struct recipient_sites *t, const struct address *a,
    char *reason, size_t size)
{
	for (size_t i = 0; i < t->conf->nsites; i++) {
		const char *path = t->conf->sites[i].lists_dir;

		if (!serves(t, i, a))
			continue;
		switch (disk_lists_any(&t->bare[i])) {
		case 1:
			break;
		case 0:
			return doubt(reason, size, "%s: holds no list at all",
			    path);
		default:
			return doubt(reason, size, "%s: %s", path,
			    strerror(errno));
		}
	}
	return RESOLVED_ABSENT;
}

/* Half-made lists, and links to where a volume is away. */
static enum resolved
check_entries(struct recipient_sites *t, const struct address *a, char *reason,
    size_t size)
{
	enum resolved found;
	struct route r;

	for (size_t i = 0; i < t->conf->nsites; i++)
		t->bare[i].unfinished_is_no_answer = true;
	found = resolve_any_host(t->sites, a, &r);
	for (size_t i = 0; i < t->conf->nsites; i++)
		t->bare[i].unfinished_is_no_answer = false;
	return found == RESOLVED_ABSENT ? found : doubt(reason, size,
	    "what has the list's name in the lists directory is no list now");
}

/*
 * Opens a site's cache, to be asked in the place of its directory.  Where there
 * is none the directory has been asked already, if that knows all lists.
 */
static enum resolved
open_cache(struct recipient_sites *t, size_t i, char *reason, size_t size)
{
	const struct conf_site *site = &t->conf->sites[i];
	char *path = cache_path(t->conf->cache_dir, site->name, "cdb");
	enum resolved result = RESOLVED_ABSENT;
	struct cached_lists *s = &t->source[i];
	const char *err;

	if (!path)
		return doubt(reason, size, "out of memory");
	cached_lists_init(s, t->bare[i].mailman, site->lists_dir, false);
	s->fresh.trusted = true; /* for what it does not have */
	s->cache = cache_open(path, &err);
	if (s->cache)
		t->of[i] = &s->lists;
	else if (errno != ENOENT)
		result = doubt(reason, size, "%s: %s", path, err);
	else if (t->bare[i].mailman->read_files)
		result = doubt(reason, size, "%s: there is no cache, and site "
		    "%s may have lists without a directory", path, site->name);
	free(path);
	return result;
}

static enum resolved
check_caches(struct recipient_sites *t, const struct address *a, char *reason,
    size_t size)
{
	struct sites *cached;
	struct route r;
	enum resolved found;

	for (size_t i = 0; i < t->conf->nsites; i++)
		if (serves(t, i, a) && open_cache(t, i, reason, size) ==
		    RESOLVED_NO_ANSWER)
			return RESOLVED_NO_ANSWER;
	cached = sites_new(t->conf, t->of, &everything);
	if (!cached)
		return doubt(reason, size, "out of memory");
	found = resolve_any_host(cached, a, &r);
	sites_free(cached);
	if (found == RESOLVED_FOUND)
		return doubt(reason, size, "the cache has it, and the lists "
		    "directory does not");
	if (found == RESOLVED_NO_ANSWER)
		return doubt(reason, size, "the cache cannot be read");
	return RESOLVED_ABSENT;
}

enum resolved
recipient_find(struct recipient_sites *t, const struct address *a,
    struct route *r, char *reason, size_t size)
{
	enum resolved found = ask(t->sites, a, r);

	if (found == RESOLVED_NO_ANSWER)
		return doubt(reason, size, "%s", r->reason);
	if (found == RESOLVED_FOUND && r->redirect)
		return doubt(reason, size, "is a redirect to %s, which "
		    "sendmail has to follow", r->redirect);
	if (found == RESOLVED_FOUND && !r->site->mailman->wrapped)
		return doubt(reason, size, "is a list of site %s by now, which "
		    "takes mail by LMTP: sendmail has to route it anew",
		    r->site->conf->name);
	if (found == RESOLVED_FOUND)
		return found;
	found = check_directories(t, a, reason, size);
	if (found == RESOLVED_ABSENT)
		found = check_entries(t, a, reason, size);
	if (found == RESOLVED_ABSENT)
		found = check_caches(t, a, reason, size);
	if (found == RESOLVED_ABSENT)
		snprintf(reason, size, "no list has this address");
	return found;
}
