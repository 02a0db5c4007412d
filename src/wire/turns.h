/*
 * turns - the open connections of a server, on libev: what they ask in a turn
 * of the loop is gathered, and then answered.
 *
 * First each ready connection receives, and is queued.  When libev has called
 * all others, the turn() of the options is called, and all that are queued are
 * answered.  So whatever turn() looks at is not older than what is answered
 * then.  If the memory for what is received is full, that happens early, and
 * again for the rest.
 */
#ifndef WIRE_TURNS_H
#define WIRE_TURNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct ev_loop;
struct server_counts;
struct server_options;
struct turns;

/* NULL when out of memory.  The caller ends it with turns_free(). */
struct turns *turns_new(struct ev_loop *loop, const struct server_options *o);
void turns_configure(struct turns *t, const struct server_options *o);

/*
 * Adds the client on FD.  RECEIVE: what he sent is received at once, to be
 * answered in this turn.  Returns 0; or -1 when memory is out or there are as
 * many as the options allow, and FD is still the caller's.
 */
int turns_add(struct turns *t, int fd, bool receive) WARN_UNUSED;

/* To be called at each return from poll, see late_turn(): whether all that
 * waits now has to be purged. */
bool turns_begin(struct turns *t) WARN_UNUSED;
/* Closes, unanswered, whoever has something that waits. */
void turns_purge(struct turns *t);
/* Closes whoever is not busy, now and from now on when he is answered. */
void turns_finish(struct turns *t);

/* Sets all counts but `shed'. */
void turns_counts(const struct turns *t, struct server_counts *c);
/* Closes everything.  T may be NULL. */
void turns_free(struct turns *t);

#endif
