#include <stdlib.h>
#include <string.h>

#include "mailman/sites.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/conf_value.h"
#include "base/str.h"
#include "mailman/action.h"
#include "mailman/domain_site.h"
#include "mailman/mailman.h"

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
takes_part(const struct conf_words *only, const char *name)
{
	for (size_t i = 0; i < only->n; i++)
		if (!strcmp(only->word[i], name))
			return true;
	return only->n == 0;
}

bool
domain_has_site(const struct domain *d, const struct site *site)
{
	for (size_t i = 0; i < d->nsites; i++)
		if (d->site[i] == site)
			return true;
	return false;
}

static int
compare_domains(const void *a, const void *b)
{
	const struct domain *x = a, *y = b;

	return str_cmp(x->name, y->name);
}

static struct domain *
find_domain_named(const struct sites *s, struct str name)
{
	struct domain key = { .name = name };

	return s->ndomains ? bsearch(&key, s->domain, s->ndomains,
	    sizeof(*s->domain), compare_domains) : NULL;
}

const struct domain *
sites_domain(const struct sites *s, struct str name)
{
	return find_domain_named(s, name);
}

bool
sites_count_lists(const struct sites *s, const struct lists *l)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->site[i].lists == l && !s->site[i].any_host &&
		    (s->site[i].foreign_lists > 0 ||
		    s->site[i].hostless_lists > 0))
			return true;
	return false;
}

/* A copy of a name that lies in a snapshot, which may go before the index. */
struct sites_names {
	struct sites_names *next;
	char text[];
};

static int
copy_into_index(struct sites *s, struct str text, struct str *kept)
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
add_domain_name(struct sites *s, struct str name)
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

struct host_visit {
	struct sites *sites;
	struct site *site;
	host_fn *visit;
};

static int
visit_site_host(void *arg, const struct lists_host *host)
{
	struct host_visit *t = arg;

	return t->visit(t->sites, t->site, host);
}

/* Calls VISIT for each host of each site's lists. */
static int
each_site_host(struct sites *s, host_fn *visit)
{
	for (size_t i = 0; i < s->n; i++) {
		struct host_visit t = { s, &s->site[i], visit };
		const struct lists *l = s->site[i].lists;

		if (l->each_host(l, visit_site_host, &t) == -1)
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

/* Whoever administers a list may set any host, so the name is checked. */
static int
discover_domain(struct sites *s, struct site *site,
    const struct lists_host *host)
{
	struct str name;

	if (!site->takes_hosts || host->name.n == 0)
		return 0;
	if (copy_into_index(s, host->name, &name) == -1)
		return -1;
	/* No address has a domain that ends with a dot. */
	if (conf_value_domain_name(name.p) || str_ends(name, "."))
		return 0;
	return add_domain_name(s, name);
}

/* If Mailman calls a domain an alias, its lists have the real name as host. */
static int
name_alias_host(struct sites *s, struct site *site,
    const struct lists_host *host)
{
	struct domain *d = find_domain_named(s, host->name);
	struct str real;

	(void)site;
	d = d && d->real ? find_domain_named(s, d->real->name) : NULL;
	if (!d || host->real.n == 0 || str_eq(host->real, d->name))
		return 0;
	if (copy_into_index(s, host->real, &real) == -1)
		return -1;
	return name_domain(d, real);
}

/* Collects every name once, sorted; fill_domains() adds the sites. */
static int
collect_names(struct sites *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++)
		for (size_t j = 0; j < s->site[i].conf->ndomains; j++)
			if (add_domain_name(s, str_from(
			    s->site[i].conf->domains[j].name)) == -1)
				return -1;
	if (each_site_host(s, discover_domain) == -1)
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
			struct domain *d =
			    find_domain_named(s, str_from(conf->name));

			d->real = d;
			d->dedicated = conf->dedicated;
			d->redirects |= conf->nredirects > 0;
			if (d->url.n == 0)
				d->url = str_from(site->conf->url);
			site->dedicates |= conf->dedicated;
			if (*conf->alias)
				d->real =
				    find_domain_named(s, str_from(conf->alias));
			if (add_site(d, site, conf) == -1)
				return -1;
		}
	}
	return 0;
}

/* Gives every domain its own name first, then those of its aliases. */
static int
fill_names(struct sites *s)
{
	for (size_t i = 0; i < s->ndomains; i++)
		if (name_domain(&s->domain[i], s->domain[i].name) == -1)
			return -1;
	for (size_t i = 0; i < s->ndomains; i++) {
		const struct domain *d = &s->domain[i];

		if (d->real && d->real != d &&
		    name_domain(find_domain_named(s, d->real->name), d->name) ==
		        -1)
			return -1;
	}
	return 0;
}

/* Counts lists of SITE whose host is no domain of it, or that name none. */
static int
add_foreign(struct sites *s, struct site *site, const struct lists_host *host)
{
	struct foreign_host *more;

	if (host->count == 0)
		return 0;
	if (host->name.n == 0) {
		site->hostless_lists += host->count;
		return 0;
	}
	more = reallocarray(site->foreign, site->nforeign + 1, sizeof(*more));
	if (!more)
		return -1;
	site->foreign = more;
	more[site->nforeign].lists = host->count;
	site->foreign_lists += host->count;
	return copy_into_index(s, host->name, &more[site->nforeign++].name);
}

/* Lists of SITE have HOST: that may make it a domain, and tell its URL. */
static int
place_host(struct sites *s, struct site *site, const struct lists_host *host)
{
	static char no_alias[] = "";
	static const struct conf_domain none = { .alias = no_alias };
	struct domain *d = find_domain_named(s, host->name), *real;

	if (d && d->nsites == 0) {
		d->real = d;
		d->discovered = true;
	}
	if (d && d->discovered && site->takes_hosts &&
	    !domain_has_site(d, site) && add_site(d, site, &none) == -1)
		return -1;
	if (!d || !d->real || !domain_has_site(d->real, site))
		return site->mailman->foreign_hosts ?
		    add_foreign(s, site, host) : 0;
	real = find_domain_named(s, d->real->name);
	return real->url.n ? 0 : copy_into_index(s, host->url, &real->url);
}

/* The last step, for it takes pointers to all that is in the index. */
static int
fill_domain_sites(struct sites *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->ndomains; i++)
		n += s->domain[i].nsites;
	s->at = calloc(n + 1, sizeof(*s->at));
	if (!s->at)
		return -1;
	n = 0;
	for (size_t i = 0; i < s->ndomains; i++) {
		struct domain *d = &s->domain[i];

		if (d->real != d)
			continue;
		d->at = &s->at[n];
		for (size_t j = 0; j < d->nsites; j++)
			domain_site_init(&s->at[n++], s, d->site[j], d);
	}
	return 0;
}

static void
init_site(struct site *site, const struct conf_site *conf,
    const struct lists *lists)
{
	const struct mailman *mailman = mailman_find(conf->mailman);

	*site = (struct site){
		.conf = conf,
		.mailman = mailman,
		.rules = {
			.mailman = mailman,
			.actions = action_mask(&conf->actions),
			.plus_any = !strcmp(conf->plus, "any"),
			.delimiters = conf->verp_delimiter,
			.site_list = str_from(conf->site_list),
		},
		.lists = lists,
		.discovers = conf->discover || conf->ndomains == 0,
		.any_host = mailman->foreign_hosts &&
		    !strcmp(conf->hosts, "any"),
	};
	site->takes_hosts = site->discovers || mailman->hosts_are_domains;
}

/* What look-ups answer with is written once. */
static int
write_constants(struct sites *s)
{
	char text[512];
	struct buf b;

	for (size_t i = 0; i < s->n; i++) {
		struct site *site = &s->site[i];

		buf_over(&b, text, sizeof(text));
		buf_printf(&b, "%s:", site->conf->mailer);
		if (site->mailman->put_host)
			site->mailman->put_host(&b, site->conf);
		if (copy_into_index(s, buf_get(&b), &site->mailer_host) == -1)
			return -1;
		buf_reset(&b);
		site->mailman->put_transport(&b, site->conf);
		if (copy_into_index(s, buf_get(&b), &site->transport) == -1)
			return -1;
	}
	return 0;
}

static int
compare_foreign(const void *a, const void *b)
{
	const struct foreign_host *x = a, *y = b;

	if (x->lists != y->lists)
		return x->lists < y->lists ? 1 : -1;
	return str_cmp(x->name, y->name);
}

static void
sort_foreign(struct sites *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->site[i].nforeign > 1)
			qsort(s->site[i].foreign, s->site[i].nforeign,
			    sizeof(*s->site[i].foreign), compare_foreign);
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
		if (takes_part(only, conf->sites[i].name))
			init_site(&s->site[s->n++], &conf->sites[i],
			    lists_of[i]);
	if (write_constants(s) == 0 && collect_names(s) == 0 &&
	    fill_domains(s) == 0 &&
	    each_site_host(s, place_host) == 0 && fill_names(s) == 0 &&
	    each_site_host(s, name_alias_host) == 0 &&
	    fill_domain_sites(s) == 0) {
		sort_foreign(s);
		return s;
	}
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
	for (size_t i = 0; i < s->n; i++)
		free(s->site[i].foreign);
	free(s->at);
	free(s->domain);
	free(s->site);
	free(s);
}

void
sites_ignore_hosts(struct sites *s)
{
	for (size_t i = 0; i < s->n; i++)
		s->site[i].any_host = true;
	for (size_t i = 0; i < s->ndomains; i++) {
		const struct domain *d = &s->domain[i];

		for (size_t j = 0; d->real == d && j < d->nsites; j++)
			domain_site_init(&d->at[j], s, d->site[j], d);
	}
}
