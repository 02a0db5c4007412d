/*
 * value - writes what the values of several roles have in common: mailers,
 * pseudo domains, refusals.
 */
#ifndef MAPS_VALUE_H
#define MAPS_VALUE_H

struct address;
struct buf;
struct domain;
struct route;
struct site;
struct sites;

/* Writes why there is no answer, and returns -1. */
int value_no_answer(struct buf *value, const struct route *r);

/*
 * The mailer that all sites of D have.  NULL if they differ, for then only the
 * address tells which one it is.
 */
const char *value_mailer(const struct domain *d);

/* Writes MAILER:HOST for a list at D in SITE. */
void value_mailer_host(struct buf *value, const struct site *site,
    const struct domain *d);
/* Writes %1@DOMAIN.MAILER, the pseudo domain that mailertable knows. */
void value_pseudo(struct buf *value, const struct site *site,
    const struct domain *d);

/*
 * Writes error:5.1.1:"550 5.1.1 TEXT" with the text of refusal_text(), in the
 * form that sendmail carries: every '%' is doubled, and it has MAP_VALUE_MAX
 * bytes at most.
 */
void value_refusal(struct buf *value, const struct sites *s,
    const struct address *a, const struct domain *d);

#endif
