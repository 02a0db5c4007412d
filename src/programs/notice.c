#include <string.h>

#include "programs/notice.h"
#include "base/buf.h"
#include "base/log.h"

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
	    resolve(s, &a, &r) == RESOLVED_ABSENT;
}

void
notice_roles(const struct sites *s, notice_fn *say, void *arg)
{
	static const char *const roles[] = { "postmaster", "abuse" };

	for (size_t i = 0; i < s->ndomains; i++) {
		const struct domain *d = &s->domain[i];

		for (size_t j = 0; j < 2 && d->real == d && d->dedicated; j++)
			if (leads_nowhere(s, roles[j], d))
				say(arg, roles[j], d);
	}
}

static void
log_role(void *arg, const char *local, const struct domain *d)
{
	(void)arg;
	log_warn("notice: nobody gets %s@%.*s: option redirect of the domain, "
	    "or a virtusertable that is asked first", local, (int)d->name.n,
	    d->name.p);
}

/* Of a generation whose lists do not tell their domains. */
static void
log_without_domain(const struct sites *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct site *site = &s->site[i];
		bool has = site->mailman->strangers;

		for (size_t j = 0; j < s->ndomains && !has; j++)
			for (size_t k = 0; k < s->domain[j].nsites; k++)
				has |= s->domain[j].site[k] == site;
		if (!has)
			log_warn("notice: site %s has no domain: none is in "
			    "the configuration, and Mailman wrote none down",
			    site->conf->name);
	}
}

static void
log_strangers(const struct site *site)
{
	if (site->homeless == 0 || site->any_host)
		return;
	log_warn("notice: site %s: %zu lists answer at %s, for their host is "
	    "no domain of the site (one of them: %s)", site->conf->name,
	    site->homeless, site->dedicates ? "every dedicated domain" :
	    "every domain", *site->stranger ? site->stranger : "unknown");
}

void
notice_strangers(const struct sites *before, const struct sites *now)
{
	for (size_t i = 0; i < now->n; i++) {
		size_t known = 0;

		for (size_t j = 0; before && j < before->n; j++)
			if (!strcmp(before->site[j].conf->name,
			    now->site[i].conf->name))
				known = before->site[j].homeless;
		if (known != now->site[i].homeless)
			log_strangers(&now->site[i]);
	}
}

void
notice_all(const struct sites *s)
{
	notice_roles(s, log_role, NULL);
	log_without_domain(s);
	notice_strangers(NULL, s);
}
