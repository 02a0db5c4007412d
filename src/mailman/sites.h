/*
 * sites - the index of a configuration: its sites with their lists, and the
 * mail domains, found by name.
 *
 * Domains come from the configuration, and for some sites from the hosts that
 * their lists have.  So the index is made for each configuration, and again
 * whenever the hosts of the lists change.
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
struct domain_site;
struct lists;

/* A host that is no domain of the site whose lists have it. */
struct foreign_host {
	struct str name;
	size_t lists; /* how many have it */
};

struct site {
	const struct conf_site *conf;
	const struct mailman *mailman;
	struct address_rules rules; /* without those of a domain */
	const struct lists *lists;
	/* MAILER:HOST for sendmail; or MAILER: alone, where the host is the
	 * domain of the address. */
	struct str mailer_host;
	struct str transport; /* Postfix's, of its lists */
	bool discovers;   /* hosts of new lists become domains at once */
	bool takes_hosts; /* the hosts of its lists are domains */
	bool any_host;    /* every list answers at every domain */
	bool dedicates;   /* it has a dedicated domain */
	/*
	 * Lists that do not answer at their own host: those with a foreign
	 * host, by host, the most frequent first; and those that name none.
	 * Always empty for a Mailman without foreign hosts.
	 */
	struct foreign_host *foreign;
	size_t nforeign;
	size_t foreign_lists;
	size_t hostless_lists;
};

/* A mail domain that the configuration names, or that lists have as host. */
struct domain {
	struct str name;
	const struct domain *real; /* itself, or the domain it is an alias of;
	                              NULL: nobody serves it */
	bool dedicated;
	bool discovered; /* only the lists say that it is a domain */
	struct str url;  /* the overview of its lists, or empty */
	struct str *names; /* if real: its own name, then its aliases' */
	size_t nnames;
	struct site **site; /* in the order of the configuration */
	size_t nsites;
	struct domain_site *at; /* if real: at[i] is site[i] here */
	bool redirects; /* one of its sites has some here */
	const struct conf_domain **conf; /* conf[i] is what site[i] says of it;
	                                    of a discovered one: nothing */
};

struct sites {
	const struct conf *conf;
	struct site *site; /* in the order of the configuration */
	size_t n;
	struct domain *domain; /* sorted by name */
	size_t ndomains;
	struct domain_site *at; /* of all domains, one behind the other */
	struct sites_names *names; /* memory of what was discovered */
};

/*
 * Makes the index of CONF, which conf_load() has checked.  LISTS_OF[i] are the
 * lists of conf->sites[i].  ONLY names the sites that take part; if it is
 * empty all do.  CONF and the lists must outlive the index.  NULL when out of
 * memory.
 */
struct sites *sites_new(const struct conf *conf,
    const struct lists *const *lists_of, const struct conf_words *only);
void sites_free(struct sites *s); /* NULL is fine */
/* Lets all lists of all sites answer at every domain, as if the option `hosts'
 * said so. */
void sites_ignore_hosts(struct sites *s);

/* The domain NAME (lower case), or NULL. */
const struct domain *sites_domain(const struct sites *s, struct str name);
/* Whether S has numbers to report that are made of how many lists L has with
 * each host: lists that do not answer at their own. */
bool sites_count_lists(const struct sites *s, const struct lists *l);
/* Whether SITE is one of those of D. */
bool domain_has_site(const struct domain *d, const struct site *site);

#endif
