/*
 * leftovers - removes what killed writers left beside a file: PATH.XXXXXX, as
 * mkstemp() names it.
 *
 * Only for those who know that nobody else is writing: holders of the lock.
 */
#ifndef CACHE_LEFTOVERS_H
#define CACHE_LEFTOVERS_H

void leftovers_remove(const char *path);

#endif
