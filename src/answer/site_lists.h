/*
 * site_lists - a configuration, and the lists of each of its sites.
 *
 * A site's lists are a struct refresh, which has the snapshot and keeps it
 * fresh.  At a reload the sites that are in both configurations go from the old
 * struct site_lists to the new one with all that is known of them: the new one
 * borrows them while it is built, for building it may still fail, and gets them
 * for good when it takes the place of the old one.
 */
#ifndef ANSWER_SITE_LISTS_H
#define ANSWER_SITE_LISTS_H

#include <stdbool.h>

struct asking;
struct conf;
struct ev_loop;
struct lists;
struct refresh;

/* Called when a site has another snapshot, as in struct refresh_options. */
typedef void site_lists_swapped_fn(void *arg, const struct lists *lists,
    bool same_hosts);

/* The arrays have an element for each of conf->sites. */
struct site_lists {
	struct conf *conf; /* owned */
	struct asking *asking; /* whose request is evaluated (inquiry.h) */
	site_lists_swapped_fn *swapped;
	void *arg;
	struct refresh **refresh;
	bool *borrowed; /* the refresh is still another's */
	const struct lists **lists_of; /* to ask them; the refresh owns them */
};

/*
 * Opens the snapshots of CONF's sites, to keep them fresh on LOOP after
 * site_lists_start(), and calls nothing on a lists directory.  ASKING must
 * outlive the result.  CONF then belongs to the result.  NULL when out of
 * memory, and CONF is still the caller's.
 *
 * A site that OLD (or NULL) has as well is borrowed from it, until
 * site_lists_replace(), or until the result is freed.  SWAPPED (or NULL) is
 * called with ARG when a site has another snapshot: struct sites that were made
 * of the hosts of its lists are to be made anew where these differ.
 */
struct site_lists *site_lists_new(struct ev_loop *loop, struct conf *conf,
    const struct site_lists *old, struct asking *asking,
    site_lists_swapped_fn *swapped, void *arg);
/* Begins to watch and to scan; S was made without another. */
void site_lists_start(struct site_lists *s);
/* Lets S take the place of OLD, which it was made with, begins to watch and to
 * scan the sites that OLD did not have, and frees OLD. */
void site_lists_replace(struct site_lists *s, struct site_lists *old);
/* Scans no more; the lists can still be asked. */
void site_lists_stop_scans(struct site_lists *s);
/* Frees S, which may be NULL, and its configuration. */
void site_lists_free(struct site_lists *s);

#endif
