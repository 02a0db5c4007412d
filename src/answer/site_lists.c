#include <stdlib.h>
#include <string.h>

#include "answer/store.h"
#include "base/conf.h"
#include "mailman/mailman.h"
#include "cache/refresh.h"

static enum refresh_verify
verify(const struct conf_site *site)
{
	if (!strcmp(site->verify_misses, "yes"))
		return REFRESH_VERIFY_YES;
	return strcmp(site->verify_misses, "no") ? REFRESH_VERIFY_AUTO :
	    REFRESH_VERIFY_NO;
}

static struct refresh_options
options_for(const struct store *s, const struct conf_site *site)
{
	const struct conf *conf = s->conf;

	return (struct refresh_options){
		.mailman = mailman_find(site->mailman),
		.site = site,
		.cache_dir = conf->cache_dir,
		.rescan = conf->rescan,
		.debounce = conf->debounce,
		.verify = verify(site),
		.swapped = s->swapped,
		.arg = s->arg,
	};
}

/* The index of SITE in the OLD store, if nothing about it is new that matters;
 * old->conf->nsites: there is none. */
static size_t
find_same(const struct store *old, const struct conf_site *site)
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
open_site(struct store *s, size_t i, struct ev_loop *loop,
    const struct store *old)
{
	const struct conf_site *site = &s->conf->sites[i];
	struct refresh_options o;
	size_t same = old ? find_same(old, site) : 0;

	if (old && same < old->conf->nsites) {
		s->refresh[i] = old->refresh[same];
		s->borrowed[i] = true;
	} else {
		o = options_for(s, site);
		s->refresh[i] = refresh_new(loop, &o);
	}
	if (!s->refresh[i])
		return -1;
	s->lists[i] = refresh_lists(s->refresh[i]);
	return 0;
}

static void
free_all(struct store *s)
{
	for (size_t i = 0; s->refresh && s->borrowed && i < s->conf->nsites;
	    i++)
		if (!s->borrowed[i])
			refresh_free(s->refresh[i]);
	free(s->refresh);
	free(s->borrowed);
	free(s->lists);
	free(s);
}

struct store *
store_new(struct ev_loop *loop, struct conf *conf, const struct store *old,
    store_swapped_fn *swapped, void *arg)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->conf = conf;
	s->swapped = swapped;
	s->arg = arg;
	s->refresh = calloc(conf->nsites, sizeof(*s->refresh));
	s->borrowed = calloc(conf->nsites, sizeof(*s->borrowed));
	s->lists = calloc(conf->nsites, sizeof(*s->lists));
	if (!s->refresh || !s->borrowed || !s->lists)
		goto fail;
	for (size_t i = 0; i < conf->nsites; i++)
		if (open_site(s, i, loop, old) == -1)
			goto fail;
	return s;
fail:
	free_all(s);
	return NULL;
}

void
store_succeed(struct store *s, struct store *old)
{
	for (size_t i = 0; i < s->conf->nsites; i++) {
		const struct conf_site *site = &s->conf->sites[i];
		struct refresh_options o;

		if (!s->borrowed[i])
			continue;
		o = options_for(s, site);
		refresh_configure(s->refresh[i], &o);
		s->borrowed[i] = false;
		old->borrowed[find_same(old, site)] = true;
	}
	store_free(old);
}

void
store_stop(struct store *s)
{
	for (size_t i = 0; i < s->conf->nsites; i++)
		refresh_stop(s->refresh[i]);
}

void
store_free(struct store *s)
{
	struct conf *conf = s ? s->conf : NULL;

	if (s)
		free_all(s);
	conf_free(conf);
}
