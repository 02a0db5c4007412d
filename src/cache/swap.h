/*
 * swap - puts a snapshot in the place of another one in steps, on libev, so
 * that no turn of the loop takes longer the more lists there are.
 *
 * First the pages of the new one are made present, while the old one answers.
 * Then the owner takes the new one, and the old one is given up piece by piece.
 */
#ifndef CACHE_SWAP_H
#define CACHE_SWAP_H

#include <stdbool.h>

struct cache;
struct ev_loop;
struct swap;

/* Called with ARG when FRESH is ready: from now on FRESH is in use, and what it
 * returns, which may be NULL, is not. */
typedef struct cache *swap_take_fn(void *arg, struct cache *fresh);

/* NULL when out of memory. */
struct swap *swap_new(struct ev_loop *loop, swap_take_fn *take, void *arg);
/* Closes what S has, and frees S, which may be NULL. */
void swap_free(struct swap *s);

/* Begins with FRESH, in the place of one that swap_runs().  HELD is the socket
 * of a child that is told when the old one is gone, or FRESH was dropped
 * (fork.h); -1: none.  Both belong to S. */
void swap_begin(struct swap *s, struct cache *fresh, int held);
/* Drops the new snapshot if it is not in use yet. */
void swap_cancel(struct swap *s);
/* Whether there is a new snapshot that is not in use yet. */
bool swap_runs(const struct swap *s);

#endif
