#include <stdlib.h>
#include <string.h>

#include "answer/site_lists.h"
#include "base/conf.h"
#include "mailman/mailman.h"
#include "cache/refresh.h"

static struct refresh_options
refresh_options_for(const struct site_lists *s, const struct conf_site *site)
{
	const struct conf *conf = s->conf;

	return (struct refresh_options){
		.mailman = mailman_find(site->mailman),
		.site = site,
		.cache_dir = conf->cache_dir,
		.rescan = conf->rescan,
		.debounce = conf->debounce,
		.verify = strcmp(site->verify_misses, "no") != 0,
		.swapped = s->swapped,
		.arg = s->arg,
		.asking = s->asking,
	};
}

/* The index in OLD of a site with the name, the Mailman and the directory of
 * SITE; old->conf->nsites where there is none. */
static size_t
find_same_site(const struct site_lists *old, const struct conf_site *site)
{
	size_t i;

	for (i = 0; i < old->conf->nsites; i++) {
		const struct conf_site *o = &old->conf->sites[i];

		if (!strcmp(o->name, site->name) &&
		    !strcmp(o->mailman, site->mailman) &&
		    !strcmp(o->lists_dir, site->lists_dir))
			break;
	}
	return i;
}

static int
open_site_lists(struct site_lists *s, size_t i, struct ev_loop *loop,
    const struct site_lists *old)
{
	const struct conf_site *site = &s->conf->sites[i];
	struct refresh_options o;
	size_t same = old ? find_same_site(old, site) : 0;

	if (old && same < old->conf->nsites) {
		s->refresh[i] = old->refresh[same];
		s->borrowed[i] = true;
	} else {
		o = refresh_options_for(s, site);
		s->refresh[i] = refresh_new(loop, &o);
	}
	if (!s->refresh[i])
		return -1;
	s->lists_of[i] = refresh_lists(s->refresh[i]);
	return 0;
}

/* Frees S but for its configuration. */
static void
free_own_lists(struct site_lists *s)
{
	for (size_t i = 0; s->refresh && s->borrowed && i < s->conf->nsites;
	    i++)
		if (!s->borrowed[i])
			refresh_free(s->refresh[i]);
	free(s->refresh);
	free(s->borrowed);
	free(s->lists_of);
	free(s);
}

struct site_lists *
site_lists_new(struct ev_loop *loop, struct conf *conf,
    const struct site_lists *old, struct asking *asking,
    site_lists_swapped_fn *swapped, void *arg)
{
	struct site_lists *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->conf = conf;
	s->asking = asking;
	s->swapped = swapped;
	s->arg = arg;
	s->refresh = calloc(conf->nsites, sizeof(*s->refresh));
	s->borrowed = calloc(conf->nsites, sizeof(*s->borrowed));
	s->lists_of = calloc(conf->nsites, sizeof(*s->lists_of));
	if (!s->refresh || !s->borrowed || !s->lists_of)
		goto fail;
	for (size_t i = 0; i < conf->nsites; i++)
		if (open_site_lists(s, i, loop, old) == -1)
			goto fail;
	return s;
fail:
	free_own_lists(s);
	return NULL;
}

void
site_lists_start(struct site_lists *s)
{
	for (size_t i = 0; i < s->conf->nsites; i++)
		refresh_start(s->refresh[i]);
}

void
site_lists_replace(struct site_lists *s, struct site_lists *old)
{
	for (size_t i = 0; i < s->conf->nsites; i++) {
		const struct conf_site *site = &s->conf->sites[i];
		struct refresh_options o;

		if (!s->borrowed[i]) {
			refresh_start(s->refresh[i]);
			continue;
		}
		o = refresh_options_for(s, site);
		refresh_configure(s->refresh[i], &o);
		s->borrowed[i] = false;
		old->borrowed[find_same_site(old, site)] = true;
	}
	site_lists_free(old);
}

void
site_lists_stop_scans(struct site_lists *s)
{
	for (size_t i = 0; i < s->conf->nsites; i++)
		refresh_stop(s->refresh[i]);
}

void
site_lists_free(struct site_lists *s)
{
	struct conf *conf = s ? s->conf : NULL;

	if (s)
		free_own_lists(s);
	conf_free(conf);
}
