#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs/target.h"
#include "cache/cache.h"
#include "cache/source.h"
#include "mailman/bare.h"

struct targets {
	const struct conf *conf;
	struct bare *bare;       /* beside conf->sites, as all below */
	const struct lists **of;
	struct sites *sites;
	struct source *source;   /* the caches, where they were asked */
};

static const struct conf_words everything;

struct targets *
targets_new(const struct conf *conf)
{
	struct targets *t = calloc(1, sizeof(*t));

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

		bare_init(&t->bare[i], mailman_find(site->mailman),
		    site->lists_dir);
		t->of[i] = &t->bare[i].lists;
	}
	t->sites = sites_new(conf, t->of, &everything);
	if (t->sites)
		return t;
fail:
	targets_free(t);
	return NULL;
}

void
targets_free(struct targets *t)
{
	if (!t)
		return;
	sites_free(t->sites);
	for (size_t i = 0; t->source && i < t->conf->nsites; i++)
		source_clear(&t->source[i]);
	free(t->source);
	free(t->of);
	free(t->bare);
	free(t);
}

const struct sites *
targets_sites(const struct targets *t)
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
serves(const struct targets *t, size_t i, const struct address *a)
{
	const struct domain *d = sites_domain(t->sites, a->domain);

	if (!d || !d->real)
		return true;
	for (size_t j = 0; j < d->real->nsites; j++)
		if (d->real->site[j] == &t->sites->site[i])
			return true;
	return false;
}

/* A directory without a single list may be one that is not mounted. */
static enum resolved
check_directories(const struct targets *t, const struct address *a,
    char *reason, size_t size)
{
	for (size_t i = 0; i < t->conf->nsites; i++) {
		const char *path = t->conf->sites[i].lists_dir;

		if (!serves(t, i, a))
			continue;
		switch (bare_inhabited(&t->bare[i])) {
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
check_entries(struct targets *t, const struct address *a, char *reason,
    size_t size)
{
	enum resolved found;
	struct route r;

	for (size_t i = 0; i < t->conf->nsites; i++)
		t->bare[i].strict = true;
	found = resolve_any_host(t->sites, a, &r);
	for (size_t i = 0; i < t->conf->nsites; i++)
		t->bare[i].strict = false;
	return found == RESOLVED_ABSENT ? found : doubt(reason, size,
	    "what has the list's name in the lists directory is no list now");
}

/*
 * Opens a site's cache, to be asked in the place of its directory.  Where there
 * is none the directory has been asked already, if that knows all lists.
 */
static enum resolved
open_cache(struct targets *t, size_t i, char *reason, size_t size)
{
	const struct conf_site *site = &t->conf->sites[i];
	char *path = cache_path(t->conf->cache_dir, site->name, "cdb");
	enum resolved result = RESOLVED_ABSENT;
	struct source *s = &t->source[i];
	const char *err;

	if (!path)
		return doubt(reason, size, "out of memory");
	source_init(s, t->bare[i].mailman, site->lists_dir, false);
	s->trusted = true; /* for what it does not have */
	s->cache = cache_open(path, &err);
	if (s->cache)
		t->of[i] = &s->lists;
	else if (errno != ENOENT)
		result = doubt(reason, size, "%s: %s", path, err);
	else if (t->bare[i].mailman->read_register)
		result = doubt(reason, size, "%s: there is no cache, and site "
		    "%s may have lists without a directory", path, site->name);
	free(path);
	return result;
}

static enum resolved
check_caches(struct targets *t, const struct address *a, char *reason,
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
targets_find(struct targets *t, const struct address *a, struct route *r,
    char *reason, size_t size)
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
