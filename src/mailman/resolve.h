/*
 * resolve - from an address to a list: the one place that knows DESIGN's
 * rules of domains, sites and their order.  The daemon, the command line and
 * mm-handler all call it.
 */
#ifndef MAILMAN_RESOLVE_H
#define MAILMAN_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/conf.h"
#include "mailman/address.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"

struct site {
	const struct conf_site *conf;
	const struct mailman *mailman;
	struct manner manner;
	const struct lists *lists;
	bool discovers;  /* hosts of new lists are looked for */
	bool takes_hosts; /* the hosts of its lists are domains */
	bool any_host;   /* every list at every domain */
	bool dedicates;  /* it has a dedicated domain */
	size_t homeless; /* lists whose host is no domain of the site */
	char stranger[STR_SHOWN]; /* the host of one of these; "": unknown */
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

enum resolved { RESOLVED_NO_ANSWER = -1, RESOLVED_ABSENT, RESOLVED_FOUND };

struct route {
	const struct domain *domain; /* the real one; NULL: not ours */
	const struct site *site;     /* where it was found */
	const char *redirect;        /* its target; then there is no list */
	struct meaning meaning;
	const char *reason; /* of no answer: static text */
	struct domain fresh; /* behind `domain', where no index has it yet */
};

/*
 * What the address A means.  *R is filled as far as it is known, the domain
 * also where there is no list or no answer.
 */
enum resolved resolve(const struct sites *s, const struct address *a,
    struct route *r);

/* The same for a local part that counts on every domain, as in aliases. */
enum resolved resolve_local(const struct sites *s, const struct address *a,
    struct route *r);

/*
 * The same for mail that was accepted already: in the sites of the domain, or
 * in all where it is nobody's, whatever host the list has.  r->domain is NULL.
 */
enum resolved resolve_any_host(const struct sites *s, const struct address *a,
    struct route *r);

/*
 * Calls VISIT with every address that resolve() finds, details left out, on
 * the real names of the domains and on their aliases; redirects as well.
 * Stops where it returns another value than 0, and returns that; -1 where
 * lists cannot be read.
 */
typedef int resolve_visit_fn(void *arg, struct str address,
    const struct route *r);
int resolve_each(const struct sites *s, resolve_visit_fn *visit, void *arg);
int resolve_each_local(const struct sites *s, resolve_visit_fn *visit,
    void *arg);

#endif
