/*
 * warnings - tells of domains and hosts that are set up in a way that is legal
 * but looks wrong.
 */
#ifndef ANSWER_WARNINGS_H
#define ANSWER_WARNINGS_H

struct buf;
struct conf;
struct domain;
struct site;
struct sites;

/* Logs all warnings: for the start and after a reload. */
void warnings_log(const struct sites *s);
/* Logs those of them that need no lists. */
void warnings_conf(const struct conf *c);
/*
 * Logs for each site how many lists have a host that is no domain of the site,
 * and how many have a host that is not known; but not a number that BEFORE (or
 * NULL) had already.
 */
void warnings_foreign_hosts(const struct sites *before,
    const struct sites *now);
/* Appends "COUNT HOST, COUNT HOST" for the site's lists with foreign hosts: the
 * most frequent hosts, then how many more there are. */
void warnings_put_hosts(struct buf *out, const struct site *site);

/*
 * Calls REPORT for each address that a dedicated domain must have (postmaster:
 * RFC 5321 4.5.1; abuse: RFC 2142) and that leads nowhere.  LOCAL is its local
 * part, D its domain.
 */
typedef void warnings_role_fn(void *arg, const char *local,
    const struct domain *d);
void warnings_roles(const struct sites *s, warnings_role_fn *report, void *arg);
/* The same for the domain D of S alone. */
void warnings_domain_roles(const struct sites *s, const struct domain *d,
    warnings_role_fn *report, void *arg);

#endif
