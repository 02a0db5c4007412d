/*
 * cdbfile - a CDB on disk: read through a mapping, replaced atomically.
 *
 * The only file that knows tinycdb.
 */
#ifndef CACHE_CDBFILE_H
#define CACHE_CDBFILE_H

#include <stddef.h>
#include <sys/stat.h>

#include "base/str.h"

struct cdbfile;
struct cdbmake;

/*
 * Opens PATH and checks that it is a whole CDB: that its 256 tables end where
 * the file ends.  NULL with *ERR (static, or strerror's) and errno: ENOENT
 * where there is no such file, EPROTO where it is no CDB.  *ST becomes the
 * file's stat; ST may be NULL.
 */
struct cdbfile *cdbfile_open(const char *path, struct stat *st,
    const char **err);
/* F may be NULL. */
void cdbfile_close(struct cdbfile *f);

/* 1 and *VALUE, which lies in the mapping until F is closed; 0 where KEY is not
 * there; -1 where the file is broken. */
int cdbfile_get(struct cdbfile *f, struct str key, struct str *value)
    WARN_UNUSED;

/* Calls VISIT for each record, in the order in which they were put, until it
 * returns another value than 0, which is then returned.  0 after the last, -1
 * where the file is broken. */
int cdbfile_each(struct cdbfile *f,
    int (*visit)(void *arg, struct str key, struct str value), void *arg);

/*
 * Begins a new file that will replace PATH, with mode MODE.  It is made beside
 * PATH under a name of its own.  NULL with *ERR (strerror's) and errno.
 */
struct cdbmake *cdbmake_new(const char *path, mode_t mode, const char **err);
/* Adds a record.  0, or -1 with errno; cdbmake_commit() then fails as well, so
 * that nobody needs to look here. */
int cdbmake_put(struct cdbmake *m, struct str key, struct str value);
/*
 * Writes the tables and puts the new file in the place of PATH, as
 * replace_commit() does.  Frees M.  0; or -1 with *ERR (static, or strerror's)
 * and errno, PATH is as it was, and the new file is removed.
 */
int cdbmake_commit(struct cdbmake *m, const char **err) WARN_UNUSED;
/* Removes the new file and frees M, which may be NULL. */
void cdbmake_cancel(struct cdbmake *m);

#endif
