/*
 * explain - what an address means, in words, for people who wonder.
 */
#ifndef PROGRAMS_EXPLAIN_H
#define PROGRAMS_EXPLAIN_H

#include "base/buf.h"
#include "base/str.h"
#include "mailman/resolve.h"

/* One line without an end: the site that answers for the address KEY, its
 * list, and what that is known from; or why there is none. */
void explain(struct buf *out, const struct sites *s, struct str key);

#endif
