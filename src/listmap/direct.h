/*
 * direct - answers without the daemon: the snapshots as they are on disk, and
 * the lists directories behind them.
 */
#ifndef LISTMAP_DIRECT_H
#define LISTMAP_DIRECT_H

#include "maps/maps.h"

struct direct;

/* Ends the program where the configuration is wrong or memory is short. */
struct direct *direct_open(const char *conf_path);
void direct_close(struct direct *d);

/* The role behind a map's name; ends the program (EX_USAGE) for no such map. */
const struct map *direct_map(struct direct *d, const char *name,
    const struct sites **sites);

/* All sites; and the same with hosts = "any", which the caller frees. */
const struct sites *direct_sites(const struct direct *d);
struct sites *direct_any_host(const struct direct *d);

/* As direct_map(), and ends it also where the form has no meaning for it. */
const struct map *direct_enumerable(struct direct *d, const char *name,
    enum map_form form, const struct sites **sites);

/*
 * Enumerates the map NAME, which must be direct_enumerable().  Returns an exit
 * code; after EX_TEMPFAIL not all pairs were emitted, and that was said.
 */
int direct_each(struct direct *d, const char *name, enum map_form form,
    map_emit_fn *emit, void *arg);

#endif
