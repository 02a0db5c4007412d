/*
 * disk_lists - a lists directory as it is on disk, as struct lists.
 *
 * Nothing is kept: each question is a few stats and one file read.  For
 * programs that have one address to resolve.
 */
#ifndef MAILMAN_DISK_LISTS_H
#define MAILMAN_DISK_LISTS_H

#include "mailman/list_info.h"
#include "mailman/lists.h"

struct mailman;

struct disk_lists {
	struct lists lists;
	const struct mailman *mailman;
	const char *lists_dir;
	bool strict; /* see disk_lists_init() */
	struct list_info asked; /* what the list asked for last says */
};

/*
 * LISTS_DIR must outlive it.  Where `strict' is set later, a directory or link
 * that is no list now is no answer: it may be half of one, or one whose volume
 * is away.
 */
void disk_lists_init(struct disk_lists *b, const struct mailman *mailman,
    const char *lists_dir);

/* Whether the directory holds a list: 1, 0, or -1 where it cannot be read. */
int disk_lists_inhabited(const struct disk_lists *b) WARN_UNUSED;

#endif
