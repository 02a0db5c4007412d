/*
 * cache - reads the snapshot of one site's lists: a CDB whose records
 * listmap-cache(5) describes.
 *
 * A struct cache is the file as it was when it was opened, whatever happens to
 * the file later: others may replace it, write into it, or cut it.  It is never
 * one whose checksum was wrong, nor that of another site.
 */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <time.h>

#include "base/str.h"
#include "cache/record.h"

struct cache;
struct gaps;

/* The path CACHE_DIR/SITE.SUFFIX; SUFFIX is "cdb", "state" or "lock".  The
 * caller frees it.  NULL when out of memory. */
char *cache_path(const char *cache_dir, const char *site, const char *suffix);

/*
 * Opens the snapshot PATH, which is cache_path()'s: reads all of it, and checks
 * its checksum, and that it is of the site in PATH.  NULL with *ERR, which is
 * static or valid until the next call ("another version (1, not 3)", "no CDB",
 * "truncated", "wrong checksum", "the snapshot of site a, not of b"), and
 * errno: ENOENT where there is no file, EPROTO where it is no snapshot, a
 * damaged one, or one of another site, EPROTONOSUPPORT where it is one of
 * another version.
 */
struct cache *cache_open(const char *path, const char **err);
void cache_close(struct cache *c); /* C may be NULL */
/* Close C in steps, and make one that was taken ready in steps, as
 * cdbfile_release() and cdbfile_populate() do. */
bool cache_release(struct cache *c, size_t bytes); /* C may be NULL */
bool cache_populate(struct cache *c, size_t bytes);
/* Decide what children have of C, as cdbfile_share() and cdbfile_lend() do. */
int cache_share(struct cache *c);
int cache_lend(const struct cache *c, bool lent);

/* Room for every *ERR, with two names of sites. */
#define CACHE_ERR_MAX 192

/* A file that was refused as no snapshot, so that nobody reads it again and
 * again; zero: none was. */
struct cache_refused {
	struct stat st;
	char err[CACHE_ERR_MAX];
	int error; /* errno */
};

/*
 * Opens PATH in the place of *C, which may be NULL, unless it is the same file.
 * 1; 0 where it is the same; -1 with *ERR and errno as from cache_open(), and
 * *C stays.  What is no snapshot is read once, and refused from *REFUSED until
 * it is another file.
 */
int cache_reopen(struct cache **c, struct cache_refused *refused,
    const char *path, const char **err) WARN_UNUSED;

/* Looks at the file PATH, and reads nothing: 1 where it is another one than
 * that of C, which may be NULL, and than REFUSED; 0 where it is C's; -1 where
 * it is the one that was refused, or there is none.  *ST becomes its stat. */
int cache_look_at(const struct cache *c, const struct stat *refused,
    const char *path, struct stat *st) WARN_UNUSED;

/* Gives C to another process, or takes what one gave, as cdbfile_give() and
 * cdbfile_take() do.  The checksum was checked when C was opened. */
int cache_give(const struct cache *c, int fd);
struct cache *cache_take(int fd, const char **err);

/* 1 and *R, which lives as long as C; 0 where NAME has no record; -1 where
 * the file is broken. */
int cache_find(const struct cache *c, struct str name, struct record *r)
    WARN_UNUSED;
/* The same, for the two things of a record that a look-up needs. */
int cache_look(const struct cache *c, struct str name, struct str *host,
    enum lists_basis *basis) WARN_UNUSED;
/* Calls VISIT for each entry, be it a list or not, until it returns another
 * value than 0, which is then returned.  0 after the last, -1
 * where the file is broken. */
int cache_each(struct cache *c,
    int (*visit)(void *arg, struct str name, const struct record *r),
    void *arg);

/* The same for the hosts.  The host with the empty name stands for lists that
 * name none. */
int cache_each_host(const struct cache *c,
    int (*visit)(void *arg, struct str host, const struct record_host *r),
    void *arg);

/*
 * Whether A and B have the same hosts, with the same URLs and real names, in
 * the same order.  How many lists a host has may differ, but not that it has
 * any.
 */
bool cache_same_hosts(const struct cache *a, const struct cache *b);

/* What the scan could not find out. */
void cache_gaps(struct cache *c, struct gaps *gaps);

/* The first record; lives as long as C. */
const struct record_head *cache_head(const struct cache *c);
/* How many entries are known from what: LISTS_BASES numbers, which live as long
 * as C. */
const size_t *cache_census(const struct cache *c);
/* When the file was written. */
time_t cache_written(const struct cache *c);

#endif
