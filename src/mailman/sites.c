/*
 * The index of domains and sites, made once for each configuration.
 */
#include <stdlib.h>
#include <string.h>

#include "mailman/resolve.h"

static unsigned
action_mask(const struct conf_words *words)
{
	unsigned mask = ACTION_BIT(ACTION_LOOP);

	if (words->n == 0)
		return ACTION_ALL;
	for (size_t i = 0; i < words->n; i++)
		mask |= ACTION_BIT(action_find(str_from(words->word[i])));
	return mask;
}

static bool
named(const struct conf_words *only, const char *name)
{
	for (size_t i = 0; i < only->n; i++)
		if (!strcmp(only->word[i], name))
			return true;
	return only->n == 0;
}

static int
compare_domains(const void *a, const void *b)
{
	const struct domain *x = a, *y = b;

	return str_cmp(x->name, y->name);
}

static struct domain *
find(const struct sites *s, struct str name)
{
	struct domain key = { .name = name };

	return s->ndomains ? bsearch(&key, s->domain, s->ndomains,
	    sizeof(*s->domain), compare_domains) : NULL;
}

const struct domain *
sites_domain(const struct sites *s, struct str name)
{
	return find(s, name);
}

/* Every name once, sorted; the sites come afterwards. */
static int
collect_names(struct sites *s)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->site[i].conf->ndomains;
	s->domain = calloc(n + 1, sizeof(*s->domain));
	if (!s->domain)
		return -1;
	n = 0;
	for (size_t i = 0; i < s->n; i++)
		for (size_t j = 0; j < s->site[i].conf->ndomains; j++)
			s->domain[n++].name =
			    str_from(s->site[i].conf->domains[j].name);
	if (n)
		qsort(s->domain, n, sizeof(*s->domain), compare_domains);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !str_eq(s->domain[i].name,
		    s->domain[kept - 1].name))
			s->domain[kept++] = s->domain[i];
	s->ndomains = kept;
	return 0;
}

static int
add_site(struct domain *d, struct site *site, const struct conf_domain *conf)
{
	struct site **sites = reallocarray(d->site, d->nsites + 1,
	    sizeof(*sites));
	const struct conf_domain **confs;

	if (!sites)
		return -1;
	d->site = sites;
	confs = reallocarray(d->conf, d->nsites + 1, sizeof(*confs));
	if (!confs)
		return -1;
	d->conf = confs;
	d->site[d->nsites] = site;
	d->conf[d->nsites++] = conf;
	return 0;
}

static int
fill_domains(struct sites *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct site *site = &s->site[i];

		for (size_t j = 0; j < site->conf->ndomains; j++) {
			const struct conf_domain *conf =
			    &site->conf->domains[j];
			struct domain *d = find(s, str_from(conf->name));

			d->real = d;
			d->dedicated = conf->dedicated;
			if (*conf->alias)
				d->real = find(s, str_from(conf->alias));
			if (add_site(d, site, conf) == -1)
				return -1;
		}
	}
	return 0;
}

struct sites *
sites_new(const struct conf *conf, const struct lists *const *lists_of,
    const struct conf_words *only)
{
	struct sites *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->conf = conf;
	s->site = calloc(conf->nsites + 1, sizeof(*s->site));
	if (!s->site)
		goto fail;
	for (size_t i = 0; i < conf->nsites; i++) {
		const struct conf_site *c = &conf->sites[i];

		if (!named(only, c->name))
			continue;
		s->site[s->n++] = (struct site){
			.conf = c,
			.mailman = mailman_find(c->mailman),
			.manner = {
				.actions = action_mask(&c->actions),
				.plus_any = !strcmp(c->plus, "any"),
			},
			.lists = lists_of[i],
		};
	}
	if (collect_names(s) == 0 && fill_domains(s) == 0)
		return s;
fail:
	sites_free(s);
	return NULL;
}

void
sites_free(struct sites *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->ndomains; i++) {
		free(s->domain[i].site);
		free(s->domain[i].conf);
	}
	free(s->domain);
	free(s->site);
	free(s);
}
