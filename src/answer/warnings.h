/*
 * warnings - what is legal and looks wrong about the domains of the sites.
 */
#ifndef ANSWER_WARNINGS_H
#define ANSWER_WARNINGS_H

struct buf;
struct domain;
struct site;
struct sites;

/* Logs everything there is to say: at the start, after a reload. */
void warnings_log(const struct sites *s);
/* Logs how many lists have a host that is no domain of their site, or one that
 * is not known, where that is not as BEFORE (or NULL). */
void warnings_foreign_hosts(const struct sites *before,
    const struct sites *now);
/* Writes "COUNT HOST, COUNT HOST" of the site's lists with foreign hosts. */
void warnings_put_hosts(struct buf *out, const struct site *site);

/*
 * Calls SAY for each address that a dedicated domain must have (postmaster:
 * RFC 5321 4.5.1; abuse: RFC 2142) and that leads nowhere.
 */
typedef void warnings_role_fn(void *arg, const char *local,
    const struct domain *d);
void warnings_roles(const struct sites *s, warnings_role_fn *say, void *arg);

#endif
