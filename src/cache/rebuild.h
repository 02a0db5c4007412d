/*
 * rebuild - scans a lists directory and writes its snapshot on disk.
 *
 * This is the only writer of snapshots, whoever calls it: the daemon's child,
 * cron, a person.  It takes as long as the disk does.
 */
#ifndef CACHE_REBUILD_H
#define CACHE_REBUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "mailman/odd_names.h"
#include "cache/gaps.h"
#include "cache/gone.h"
#include "cache/lock.h"

struct cache;
struct conf_domain;
struct conf_site;
struct mailman;

enum rebuild_status {
	REBUILD_UNCHANGED, /* the old snapshot says the same and stays */
	REBUILD_WRITTEN,   /* there is a new snapshot */
	REBUILD_AWAY,      /* the directory is not believed, the old stays */
	REBUILD_FAILED     /* something else went wrong, the old stays */
};

struct rebuild_result {
	enum rebuild_status status;
	/* In the snapshot, for UNCHANGED and WRITTEN; for AWAY how many there
	 * were, if there is no snapshot that tells, else 0. */
	size_t lists;
	unsigned long milliseconds; /* that it took, without the lock */
	size_t unfinished; /* young directories that may become lists */
	size_t young;      /* entries too new to be in the snapshot */
	double ripe_in;    /* seconds until none of these is too new */
	bool burst; /* lists are going right now, and none is missing yet */
	struct gaps gaps;  /* what could not be found out */
	/* Some of that matters for answers, and a later scan may find it
	 * out. */
	bool incomplete;
	bool denied;       /* AWAY, for the directory cannot be read at all */
	bool lost;         /* AWAY, for too many lists vanished */
	bool busy;         /* FAILED, for another process had the lock */
	/* Somebody has to do something before the site can answer: no list was
	 * ever seen, or none can be read. */
	bool failing;
	struct odd_names odd; /* for UNCHANGED and WRITTEN */
	/*
	 * Why it is AWAY, FAILED or failing.  Else what somebody should look
	 * at, such as entries that nobody may look into or an old snapshot that
	 * was no use; or "".
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
	const struct conf_domain *domains; /* of the configuration */
	size_t ndomains;
	bool any_host; /* the hosts of lists do not matter (option hosts) */
	bool accept_empty; /* believe the directory whatever it lacks */
	/* The snapshot in use, in case that its file is gone or no use; or
	 * NULL. */
	struct cache *known;
	/* Without any snapshot: how many lists there were, if the state says
	 * less, for somebody may have removed it; or 0. */
	size_t lists_before;
	struct lock_wait lock; /* how it waits for the site's lock */
	struct gone gone; /* lists that the watch saw go */
	/* As scan_progress_fn (mailman/scan.h); may be NULL. */
	void (*progress)(void *arg, size_t seen);
	void (*began)(void *arg); /* it has the lock now; may be NULL */
	void *progress_arg; /* of both */
};

/* The order for SITE, without accept_empty, known, lists_before, gone and
 * progress; it waits some seconds for the lock.  SITE and CACHE_DIR must
 * outlive it. */
struct rebuild_order rebuild_order(const struct conf_site *site,
    const struct mailman *mailman, const char *cache_dir);

/* The guard lets so many lists vanish at once, whatever part that is. */
#define REBUILD_GUARD 3

/*
 * Waits for the site's lock, scans, and replaces the snapshot where it differs.
 * Where lists go while it scans it waits some seconds for the end of that.
 *
 * A guard keeps the old snapshot (REBUILD_AWAY), for a filesystem may not be
 * mounted, where
 *
 *	the directory cannot be read, or went while it was read;
 *	it is another one (device, inode), and lists are missing that nobody
 *	    saw go;
 *	more than REBUILD_GUARD lists, and more than half of all, are missing
 *	    that nobody saw go, or that went in a burst (gone.h);
 *	lists are missing, and since so many vanished no scan found all: part
 *	    of them may be back, and the rest is to come;
 *	there is no snapshot, and so many lists less than the last scan found;
 *	there is no snapshot, and no list at all: the path may be wrong.
 *
 * accept_empty turns off all of these but the first.  While it is not
 * clear whether a burst runs, what goes stays in the snapshot.
 */
void rebuild(const struct rebuild_order *o, struct rebuild_result *r);
/* Scans as rebuild() does where there is no snapshot, and tells the result; but
 * it takes no lock and writes nothing. */
void rebuild_look(const struct rebuild_order *o, struct rebuild_result *r);

#endif
