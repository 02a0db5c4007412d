/*
 * resolve - from an address to a list: the one place that knows DESIGN's
 * rules of domains, sites and their order.  The daemon, the command line and
 * mm-handler all call it.
 */
#ifndef MAILMAN_RESOLVE_H
#define MAILMAN_RESOLVE_H

#include "mailman/address.h"
#include "mailman/reading.h"
#include "mailman/sites.h"

enum resolved { RESOLVED_NO_ANSWER = -1, RESOLVED_ABSENT, RESOLVED_FOUND };

struct route {
	const struct domain *domain; /* the real one; NULL: not ours */
	const struct site *site;     /* where it was found */
	const char *redirect;        /* its target; then there is no list */
	struct reading reading;
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
