/*
 * resolve - from an address to a list.
 *
 * This is the one place that knows the rules of domains, sites and their
 * order (HOSTS in listmap.conf(5)).  The daemon, the command
 * line and mm-handler all call it.  What a local part may mean is Mailman's
 * part: mailman/reading.h.
 *
 * An address is absent only if every site that could have it says so.
 */
#ifndef MAILMAN_RESOLVE_H
#define MAILMAN_RESOLVE_H

#include "mailman/address.h"
#include "mailman/reading.h"
#include "mailman/sites.h"

enum resolved { RESOLVED_NO_ANSWER = -1, RESOLVED_ABSENT, RESOLVED_FOUND };

/* Where an address leads. */
struct route {
	const struct domain *domain; /* the real one; NULL: not ours */
	const struct site *site;     /* the site that has the list */
	const char *redirect; /* the target of a redirect; then no list */
	struct reading reading; /* the reading that counts; only if found */
	const char *reason;   /* why there is no answer: static text */
	/* Memory of *domain if no index has it; else it is not written. */
	struct domain new_domain;
};

/*
 * Resolves the address A.  *R is filled as far as it is known, its domain also
 * if there is no list or no answer.
 */
enum resolved resolve(const struct sites *s, const struct address *a,
    struct route *r);

/* As resolve(), by what the snapshots say alone: what is absent may be there by
 * now.  Asks no disk, and waits for nobody. */
enum resolved resolve_hastily(const struct sites *s, const struct address *a,
    struct route *r);

/* Resolves a local part as an alias file would: it counts on every domain, and
 * the first site that has it wins.  r->domain is NULL. */
enum resolved resolve_local(const struct sites *s, const struct address *a,
    struct route *r);

/*
 * Resolves the address of mail that was accepted already: the list's host does
 * not matter, and if the domain is nobody's, all sites are searched.
 * r->domain is NULL.
 */
enum resolved resolve_any_host(const struct sites *s, const struct address *a,
    struct route *r);

/* ADDRESS is valid during the call. */
typedef int resolve_visit_fn(void *arg, struct str address,
    const struct route *r);

/*
 * Calls VISIT with every address that resolve() finds, without details, on the
 * domains and on their aliases; also with every redirect.  Stops as soon as
 * VISIT returns another value than 0, and returns that value; -1 if the lists
 * cannot be read.
 */
int resolve_each(const struct sites *s, resolve_visit_fn *visit, void *arg);
/* The same with every local part that resolve_local() finds. */
int resolve_each_local(const struct sites *s, resolve_visit_fn *visit,
    void *arg);

#endif
