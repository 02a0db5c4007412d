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
 * Opens PATH and checks that it is a whole CDB (its 256 tables end where the
 * file ends, so that a truncated one is told).  NULL with *ERR; errno is
 * ENOENT where there is no such file.  *ST may be NULL.
 */
struct cdbfile *cdbfile_open(const char *path, struct stat *st,
    const char **err);
void cdbfile_close(struct cdbfile *f);

/* 1 and *VALUE, which lies in the mapping; 0 absent; -1 the file is broken. */
int cdbfile_get(struct cdbfile *f, struct str key, struct str *value)
    WARN_UNUSED;

/* Calls VISIT for each record in the order they were put; its first value
 * other than 0 ends it and is returned.  -1 where the file is broken. */
int cdbfile_each(struct cdbfile *f,
    int (*visit)(void *arg, struct str key, struct str value), void *arg);

/*
 * A new file that will replace PATH, with mode MODE: made beside it under a
 * name of its own.  NULL with *ERR.
 */
struct cdbmake *cdbmake_new(const char *path, mode_t mode, const char **err);
/* 0, or -1 with errno; cdbmake_commit() would fail as well then. */
int cdbmake_put(struct cdbmake *m, struct str key, struct str value);
/*
 * Writes out, fsync, rename, fsync of the directory; frees M.  0, or -1 with
 * *ERR and PATH as it was, the new file removed.
 */
int cdbmake_commit(struct cdbmake *m, const char **err) WARN_UNUSED;
/* Removes the new file; frees M, which may be NULL. */
void cdbmake_cancel(struct cdbmake *m);

#endif
