#include <string.h>

#include "answer/warnings.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/str.h"
#include "mailman/address.h"
#include "mailman/mailman.h"
#include "mailman/resolve.h"

#define ADDRESS_BYTES 512

static bool
leads_nowhere(const struct sites *s, const char *local, const struct domain *d)
{
	char text[ADDRESS_BYTES];
	struct address a;
	struct route r;
	struct buf b;

	buf_over(&b, text, sizeof(text));
	buf_printf(&b, "%s@", local);
	buf_str(&b, d->name);
	return address_parse(buf_get(&b), &a) == 0 &&
	    resolve_hastily(s, &a, &r) == RESOLVED_ABSENT;
}

void
warnings_domain_roles(const struct sites *s, const struct domain *d,
    warnings_role_fn *report, void *arg)
{
	static const char *const roles[] = { "postmaster", "abuse" };

	for (size_t i = 0; i < 2 && d->real == d && d->dedicated; i++)
		if (leads_nowhere(s, roles[i], d))
			report(arg, roles[i], d);
}

void
warnings_roles(const struct sites *s, warnings_role_fn *report, void *arg)
{
	for (size_t i = 0; i < s->ndomains; i++)
		warnings_domain_roles(s, &s->domain[i], report, arg);
}

static void
log_missing_role(void *arg, const char *local, const struct domain *d)
{
	(void)arg;
	log_warn(
	    "warnings: nobody gets %s@%.*s: option redirect of the domain, "
	    "or a virtusertable that is asked first",
	    local, (int)d->name.n, d->name.p);
}

/* Logs sites that have no domain.  Where lists with foreign hosts answer, a
 * site needs none. */
static void
log_sites_without_domain(const struct sites *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct site *site = &s->site[i];
		bool has = site->mailman->foreign_hosts;

		for (size_t j = 0; j < s->ndomains && !has; j++)
			for (size_t k = 0; k < s->domain[j].nsites; k++)
				has |= s->domain[j].site[k] == site;
		if (!has)
			log_warn("warnings: site %s has no domain: none is in "
			    "the configuration, and Mailman wrote none down",
			    site->conf->name);
	}
}

/* How many foreign hosts of a site are named. */
#define HOSTS_NAMED 5

void
warnings_put_hosts(struct buf *out, const struct site *site)
{
	char shown[STR_SHOWN];
	size_t i;

	for (i = 0; i < site->nforeign && i < HOSTS_NAMED; i++)
		buf_printf(out, "%s%zu %s", i ? ", " : "",
		    site->foreign[i].lists, str_printable(
		    site->foreign[i].name, shown, sizeof(shown)));
	if (i < site->nforeign)
		buf_printf(out, ", and %zu hosts more", site->nforeign - i);
}

static const char *
where_they_answer(const struct site *site)
{
	return site->dedicates ? "every dedicated domain" : "every domain";
}

static void
log_foreign_hosts(const struct site *site)
{
	char text[(HOSTS_NAMED + 1) * (STR_SHOWN + 32)];
	struct buf hosts;

	buf_over(&hosts, text, sizeof(text));
	warnings_put_hosts(&hosts, site);
	log_warn("warnings: site %s: %zu lists answer at %s, for their host is "
	    "no domain of the site: %s", site->conf->name,
	    site->foreign_lists, where_they_answer(site), buf_cstr(&hosts));
}

static void
log_no_hosts(const struct site *site)
{
	log_warn("warnings: site %s: %zu lists answer at %s, for they name no "
	    "host", site->conf->name, site->hostless_lists,
	    where_they_answer(site));
}

static const struct site *
find_site_before(const struct sites *s, const struct site *site)
{
	for (size_t i = 0; s && i < s->n; i++)
		if (!strcmp(s->site[i].conf->name, site->conf->name))
			return &s->site[i];
	return NULL;
}

void
warnings_foreign_hosts(const struct sites *before, const struct sites *now)
{
	for (size_t i = 0; i < now->n; i++) {
		const struct site *site = &now->site[i];
		const struct site *was = find_site_before(before, site);

		if (site->any_host)
			continue;
		if (site->foreign_lists > 0 &&
		    (!was || was->foreign_lists != site->foreign_lists))
			log_foreign_hosts(site);
		if (site->hostless_lists > 0 &&
		    (!was || was->hostless_lists != site->hostless_lists))
			log_no_hosts(site);
	}
}

void
warnings_conf(const struct conf *c)
{
	for (size_t i = 0; i < c->repeated.n; i++)
		log_warn("warnings: %s", c->repeated.word[i]);
}

void
warnings_log(const struct sites *s)
{
	warnings_conf(s->conf);
	warnings_roles(s, log_missing_role, NULL);
	log_sites_without_domain(s);
	warnings_foreign_hosts(NULL, s);
}
