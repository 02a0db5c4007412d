/*
 * scan - reads a whole lists directory: its lists, their names in order, what
 * shows later that one of them changed, and the names of all other entries.
 *
 * A scan takes as long as the disk takes.  Only children of the daemon and
 * the command line make one.
 */
#ifndef MAILMAN_SCAN_H
#define MAILMAN_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"
#include "mailman/lists.h"
#include "mailman/odd_names.h"

struct mailman;
struct stat;

/* One list as the scan found it, or an entry that may be one. */
struct scan_list {
	char *name;
	ino_t ino;     /* of the file that makes it a list */
	int64_t mtime; /* of that file, nanoseconds since the epoch */
	off_t size;    /* of that file, bytes */
	/* LISTS_DOUBTFUL, and then the three are 0; LISTS_BY_DIRECTORY; what
	 * else it is known from the parts of a rebuild find out. */
	enum lists_basis basis;
	int error; /* the errno of what could not be looked into or read */

	/* scan_directory() leaves these zero; the parts of a rebuild
	 * (cache/rebuild_job.h) fill them in. */
	const char *last_host; /* in the old snapshot, of a changed file */
	const char *host;      /* its host; NULL: still to be read */
	enum lists_basis last_basis; /* in the old snapshot; LISTS_NONE: it was
	                                no list there, or too young */
	bool known; /* the old snapshot has that very file */
	bool young; /* it is too new to be believed (option settle) */
};

/* An entry that is no list now: a file, a directory without a configuration, a
 * link that leads nowhere. */
struct scan_none {
	char *name;
	/* scan_directory() leaves these zero. */
	bool last_none; /* it was that in the old snapshot */
	bool recorded;  /* a list of its name stays, or is Mailman's files' */
};

struct scan {
	/* In the order of the names' bytes: the lists, and the entries that
	 * could not be looked into. */
	struct scan_list *list;
	size_t n;
	/* In the same order: all others whose names entry_name_ok() takes. */
	struct scan_none *none;
	size_t nnone;
	dev_t dev; /* of the directory */
	ino_t ino;
	int64_t mtime;     /* of the directory, before it was read */
	/* The same of its last change, if an entry that comes or goes later
	 * changes it for certain; else 0. */
	int64_t ctime;
	size_t unfinished; /* young directories that are no list yet */
	/* Lists whose names are none that entry_name_ok() takes, so that they
	 * are not in `list'. */
	struct odd_names odd;
	char *names, *none_names; /* the memory behind the names */
};

/* Is called now and then with how many entries were seen. */
typedef void scan_progress_fn(void *arg, size_t seen);

/*
 * Reads the directory PATH.  PROGRESS may be NULL.  0, or -1 with errno and
 * *ERR (static text, or strerror's).  The caller clears *S in both cases.
 */
int scan_directory(const struct mailman *mailman, const char *path,
    scan_progress_fn *progress, void *arg, struct scan *s, const char **err)
    WARN_UNUSED;
void scan_clear(struct scan *s);

/*
 * The list NAME of S, and the entry NAME that is none; or NULL.  *NEXT is where
 * to look first, and becomes what lies behind it: whoever looks for names in
 * their order starts with 0.  NEXT may be NULL.
 */
struct scan_list *scan_find_list(const struct scan *s, struct str name,
    size_t *next);
struct scan_none *scan_find_none(const struct scan *s, struct str name,
    size_t *next);

/* The mtime and the ctime of a file in nanoseconds since the epoch.  A file's
 * time may be anything: what does not fit becomes INT64_MIN or INT64_MAX. */
int64_t scan_mtime(const struct stat *st);
int64_t scan_ctime(const struct stat *st);

#endif
