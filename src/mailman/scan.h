/*
 * scan - reads a whole lists directory.  For children and command line
 * programs: it takes as long as the disk does.
 */
#ifndef MAILMAN_SCAN_H
#define MAILMAN_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/str.h"
#include "mailman/lists.h"

struct mailman;
struct stat;

/* One list as the scan found it. */
struct scan_list {
	char *name;
	ino_t ino; /* of the file that makes it a list */
	int64_t mtime; /* nanoseconds since the epoch */
	off_t size;
	const char *last_host; /* the same, of the old snapshot */
	const char *host; /* NULL: the scan does not look; for who does */
	enum lists_basis basis, last_basis; /* likewise */
	bool known; /* likewise: the old snapshot has that very file */
	bool young; /* likewise: and it is too new to be believed */
};

struct scan {
	struct scan_list *list; /* in the order of the names' bytes */
	size_t n;
	dev_t dev; /* of the directory */
	ino_t ino;
	int64_t mtime; /* before it was read */
	size_t unfinished; /* young directories that are no list yet */
	size_t doubtful; /* entries of which nobody knows (no permission) */
	char first_doubtful[STR_SHOWN];
	char *names; /* the memory behind the names */
};

/* Called now and then with how many entries were seen; may be NULL. */
typedef void scan_progress_fn(void *arg, size_t seen);

/*
 * Reads PATH.  0, or -1 with *ERR (static, or strerror's).  The caller clears
 * *S in both cases.
 */
int scan_directory(const struct mailman *mailman, const char *path,
    scan_progress_fn *progress, void *arg, struct scan *s, const char **err)
    WARN_UNUSED;
void scan_clear(struct scan *s);

/* A file's time of change as a scan writes it. */
int64_t scan_mtime(const struct stat *st);

#endif
