/*
 * refusal - what is said of an address that no list has, at RCPT TO and in a
 * bounce alike.
 */
#ifndef MAILMAN_REFUSAL_H
#define MAILMAN_REFUSAL_H

struct address;
struct buf;
struct domain;
struct sites;

#define REFUSAL_TEXT_MAX 200

/*
 * Writes what is said of the address A, which no list at D has: the option
 * `refusal' or its default, at most REFUSAL_TEXT_MAX bytes of printable ASCII
 * without '"' and '\'.  TEXT must have room for them.  An address without a
 * local part stands for any: "of that name".
 */
void refusal_text(struct buf *text, const struct sites *s,
    const struct address *a, const struct domain *d);

#endif
