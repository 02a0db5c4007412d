/*
 * place - what stands at the path of a lists directory now, and the inotify
 * watches on it and on Mailman's files.
 *
 * All of this may have to wait for a file server, so the daemon has a worker
 * (worker.h) do it.  Only where a path leads to something else than what is
 * watched is that armed anew; the owner of the watch then takes it over
 * (watch_take()).
 */
#ifndef CACHE_PLACE_H
#define CACHE_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "mailman/directory.h"

struct mailman;

/* What is watched, as from watch_id() and watch_files_id(); a number of -1:
 * nothing is, so that it is armed whatever it is. */
struct place_watched {
	struct directory_id lists;
	struct directory_id files;
	int wd;
	int files_wd;
};

struct place_facts {
	int error; /* the errno for which nobody can look at it; 0: none */
	dev_t dev; /* what the path leads to; both 0: nobody can tell */
	ino_t ino;
	enum directory_kind kind;
	int wd;          /* its watch; -1: there is none */
	bool armed;      /* it is a new one, to be taken */
	int watch_error; /* the errno for which it cannot be watched */

	/* The same of the directory with Mailman's files, which is not watched
	 * where it is the lists directory; all zero and -1 where Mailman writes
	 * none. */
	int files_error;
	dev_t files_dev;
	ino_t files_ino;
	enum directory_kind files_kind;
	int files_wd;
	bool files_armed;
	int files_watch_error;
	uint64_t stamp; /* of these files; 0: there are none to be seen */
};

/*
 * Looks at LISTS_DIR and DATA_DIR (NULL: nowhere), and fills in *F, padding
 * included.  INOTIFY is watch_fd(), -1: nothing is to be armed.
 */
void place_facts_take(const struct mailman *mailman, const char *lists_dir,
    const char *data_dir, int inotify, const struct place_watched *watched,
    struct place_facts *f);

#endif
