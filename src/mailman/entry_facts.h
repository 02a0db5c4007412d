/*
 * entry_facts - all that there is to know of one entry of a lists directory,
 * looked up in one go.
 *
 * Whoever looks may have to wait for a file server, so in the daemon that is a
 * worker (cache/worker.h).  The facts are plain values: they go from one
 * process to the other, and are compared with a snapshot where they are needed.
 */
#ifndef MAILMAN_ENTRY_FACTS_H
#define MAILMAN_ENTRY_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"
#include "mailman/list_info.h"
#include "mailman/lists.h"

struct directory_id;
struct mailman;

struct entry_facts {
	/* As from directory_find() for any directory: LISTS_NO_ANSWER: the
	 * entry cannot be looked into; LISTS_AWAY: the directory cannot. */
	enum lists_found found;
	/* Found, or no answer: its configuration could not be read, or was too
	 * large to be read while clients wait. */
	bool unread;
	dev_t dev; /* of the directory that was looked into; both 0: away */
	ino_t ino;
	/* Of the file that makes it a list, as from mailman->is_list(); 0 where
	 * none was found.  Times are nanoseconds since the epoch, of what does
	 * not fit the nearest. */
	uint64_t file_ino;
	uint64_t file_size;
	int64_t file_mtime;
	int64_t file_ctime;
	uint64_t stamp; /* of Mailman's files; 0: there are none to be seen */
	/* What it says of itself; empty where it is unread, absent or away. */
	struct list_info info;
};

/*
 * Looks the entry NAME up in LISTS_DIR, and at Mailman's files in DATA_DIR
 * (NULL: nowhere), and fills in *F, padding included.
 */
void entry_facts_take(const struct mailman *mailman, const char *lists_dir,
    const char *data_dir, struct str name, struct entry_facts *f);

/*
 * What the facts say where the directory has to be MUST_BE (NULL: any will do),
 * as directory_find() says it: of another directory nothing is believed, and
 * nothing is absent.
 */
enum lists_found entry_facts_found(const struct entry_facts *f,
    const struct directory_id *must_be);

/* How many of the first bytes of *F tell all; the rest is zero.  Most entries
 * say nothing of themselves, and facts are sent and kept by the thousand. */
size_t entry_facts_size(const struct entry_facts *f);

#endif
