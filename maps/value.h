/*
 * value - what several roles write.
 */
#ifndef MAPS_VALUE_H
#define MAPS_VALUE_H

#include "base/buf.h"
#include "maps/maps.h"
#include "mailman/resolve.h"

/*
 * A role whose value depends only on what was found: WRITE writes it, and
 * returns false where what was found is nothing to this role.
 */
typedef bool value_write_fn(struct buf *value, const struct route *r);
int value_lookup(const struct sites *s, struct str key, struct buf *value,
    value_write_fn *write);
int value_each(const struct sites *s, map_emit_fn *emit, void *arg,
    value_write_fn *write);

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
 * What is said of the address A, which no list at D has: the option `refusal'
 * or its default, at most MAP_VALUE_MAX bytes of printable ASCII without '"'
 * and '\'.  TEXT must have room for them.
 */
void value_refusal_text(struct buf *text, const struct sites *s,
    const struct address *a, const struct domain *d);

/*
 * error:5.1.1:"550 5.1.1 TEXT": the refusal with that text as sendmail carries
 * it: every '%' doubled, MAP_VALUE_MAX bytes at most.  An address without a
 * local part stands for any: "of that name".
 */
void value_refusal(struct buf *value, const struct sites *s,
    const struct address *a, const struct domain *d);

#endif
