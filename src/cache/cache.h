/*
 * cache - the snapshot of one site's lists.
 */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/str.h"
#include "cache/record.h"

struct cache;

/* CACHE_DIR/SITE.SUFFIX ("cdb", "state", "lock"); the caller frees it; NULL
 * when out of memory. */
char *cache_path(const char *cache_dir, const char *site, const char *suffix);

/*
 * Opens a snapshot.  NULL with *ERR ("another version (7, not 1)", "no CDB",
 * "truncated"); errno is ENOENT where there is none.
 */
struct cache *cache_open(const char *path, const char **err);
void cache_close(struct cache *c); /* NULL is fine */

/* 1 and *R, 0 absent, -1 broken. */
int cache_find(struct cache *c, struct str name, struct record *r) WARN_UNUSED;
int cache_each(struct cache *c,
    int (*visit)(void *arg, struct str name, const struct record *r),
    void *arg);

/* The hosts, the one without a name for lists whose host is not known. */
int cache_each_host(struct cache *c,
    int (*visit)(void *arg, struct str host, const struct record_host *r),
    void *arg);

const struct record_head *cache_head(const struct cache *c);
/* When the file was written. */
time_t cache_written(const struct cache *c);
/* Whether PATH is another file by now (replaced, or gone). */
bool cache_replaced(const struct cache *c, const char *path);

#endif
