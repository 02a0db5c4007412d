/*
 * explain - says in words what an address means, for `listmap query -v'.
 */
#ifndef ANSWER_EXPLAIN_H
#define ANSWER_EXPLAIN_H

#include "base/str.h"

struct buf;
struct sites;

/*
 * Appends to OUT one line without its end: the site that answers for the
 * address KEY, the list, and how that is known; or why there is no list.
 */
void explain(struct buf *out, const struct sites *s, struct str key);

#endif
