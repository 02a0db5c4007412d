/*
 * The index of domains and sites: made for each configuration, and again when
 * the hosts of the lists change.
 */
#include <stdlib.h>
#include <string.h>

#include "mailman/resolve.h"
#include "base/conf_check.h"

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

/*
 * The names of discovered domains lie in a snapshot that may go before the
 * index does.
 */
struct sites_names {
	struct sites_names *next;
	char text[];
};

static int
keep_text(struct sites *s, struct str text, struct str *kept)
{
	struct sites_names *n = malloc(sizeof(*n) + text.n + 1);

	if (!n)
		return -1;
	if (text.n)
		memcpy(n->text, text.p, text.n);
	n->text[text.n] = '\0';
	n->next = s->names;
	s->names = n;
	*kept = (struct str){ n->text, text.n };
	return 0;
}

static int
add_name(struct sites *s, struct str name)
{
	struct domain *more = reallocarray(s->domain, s->ndomains + 1,
	    sizeof(*more));

	if (!more)
		return -1;
	s->domain = more;
	s->domain[s->ndomains++] = (struct domain){ .name = name };
	return 0;
}

typedef int host_fn(struct sites *s, struct site *site,
    const struct lists_host *host);

struct tour {
	struct sites *sites;
	struct site *site;
	host_fn *visit;
};

static int
visit_host(void *arg, const struct lists_host *host)
{
	struct tour *t = arg;

	return t->visit(t->sites, t->site, host);
}

/* Calls VISIT for each host of each site's lists. */
static int
each_host(struct sites *s, host_fn *visit)
{
	for (size_t i = 0; i < s->n; i++) {
		struct tour t = { s, &s->site[i], visit };
		const struct lists *l = s->site[i].lists;

		if (l->each_host(l, visit_host, &t) == -1)
			return -1;
	}
	return 0;
}

static int
name_domain(struct domain *d, struct str name)
{
	struct str *more = reallocarray(d->names, d->nnames + 1,
	    sizeof(*more));

	if (!more)
		return -1;
	d->names = more;
	d->names[d->nnames++] = name;
	return 0;
}

/* Whoever administers a list may set any host: only names that are names. */
static int
discover_name(struct sites *s, struct site *site,
    const struct lists_host *host)
{
	struct str name;

	if (!site->takes_hosts || host->name.n == 0)
		return 0;
	if (keep_text(s, host->name, &name) == -1)
		return -1;
	/* No address has a domain that ends with a dot. */
	if (conf_check_domain_name(name.p) || str_ends(name, "."))
		return 0;
	return add_name(s, name);
}

/* What Mailman has for an alias, its lists have another name for their host. */
static int
take_alias(struct sites *s, struct site *site, const struct lists_host *host)
{
	struct domain *d = find(s, host->name);
	struct str real;

	(void)site;
	d = d && d->real ? find(s, d->real->name) : NULL;
	if (!d || host->real.n == 0 || str_eq(host->real, d->name))
		return 0;
	if (keep_text(s, host->real, &real) == -1)
		return -1;
	return name_domain(d, real);
}

/* Every name once, sorted; the sites come afterwards. */
static int
collect_names(struct sites *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++)
		for (size_t j = 0; j < s->site[i].conf->ndomains; j++)
			if (add_name(s, str_from(
			    s->site[i].conf->domains[j].name)) == -1)
				return -1;
	if (each_host(s, discover_name) == -1)
		return -1;
	if (s->ndomains)
		qsort(s->domain, s->ndomains, sizeof(*s->domain),
		    compare_domains);
	for (size_t i = 0; i < s->ndomains; i++)
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
			if (d->url.n == 0)
				d->url = str_from(site->conf->url);
			site->dedicates |= conf->dedicated;
			if (*conf->alias)
				d->real = find(s, str_from(conf->alias));
			if (add_site(d, site, conf) == -1)
				return -1;
		}
	}
	return 0;
}

/* Every domain's own name, then those of its aliases. */
static int
fill_names(struct sites *s)
{
	for (size_t i = 0; i < s->ndomains; i++)
		if (name_domain(&s->domain[i], s->domain[i].name) == -1)
			return -1;
	for (size_t i = 0; i < s->ndomains; i++) {
		const struct domain *d = &s->domain[i];

		if (d->real && d->real != d &&
		    name_domain(find(s, d->real->name), d->name) == -1)
			return -1;
	}
	return 0;
}

static bool
has_site(const struct domain *d, const struct site *site)
{
	for (size_t i = 0; i < d->nsites; i++)
		if (d->site[i] == site)
			return true;
	return false;
}

/* Lists of SITE have that host: what does it say of the domain? */
static int
take_host(struct sites *s, struct site *site, const struct lists_host *host)
{
	static char no_alias[] = "";
	static const struct conf_domain none = { .alias = no_alias };
	struct domain *d = find(s, host->name), *real;

	if (d && d->nsites == 0) {
		d->real = d;
		d->discovered = true;
	}
	if (d && d->discovered && site->takes_hosts && !has_site(d, site) &&
	    add_site(d, site, &none) == -1)
		return -1;
	if (!d || !d->real || !has_site(d->real, site)) {
		if (!site->mailman->strangers)
			return 0;
		if (site->homeless == 0)
			str_printable(host->name, site->stranger,
			    sizeof(site->stranger));
		site->homeless += host->count;
		return 0;
	}
	real = find(s, d->real->name);
	return real->url.n ? 0 : keep_text(s, host->url, &real->url);
}

static void
init_site(struct site *site, const struct conf_site *conf,
    const struct lists *lists)
{
	const struct mailman *mailman = mailman_find(conf->mailman);

	*site = (struct site){
		.conf = conf,
		.mailman = mailman,
		.manner = {
			.actions = action_mask(&conf->actions),
			.plus_any = !strcmp(conf->plus, "any"),
		},
		.lists = lists,
		.discovers = conf->discover || conf->ndomains == 0,
		.any_host = mailman->strangers && !strcmp(conf->hosts, "any"),
	};
	site->takes_hosts = site->discovers || mailman->hosts_are_domains;
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
	for (size_t i = 0; i < conf->nsites; i++)
		if (named(only, conf->sites[i].name))
			init_site(&s->site[s->n++], &conf->sites[i],
			    lists_of[i]);
	if (collect_names(s) == 0 && fill_domains(s) == 0 &&
	    each_host(s, take_host) == 0 && fill_names(s) == 0 &&
	    each_host(s, take_alias) == 0)
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
		free(s->domain[i].names);
	}
	while (s->names) {
		struct sites_names *next = s->names->next;

		free(s->names);
		s->names = next;
	}
	free(s->domain);
	free(s->site);
	free(s);
}
