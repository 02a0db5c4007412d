/*
 * sweep - removes what killed writers left beside a file: PATH.XXXXXX, as
 * mkstemp() names it.
 *
 * Only for those who know that nobody else is writing: holders of the lock.
 */
#ifndef CACHE_SWEEP_H
#define CACHE_SWEEP_H

void sweep(const char *path);

#endif
