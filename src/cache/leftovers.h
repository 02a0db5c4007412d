/*
 * leftovers - removes the temporary files that killed writers left behind.
 *
 * base/replace.c writes PATH by way of PATH.XXXXXX, as mkstemp() names it.
 * Only the holder of the site's lock may call this, for the temporary file of
 * a writer that is still at work looks the same.
 */
#ifndef CACHE_LEFTOVERS_H
#define CACHE_LEFTOVERS_H

/* Removes all of PATH's; what cannot be removed stays. */
void leftovers_remove(const char *path);

#endif
