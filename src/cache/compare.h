/*
 * compare - holds an old snapshot against a scan of the directory.
 */
#ifndef CACHE_COMPARE_H
#define CACHE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "cache/record.h"

struct cache;
struct hosts;
struct rebuild_order;
struct scan;

/* A list of the old snapshot of which the scan could not tell: it stays. */
struct kept {
	char *name;
	struct record record;
};

struct compare {
	const struct rebuild_order *o;
	struct scan *scan;
	struct hosts *hosts;
	bool other_dir;     /* the directory is another one */
	size_t entries; /* directories in the old snapshot */
	size_t dir_lists;    /* of these: lists */
	size_t file_lists;   /* lists without a directory */
	uint64_t old_stamp; /* of the old snapshot */
	size_t missing; /* of these: in the scan no more */
	size_t unseen;  /* of these: nobody saw them go */
	uint64_t old_count; /* what the old snapshot says of all lists */
	struct kept *kept;
	size_t nkept;
	char **gone; /* names of those that went, now or before */
	size_t ngone;
	size_t same; /* in both, with the same file */
	size_t next; /* where the next one should be in the scan */
};

/*
 * 0, or -1 with errno: OLD is broken (EPROTO), or out of memory.  The caller
 * clears *C in both cases.  Lists of SCAN whose file is the same as in OLD
 * get the host that they have there, if it was known; HOSTS holds it.
 */
int compare(struct compare *c, const struct rebuild_order *o,
    struct scan *scan, struct hosts *hosts, struct cache *old) WARN_UNUSED;
/* Whether a new snapshot of all of the scan but YOUNG lists would have the
 * same directories. */
bool compare_unchanged(const struct compare *c, size_t young);
void compare_clear(struct compare *c);

#endif
