/*
 * sites - the sites of a configuration with the lists they have, and the mail
 * domains they serve, found by name.
 */
#ifndef MAILMAN_SITES_H
#define MAILMAN_SITES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "mailman/reading.h"

struct conf;
struct conf_domain;
struct conf_site;
struct conf_words;
struct lists;

/* A host that is no domain of the site whose lists have it. */
struct foreign_host {
	struct str name;
	size_t lists;
};

struct site {
	const struct conf_site *conf;
	const struct mailman *mailman;
	struct address_rules rules; /* without a domain */
	const struct lists *lists;
	bool discovers;  /* hosts of new lists are looked for */
	bool takes_hosts; /* the hosts of its lists are domains */
	bool any_host;   /* every list at every domain */
	bool dedicates;  /* it has a dedicated domain */
	/* Lists whose host is no domain of the site, by their host, those with
	 * the most lists first; and lists whose host is not known.  Of a site
	 * whose Mailman lets these answer at its domains. */
	struct foreign_host *foreign;
	size_t nforeign;
	size_t foreign_lists;
	size_t unknown_lists;
};

/* A mail domain that the configuration names, or that lists have. */
struct domain {
	struct str name;
	const struct domain *real; /* itself, or what it is an alias of */
	bool dedicated;
	bool discovered; /* lists alone say so */
	struct str url;  /* overview of the lists; empty: none is known */
	struct str *names; /* of a real one: its own, then its aliases */
	size_t nnames;
	struct site **site; /* in the order of the configuration */
	size_t nsites;
	const struct conf_domain **conf; /* beside each site; never NULL */
};

struct sites {
	const struct conf *conf;
	struct site *site;
	size_t n;
	struct domain *domain; /* sorted by name */
	size_t ndomains;
	struct sites_names *names; /* of what was discovered */
};

/*
 * Sites of CONF (already checked) that ask LISTS_OF[i] for the lists of
 * conf->sites[i].  NULL when out of memory.  ONLY names the sites that take
 * part, all where it is empty.  CONF and the lists must outlive it;
 * where the hosts of the lists change it is to be made anew.
 */
struct sites *sites_new(const struct conf *conf,
    const struct lists *const *lists_of, const struct conf_words *only);
void sites_free(struct sites *s);

/* The domain of that name (lower case), or NULL. */
const struct domain *sites_domain(const struct sites *s, struct str name);
/* Whether SITE is one of those of D. */
bool domain_has_site(const struct domain *d, const struct site *site);

#endif
