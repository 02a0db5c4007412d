/*
 * directory - looks one name up in a lists directory, on disk.
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

/* Whether PATH lies on a filesystem that may take for ever to answer (NFS, or
 * FUSE).  This calls statfs(), which may take for ever itself. */
bool directory_is_remote(const char *path);

#endif
