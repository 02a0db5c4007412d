/*
 * maps - the roles: what a look-up in a map of each kind answers.
 *
 * A role sees addresses resolved and writes a value; it knows nothing of
 * sockets, caches or loops.  How to add one: doc/HACKING.md.
 */
#ifndef MAPS_MAPS_H
#define MAPS_MAPS_H

#include <stdbool.h>

#include "base/str.h"

struct buf;
struct route;
struct sites;

/* Longest value but for aliases and redirects' targets: sendmail carries no
 * more verbatim (about 250 characters a token, 256 an address). */
#define MAP_VALUE_MAX 200

/*
 * Takes one pair of a dump; another value than 0 ends it.  VALUE.p is NULL for
 * a KEY that there is and that the role must leave out: whoever writes a table
 * for people says so there.
 */
typedef int map_emit_fn(void *arg, struct str key, struct str value);

typedef int map_each_fn(const struct sites *s, map_emit_fn *emit, void *arg);

/* What an enumeration is for. */
enum map_form {
	MAP_DUMP,
	MAP_SHARED,    /* what `dump --shared' prints */
	MAP_STANDALONE /* a table that is to do without the daemon */
};

/* What the keys of a role are. */
enum map_key { MAP_ADDRESS, MAP_DOMAIN, MAP_LOCAL_PART };

struct map {
	const char *name;
	const char *help;
	enum map_key key;
	/*
	 * Writes the value of an address that was found, and returns true; or
	 * false if the address is nothing to this role.  A role without a
	 * look-up or a dump of its own gets one that calls this for each
	 * address that is found.
	 */
	bool (*write)(struct buf *value, const struct route *r);
	/* A look-up of its own: as map_lookup(). */
	int (*lookup)(const struct sites *s, struct str key,
	    struct buf *value);
	/* Enumerations of its own, as map_each(). */
	map_each_fn *each;
	map_each_fn *each_shared;
	map_each_fn *each_standalone;
	bool keys_only; /* a dump prints keys alone, one a line */
};

/*
 * Looks KEY up: 1 found, VALUE holds the value; 0 absent; -1 no answer, VALUE
 * holds the reason.  VALUE must be empty at the call.
 */
int map_lookup(const struct map *map, const struct sites *s, struct str key,
    struct buf *value);

/* Whether there is such an enumeration of it. */
bool map_has(const struct map *map, enum map_form form);
/* Calls EMIT for all pairs; as resolve_each().  There must be such a form. */
int map_each(const struct map *map, enum map_form form, const struct sites *s,
    map_emit_fn *emit, void *arg);

extern const struct map map_listmap, map_refusal, map_virtuser,
    map_mailertable, map_aliases, map_domains, map_recipients, map_transport,
    map_redirect, map_site_domain;

/* The role of that name, or NULL; all of them, ending with NULL. */
const struct map *map_find(const char *role);
extern const struct map *const maps[];

#endif
