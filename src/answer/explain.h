/*
 * explain - what an address means, in words, for people who wonder.
 */
#ifndef ANSWER_EXPLAIN_H
#define ANSWER_EXPLAIN_H

#include "base/str.h"

struct buf;
struct sites;

/* One line without an end: the site that answers for the address KEY, its
 * list, and what that is known from; or why there is none. */
void explain(struct buf *out, const struct sites *s, struct str key);

#endif
