/*
 * bare - a lists directory as it is on disk, as struct lists.
 *
 * Nothing is kept: each question is a few stats and one file read.  For
 * programs that have one address to resolve.
 */
#ifndef MAILMAN_BARE_H
#define MAILMAN_BARE_H

#include "mailman/lists.h"
#include "mailman/mailman.h"

struct bare {
	struct lists lists;
	const struct mailman *mailman;
	const char *lists_dir;
	bool strict; /* see bare_init() */
	struct particulars asked; /* what the list asked for last says */
};

/*
 * LISTS_DIR must outlive it.  Where `strict' is set later, a directory or link
 * that is no list now is no answer: it may be half of one, or one whose volume
 * is away.
 */
void bare_init(struct bare *b, const struct mailman *mailman,
    const char *lists_dir);

/* Whether the directory holds a list: 1, 0, or -1 where it cannot be read. */
int bare_inhabited(const struct bare *b) WARN_UNUSED;

#endif
