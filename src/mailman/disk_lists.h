/*
 * disk_lists - the lists of a directory as they are on disk now.
 *
 * This struct lists has no snapshot and remembers nothing: each look-up costs
 * a few stats and the reading of one file.  It is for mm-handler, which has
 * one address to resolve.
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
	/* A directory or a link that is no list now is no answer: it may be
	 * half of a list, or one whose volume is away.  So is a list whose
	 * directory has upper case in its name.  May be set at any time. */
	bool unfinished_is_no_answer;
	struct list_info info; /* of the list that was found last */
};

/* LISTS_DIR must outlive it.  There is nothing to clear. */
void disk_lists_init(struct disk_lists *d, const struct mailman *mailman,
    const char *lists_dir);

/* Whether the directory holds any list: 1, 0, or -1 with errno if it cannot be
 * read. */
int disk_lists_any(const struct disk_lists *d) WARN_UNUSED;

#endif
