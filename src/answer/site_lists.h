/*
 * store - a configuration with the snapshots of its sites.
 */
#ifndef ANSWER_STORE_H
#define ANSWER_STORE_H

#include <stdbool.h>
#include <stddef.h>

struct conf;
struct ev_loop;
struct lists;
struct refresh;

typedef void store_swapped_fn(void *arg);

struct store {
	struct conf *conf;
	store_swapped_fn *swapped;
	void *arg;
	struct refresh **refresh; /* beside conf->sites */
	bool *borrowed;
	const struct lists **lists;
};

/*
 * Opens the snapshots of CONF's sites, and keeps them fresh on LOOP, where
 * that is not NULL.  CONF belongs to the store then.  NULL when out of memory,
 * and CONF is still the caller's.
 *
 * A site that the store OLD (or NULL) has as well is borrowed from it, with
 * all that it knows, until store_succeed(), or until the new store is freed.
 * SWAPPED (or NULL) is called with ARG when a site has another snapshot: what
 * was made of its hosts is to be made anew.
 */
struct store *store_new(struct ev_loop *loop, struct conf *conf,
    const struct store *old, store_swapped_fn *swapped, void *arg);
/* S takes the place of OLD, which is freed. */
void store_succeed(struct store *s, struct store *old);
/* No more scans; what is there is still answered. */
void store_stop(struct store *s);
void store_free(struct store *s);

#endif
