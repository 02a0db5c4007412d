/*
 * directory - one lists directory as it is on disk now, name by name.
 *
 * A few stats a question: for the check before "absent" is said, and for
 * mm-handler.
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

struct directory_id {
	dev_t dev;
	ino_t ino;
};

/* The identity of the directory PATH: 0, or -1 with errno. */
int directory_identify(const char *path, struct directory_id *id) WARN_UNUSED;

/*
 * Asks PATH for the list NAME; *CONFIG, unless it is NULL, is then the stat of
 * the file that makes it one.  Where MUST_BE is not NULL and the directory is
 * another one, or where it cannot be read, the answer is LISTS_AWAY.
 */
enum lists_found directory_find(const struct mailman *mailman,
    const char *path, const struct directory_id *must_be, struct str name,
    struct stat *config);

/* Larger configurations are not read while others wait as well. */
#define DIRECTORY_READ_MAX (128 * 1024)

/* What the list NAME says of itself, in files of up to MAX bytes: *P, and
 * whether that is all there is to know.  A file to read and not only stats. */
bool directory_read(const struct mailman *mailman, const char *path,
    struct str name, off_t max, struct list_info *p) WARN_UNUSED;

/* Whether the entry NAME in PATH is a symbolic link. */
bool directory_has_link(const char *path, struct str name);

/* Whether PATH lies on a filesystem that may take for ever to answer (NFS). */
bool directory_is_remote(const char *path);

#endif
