/*
 * value - what several roles write.
 */
#ifndef MAPS_VALUE_H
#define MAPS_VALUE_H

struct address;
struct buf;
struct domain;
struct route;
struct site;
struct sites;

/* No answer: writes why, and is -1. */
int value_no_answer(struct buf *value, const struct route *r);

/*
 * The mailer that all of a domain's sites have, or NULL where they differ:
 * then only the address tells.
 */
const char *value_mailer(const struct domain *d);

/* MAILER:HOST for a list at D in SITE. */
void value_triple(struct buf *value, const struct site *site,
    const struct domain *d);
/* %1@DOMAIN.MAILER, the pseudo domain that mailertable knows. */
void value_pseudo(struct buf *value, const struct site *site,
    const struct domain *d);

/*
 * error:5.1.1:"550 5.1.1 TEXT": the refusal with that text as sendmail carries
 * it: every '%' doubled, MAP_VALUE_MAX bytes at most.  An address without a
 * local part stands for any: "of that name".
 */
void value_refusal(struct buf *value, const struct sites *s,
    const struct address *a, const struct domain *d);

#endif
