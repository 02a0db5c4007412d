/*
 * maps - the roles: what a look-up in a map of each kind answers.
 *
 * A role sees addresses resolved and writes a value; it knows nothing of
 * sockets, caches or loops.  To add one: a file with its struct map, a line
 * in maps.c.
 */
#ifndef MAPS_MAPS_H
#define MAPS_MAPS_H

#include "base/buf.h"
#include "base/str.h"
#include "mailman/resolve.h"

/* Longest value but for aliases and redirects' targets: sendmail carries no
 * more verbatim (about 250 characters a token, 256 an address). */
#define MAP_VALUE_MAX 200

/* Takes one pair of a dump; another value than 0 ends it. */
typedef int map_emit_fn(void *arg, struct str key, struct str value);

typedef int map_each_fn(const struct sites *s, map_emit_fn *emit, void *arg);

struct map {
	const char *name;
	const char *help;
	/*
	 * 1 found, VALUE holds the value; 0 absent; -1 no answer, VALUE holds
	 * the reason.  VALUE is empty at the call.
	 */
	int (*lookup)(const struct sites *s, struct str key,
	    struct buf *value);
	/* All pairs; as resolve_each().  NULL: they cannot be enumerated. */
	map_each_fn *each;
	/* The same for what `dump --shared' prints, and for a table that is to
	 * do without the daemon; NULL: there is no such difference. */
	map_each_fn *each_shared;
	map_each_fn *each_standalone;
	bool keys_only; /* a dump prints keys alone, one a line */
};

extern const struct map map_listmap, map_refusal, map_virtuser,
    map_mailertable, map_aliases, map_domains, map_recipients, map_transport,
    map_redirect, map_served;

/* The role of that name, or NULL; all of them, ending with NULL. */
const struct map *map_find(const char *role);
extern const struct map *const maps[];

#endif
