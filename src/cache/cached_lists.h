/*
 * cached_lists - a snapshot and the directory behind it, as struct lists.
 *
 * Whoever keeps it fresh sets the members; it knows nothing of how.
 */
#ifndef CACHE_CACHED_LISTS_H
#define CACHE_CACHED_LISTS_H

#include <stdbool.h>

#include "base/str.h"
#include "mailman/lists.h"
#include "mailman/list_info.h"

struct cache;
struct conf_site;
struct mailman;

struct cached_lists {
	struct lists lists;
	const struct mailman *mailman;
	const char *lists_dir;
	const char *data_dir;
	double settle;       /* seconds until a new directory is a list */
	bool verify;         /* ask the directory before "absent" */
	struct cache *cache; /* NULL: none yet */
	bool trusted; /* the snapshot is young enough to say "absent" alone */
	bool away;    /* the last scan was not to be believed */
	bool behind;  /* changes are known, or possible, that it lacks */
	bool complete; /* it was complete as long as the directory was there */
	/*
	 * Called when the directory turns out to differ from the snapshot:
	 * LISTS_FOUND has a list more, LISTS_AWAY is another or unreadable.
	 */
	void (*differs)(void *arg, enum lists_found found);
	void *arg;
	/* Called after another snapshot took the place of the one before. */
	void (*swapped)(void *arg);
	void *swapped_arg;
	struct list_info info; /* what the directory said last */
	size_t census[LISTS_BASES]; /* of the snapshot, where it was counted */
	bool counted;
};

/* How many entries of the snapshot are known from what: LISTS_BASES of them;
 * NULL where there is no snapshot. */
const size_t *cached_lists_census(struct cached_lists *s);

/* Fills in what its struct lists needs. */
void cached_lists_init(struct cached_lists *s, const struct mailman *mailman,
    const char *lists_dir, bool verify);
/* Takes from SITE, which must outlive it, where its lists are. */
void cached_lists_configure(struct cached_lists *s,
    const struct conf_site *site);
/*
 * Takes the snapshot PATH in the place of what it had, if it is another file.
 * 1; 0 where it is the same; -1 with *ERR as from cache_open(), and what it
 * had.
 */
int cached_lists_reopen(struct cached_lists *s, const char *path,
    const char **err) WARN_UNUSED;
/* Whether Mailman wrote down something, or took it away, since. */
bool cached_lists_files_changed(const struct cached_lists *s);
/* Frees the snapshot. */
void cached_lists_clear(struct cached_lists *s);

#endif
