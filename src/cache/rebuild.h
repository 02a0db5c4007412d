/*
 * rebuild - from a lists directory to a snapshot on disk.  The one writer,
 * whoever calls it: the daemon's child, cron, a person.
 */
#ifndef CACHE_REBUILD_H
#define CACHE_REBUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "cache/gone.h"

struct cache;
struct conf_domain;
struct conf_site;
struct mailman;

enum rebuild_status {
	REBUILD_UNCHANGED, /* nothing was written */
	REBUILD_WRITTEN,
	REBUILD_AWAY,  /* the guard: the old snapshot stays */
	REBUILD_FAILED /* could not write; the directory is well */
};

struct rebuild_result {
	enum rebuild_status status;
	size_t lists; /* on disk now, for UNCHANGED and WRITTEN */
	unsigned long milliseconds;
	size_t unfinished; /* young directories that may become lists */
	size_t young;      /* lists that are too new to be believed */
	double ripe_in;    /* seconds until they are not */
	bool denied; /* AWAY because the directory cannot be read at all */
	/*
	 * For AWAY and FAILED why; else what somebody should look at (doubtful
	 * entries, an old snapshot that was no use), or "".
	 */
	char reason[512];
};

struct rebuild_order {
	const struct mailman *mailman;
	const char *site;
	const char *lists_dir;
	const char *data_dir;
	const char *cache_dir;
	double settle; /* seconds until a new directory is a list */
	const struct conf_domain *domains; /* that the site names */
	size_t ndomains;
	bool accept_empty;
	/* In use, for where the file is gone or no use; or NULL. */
	struct cache *known;
	struct gone gone; /* lists that were seen to go */
	/* As scan_progress_fn; may be NULL. */
	void (*progress)(void *arg, size_t seen);
	void *progress_arg;
};

/* What is to be ordered for SITE, without what is only at times. */
struct rebuild_order rebuild_order(const struct conf_site *site,
    const struct mailman *mailman, const char *cache_dir);

/*
 * Waits for the lock, scans, and replaces the snapshot where it differs.
 * The guard (DESIGN section 7): a directory that cannot be read, one that is
 * another (device, inode) and misses lists, or one that lost more than half
 * of more than REBUILD_GUARD lists that nobody saw go, leaves the old
 * snapshot; unless accept_empty, and unless there was no list before.
 */
#define REBUILD_GUARD 3
void rebuild(const struct rebuild_order *o, struct rebuild_result *r);

#endif
