/*
 * lock - one writer at a time writes the cache of a site.
 *
 * Whoever has the lock may wait for a file server that is dead.  So those that
 * wait for the lock do so for a limited time, and say who has it.
 */
#ifndef CACHE_LOCK_H
#define CACHE_LOCK_H

#include <stddef.h>

#include "base/str.h"

/* So many seconds a process waits until it says for whom. */
#define LOCK_SILENCE 1.0

struct lock_wait {
	double patience; /* seconds to wait at most */
	/* Called with ARG after LOCK_SILENCE; HOLDER is as in lock_take().  May
	 * be NULL. */
	void (*waits)(void *arg, const char *holder);
	void *arg;
};

/*
 * Locks the file PATH, which is made where there is none, and stays.  The
 * descriptor, for lock_release(); or -1 with errno.  EWOULDBLOCK is that
 * another process had it all the time that W allows, and HOLDER (SIZE bytes)
 * then says which one, as far as it can be told: "process 123 (listmapd)" or
 * "another process".
 *
 * It owns SIGALRM and the process's timer meanwhile.
 */
int lock_take(const char *path, const struct lock_wait *w, char *holder,
    size_t size) WARN_UNUSED;
/* Unlocks the file and closes it, also where the process lives on and its
 * descriptor is open elsewhere. */
void lock_release(int fd);

#endif
