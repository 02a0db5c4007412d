/*
 * cdbfile - a CDB on disk: read into memory, replaced atomically.
 *
 * An open one is a copy in memory of its own and needs the file no more.  A
 * mapping would change with the file, whoever writes into it or whatever the
 * disk makes of it later, and kill the process where the file is cut.
 *
 * The only file that knows tinycdb.
 */
#ifndef CACHE_CDBFILE_H
#define CACHE_CDBFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/str.h"

struct cdbfile;
struct cdbmake;

/*
 * Reads PATH and checks that it has the form of a whole CDB: that its 256
 * tables end where the file ends.  Whatever else may be wrong with it harms
 * nobody, but what is read from it may be anything.  NULL with *ERR (static,
 * or strerror's) and errno: ENOENT where there is no such file, EPROTO where
 * it is no CDB.  *ST becomes the file's stat; ST may be NULL.
 */
struct cdbfile *cdbfile_open(const char *path, struct stat *st,
    const char **err);
/* F may be NULL. */
void cdbfile_close(struct cdbfile *f);

/*
 * A file of megabytes takes milliseconds to read.  So a process that has read
 * it can give it to another one that shares the descriptor FD, which is that of
 * an empty memfd_create(MFD_ALLOW_SEALING).
 *
 * Writes F and *ST there, and seals the memory: nobody can change it ever
 * after.  0, or -1 with errno.
 */
int cdbfile_give(const struct cdbfile *f, const struct stat *st, int fd);
/* What was given, with its *ST; FD may be closed then.  NULL with *ERR and
 * errno where nothing was, or not all of it. */
struct cdbfile *cdbfile_take(int fd, struct stat *st, const char **err);

/*
 * The memory of what was taken comes to the process with the first look at each
 * part of it, and much memory takes milliseconds to go.  Whoever has no time
 * for that at once says how many BYTES the next step may be about.
 *
 * Makes more of F present; true: all of it is.
 */
bool cdbfile_populate(struct cdbfile *f, size_t bytes);
/* Gives a part of F's memory back, which nobody may use any more but by this;
 * true: that was the last part, and F is freed.  The last one takes longer than
 * the others where no other process has what was taken, for then the kernel
 * frees the pages themselves. */
bool cdbfile_release(struct cdbfile *f, size_t bytes);

/*
 * A fork copies what the kernel knows of the memory that is the process's own,
 * and much memory takes milliseconds.  What was taken is memory of another
 * kind, and children have it only where it is lent.
 *
 * Makes F, which was opened, such memory as well.  0, or -1 with errno.
 */
int cdbfile_share(struct cdbfile *f);
/* Children that are forked from now on have F, or do not.  0, or -1 with
 * errno. */
int cdbfile_lend(const struct cdbfile *f, bool lent);

/* All bytes of the file; they live as long as F. */
struct str cdbfile_bytes(const struct cdbfile *f);

/* 1 and *VALUE, which lives as long as F; 0 where KEY is not there; -1 where
 * the file is broken. */
int cdbfile_get(const struct cdbfile *f, struct str key, struct str *value)
    WARN_UNUSED;

/* The record at *POS, which is 0 for the first one and becomes that of the
 * next: 1, 0 where there are no more, -1 where the file is broken. */
int cdbfile_next(const struct cdbfile *f, size_t *pos, struct str *key,
    struct str *value) WARN_UNUSED;
/* Calls VISIT for each record, in the order in which they were put, until it
 * returns another value than 0, which is then returned.  0 after the last, -1
 * where the file is broken. */
int cdbfile_each(const struct cdbfile *f,
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
 * Writes the tables, after which nothing can be put, and reads the file that is
 * there now, still under its own name.  The caller closes it.  NULL with *ERR
 * (static, or strerror's) and errno; cdbmake_commit() then fails as well.
 */
struct cdbfile *cdbmake_finish(struct cdbmake *m, const char **err);
/* Writes BYTES over those AT bytes from the start of the finished file.  0, or
 * -1 with errno; cdbmake_commit() then fails as well. */
int cdbmake_overwrite(struct cdbmake *m, size_t at, struct str bytes);
/*
 * Finishes the file where that was not done, and puts it in the place of PATH,
 * as replace_commit() does.  Frees M.  0; or -1 with *ERR (static, or
 * strerror's) and errno, PATH is as it was, and the new file is removed.
 */
int cdbmake_commit(struct cdbmake *m, const char **err) WARN_UNUSED;
/* Removes the new file and frees M, which may be NULL. */
void cdbmake_cancel(struct cdbmake *m);

#endif
