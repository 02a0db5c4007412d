/*
 * domain_site - a site at a mail domain: by what rules the addresses there are
 * read, and which of its lists answer there.
 */
#ifndef MAILMAN_DOMAIN_SITE_H
#define MAILMAN_DOMAIN_SITE_H

#include "mailman/reading.h"

struct domain;
struct site;
struct sites;

/* Its rules point to it, so it must not be copied. */
struct domain_site {
	const struct sites *sites;
	const struct site *site;
	const struct domain *domain; /* NULL: local parts, at every domain */
	struct address_rules rules;
};

/* Makes AT anew of the others, which must outlive it: D is real, and has all
 * its names. */
void domain_site_init(struct domain_site *at, const struct sites *s,
    const struct site *site, const struct domain *d);

#endif
