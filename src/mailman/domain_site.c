#include "mailman/domain_site.h"
#include "base/str.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"
#include "mailman/reading.h"
#include "mailman/sites.h"

static enum lists_found
found_if(bool answers)
{
	return answers ? LISTS_FOUND : LISTS_ABSENT;
}

/*
 * A list answers at its host, if that is a domain of the site.  Any other
 * answers at the dedicated domains, and at the shared ones where there are no
 * dedicated ones; or, where its id names the domain, at that one.  A list whose
 * host nobody knows answers at the dedicated domains; at a shared one it is not
 * known whether the address is a user's.
 */
static enum lists_found
answers_at_domain(const void *arg, const struct list *list)
{
	const struct domain_site *at = arg;
	const struct domain *d = at->domain, *own;

	if (list->unread && list->host.n == 0)
		return d->dedicated ? LISTS_FOUND : LISTS_NO_ANSWER;
	for (size_t i = 0; i < d->nnames; i++)
		if (str_eq(list->host, d->names[i]))
			return LISTS_FOUND;
	/* A domain that no snapshot knows is the host of its lists alone. */
	if (d->nsites == 0)
		return LISTS_ABSENT;
	own = sites_domain(at->sites, list->host);
	if (own && own->real && domain_has_site(own->real, at->site))
		return LISTS_ABSENT;
	if (!at->site->mailman->foreign_hosts)
		return found_if(list->host.n == 0);
	return found_if(d->dedicated || !at->site->dedicates);
}

/* At a shared domain a user may have the name that a hosting panel's directory
 * seems to have. */
static const char *
misname_joints(const struct site *site, const struct domain *d)
{
	return d && !d->dedicated ? "@" : site->mailman->misname_joints;
}

void
domain_site_init(struct domain_site *at, const struct sites *s,
    const struct site *site, const struct domain *d)
{
	struct address_rules *rules = &at->rules;

	*at = (struct domain_site){ .sites = s, .site = site, .domain = d,
		.rules = site->rules };
	rules->only_hosts = d && d->nsites == 0;
	if (!rules->only_hosts)
		rules->joints = misname_joints(site, d);
	if (!d)
		return;
	rules->names = d->names;
	rules->nnames = d->nnames;
	if (rules->only_hosts || !site->any_host) {
		rules->answers_here = answers_at_domain;
		rules->arg = at;
	}
}
