/*
 * cached_lists - the lists of one site as look-ups see them: a snapshot, and
 * behind it the directory that it was made from.
 *
 * It answers through struct lists (mailman/lists.h).  It never refreshes the
 * snapshot and never calls the directory: its owner does both (refresh.c), and
 * says in `fresh' and `touched' what the snapshot is worth; whoever has no loop
 * says that once (mm-handler).
 */
#ifndef CACHE_CACHED_LISTS_H
#define CACHE_CACHED_LISTS_H

#include <stdbool.h>

#include "base/str.h"
#include "mailman/lists.h"
#include "mailman/list_info.h"
#include "cache/cache.h"
#include "cache/freshness.h"
#include "cache/touched.h"

struct conf_site;
struct entry_facts;
struct mailman;

struct cached_lists {
	struct lists lists; /* what resolve() is given */
	const struct mailman *mailman;
	double settle;       /* seconds until a new directory is a list */
	struct cache *cache; /* the snapshot; NULL: there is none yet */

	/* The disk may be asked, and is before "absent" is said where the
	 * snapshot does not tell. */
	bool verify;
	struct freshness fresh; /* what the snapshot is worth */
	struct touched touched; /* entries that changed since */

	/*
	 * Looks: brings `fresh' and `touched' up to date, and says whether the
	 * directory that is there is the one that is watched, by a watch that
	 * sees all.  Called with ARG once for each value of *TURN, which is
	 * never 0.  NULL: nobody can look.
	 */
	bool (*look)(void *arg);
	const unsigned long *turn;
	/*
	 * Asks the disk for NAME: 1 and *F; 0 where the answer is to come, and
	 * what is found meanwhile does not count; -1 where nobody can tell.
	 * Called with ARG; needed where `verify' is set.
	 */
	int (*facts)(void *arg, struct str name, struct entry_facts *f);
	/* Called with ARG where the disk differs from the snapshot, as
	 * struct conclusion says; may be NULL. */
	void (*differs)(void *arg, enum lists_found found);
	/* Whether NAME, which the snapshot has not, was seen to go with those
	 * that make the site away; may be NULL. */
	bool (*lost)(void *arg, struct str name);
	void *arg;
	/* Called with SWAPPED_ARG and `lists' after another snapshot took the
	 * place of the one before; SAME_HOSTS as cache_same_hosts() of the two
	 * says.  May be NULL. */
	void (*swapped)(void *arg, const struct lists *lists, bool same_hosts);
	void *swapped_arg;

	/* The rest is for cached_lists.c alone. */
	unsigned long looked; /* in which turn */
	bool in_place; /* what that look said */
	struct cache_refused refused; /* no snapshot, though it has its name */
	struct list_info info; /* what a list's file said last */
};

/* Sets what its struct lists needs; everything else is zero.  MAILMAN must
 * outlive S. */
void cached_lists_init(struct cached_lists *s, const struct mailman *mailman,
    bool verify);
/* Takes from SITE what look-ups have to know of it. */
void cached_lists_configure(struct cached_lists *s,
    const struct conf_site *site);
/*
 * Opens the snapshot PATH in the place of the one that S has, unless it is
 * the same file.  1; 0 where it is the same; -1 with *ERR and errno as from
 * cache_reopen(), and S keeps what it had.
 */
int cached_lists_reopen(struct cached_lists *s, const char *path,
    const char **err) WARN_UNUSED;
/* Puts FRESH, which then belongs to S, in the place of the snapshot that S has,
 * which is returned, or NULL: the caller closes it. */
struct cache *cached_lists_swap(struct cached_lists *s, struct cache *fresh)
    WARN_UNUSED;
/* How many entries of the snapshot are known from what: LISTS_BASES numbers,
 * valid until the next snapshot.  NULL where there is none. */
const size_t *cached_lists_census(const struct cached_lists *s);
/* Closes the snapshot.  S can be used again. */
void cached_lists_clear(struct cached_lists *s);

#endif
