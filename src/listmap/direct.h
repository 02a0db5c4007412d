/*
 * direct - answers without the daemon.
 *
 * It reads the snapshots as they are on disk and asks the lists directories
 * behind them, with the same code as the daemon.  As it serves programs that
 * can only give up, its functions end the program where they fail.
 */
#ifndef LISTMAP_DIRECT_H
#define LISTMAP_DIRECT_H

#include "maps/maps.h"

struct direct;

/* Reads the configuration CONF_PATH and opens the snapshots of its sites.  Ends
 * the program where the configuration is wrong (EX_CONFIG) or memory is short
 * (EX_OSERR). */
struct direct *direct_open(const char *conf_path);
void direct_close(struct direct *d);

/* The role that a map's name stands for, and in *SITES the sites it knows; ends
 * the program (EX_USAGE) where no map has that name. */
const struct map *direct_map(struct direct *d, const char *name,
    const struct sites **sites);

/* All sites; they are valid as long as D. */
const struct sites *direct_sites(const struct direct *d);
/* The same with hosts = "any"; the caller frees them before D. */
struct sites *direct_any_host(const struct direct *d);

/* As direct_map(); ends the program (EX_USAGE) also where the map has no
 * enumeration in that form. */
const struct map *direct_enumerable(struct direct *d, const char *name,
    enum map_form form, const struct sites **sites);

/*
 * Calls EMIT with every pair of the map NAME; see direct_enumerable().  Returns
 * EX_OK; or EX_TEMPFAIL, where not all pairs were emitted, and that was logged.
 */
int direct_each(struct direct *d, const char *name, enum map_form form,
    map_emit_fn *emit, void *arg);

#endif
