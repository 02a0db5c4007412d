/*
 * cache_dir - makes the directory of the snapshots, for whoever writes the
 * first one.
 */
#ifndef CACHE_CACHE_DIR_H
#define CACHE_CACHE_DIR_H

#include "base/str.h"

struct account;

/*
 * Makes the directory PATH with mode 0755 whatever the umask says: mm-handler
 * runs as another account and reads what is there.  Its owner is that of A, if
 * a->change says so.  Its parent must be there.  0, also where the directory
 * was there already; or -1 with errno.
 */
int cache_dir_make(const char *path, const struct account *a) WARN_UNUSED;

#endif
