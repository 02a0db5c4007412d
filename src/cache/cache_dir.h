/*
 * cache_dir - the directory of the snapshots, for whoever writes the first.
 */
#ifndef CACHE_CACHE_DIR_H
#define CACHE_CACHE_DIR_H

#include "base/str.h"

struct account;

/*
 * Makes the directory PATH, if its parent is there, for ACCOUNT.  0, also
 * where it was there already; or -1 with errno.
 */
int cache_dir_make(const char *path, const struct account *a) WARN_UNUSED;

#endif
