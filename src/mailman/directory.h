/*
 * directory - looks one name up in a lists directory, on disk, and tells what
 * kind of directory that is.
 *
 * A look-up costs a few stats.  The daemon makes one before it says that a name
 * which no snapshot has is absent; mm-handler makes all its look-ups so.
 */
#ifndef MAILMAN_DIRECTORY_H
#define MAILMAN_DIRECTORY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/str.h"
#include "mailman/lists.h"

struct list_info;
struct mailman;
struct stat;

/* Tells one directory from another one that has its path later. */
struct directory_id {
	dev_t dev;
	ino_t ino;
};

/* Takes the identity of the directory PATH.  0, or -1 with errno. */
int directory_identify(const char *path, struct directory_id *id) WARN_UNUSED;

/*
 * Looks up the list NAME in the directory PATH.  For a list that is found,
 * *CONFIG, unless CONFIG is NULL, is the stat of the file that makes it a list.
 * LISTS_AWAY if the directory cannot be read, or is another one than MUST_BE
 * (NULL: any will do); LISTS_NO_ANSWER if the entry NAME cannot be looked into,
 * or is a list of such another directory.
 */
enum lists_found directory_find(const struct mailman *mailman,
    const char *path, const struct directory_id *must_be, struct str name,
    struct stat *config);

/* The same of the entry NAME (terminated, and entry_name_ok()) in the open
 * directory DIR, whichever that is. */
enum lists_found directory_find_at(const struct mailman *mailman, int dir,
    const char *name, struct stat *config);

/* The largest configuration, in bytes, that is read while clients wait. */
#define DIRECTORY_READ_MAX (128 * 1024)

/*
 * Reads into *P what the list NAME says of itself, from files of up to MAX
 * bytes.  0, or -1 with errno as from mailman->read() (mailman/mailman.h), or
 * as it is where the directory cannot be opened; *P is empty then.
 */
int directory_read(const struct mailman *mailman, const char *path,
    struct str name, off_t max, struct list_info *p) WARN_UNUSED;

/* Whether the entry NAME in PATH is a symbolic link, or may be one, for it
 * could not be looked at. */
bool directory_may_have_link(const char *path, struct str name);

/* What may be expected of the filesystem that a directory lies on. */
enum directory_kind {
	DIRECTORY_UNKNOWN, /* the directory cannot be opened */
	DIRECTORY_SEEN,    /* local, and inotify(7) sees all that happens to
			      its entries */
	DIRECTORY_UNSEEN,  /* local, but entries come and go unseen (a lower
			      layer), or have more than one name (the case of
			      letters does not matter, or may not) */
	DIRECTORY_SLOW     /* a network's, FUSE's, or one that nobody here
			      knows: it may take for ever to answer */
};
/*
 * Looks what PATH is.  This may take for ever itself.  A layer of one that is
 * UNSEEN may lie on a network all the same.
 */
enum directory_kind directory_kind_of(const char *path);

/*
 * As directory_identify(), but without any call that waits for a disk or for a
 * file server: it says what the kernel has in memory.  -1 with EAGAIN where the
 * kernel would have to ask, so that nobody knows.  Before Linux 5.12, or where
 * openat2() is forbidden, this is directory_identify().
 */
int directory_identify_cached(const char *path, struct directory_id *id)
    WARN_UNUSED;

#endif
