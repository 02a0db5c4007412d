/*
 * conclusion - what is answered for a name, by what the snapshot has for it and
 * what the disk then says of it.  Pure.
 *
 *	snapshot	disk			answer
 *	nothing, or no	has it			found (1)
 *	  list		has it not		absent (2), or away if `away'
 *	a phantom	has it, as before	absent (2,3), or away if `away'
 *			has it, changed		found (1)
 *			has it not		absent (2), or away if `away'
 *	gone		as for nothing
 *	a doubtful	has it			found
 *	  entry		has it not		absent, no answer if `away'
 *			cannot be read		no answer
 *	a list		has it, made anew	no answer (1), else found
 *	no snapshot	has it			found (1)
 *			has it not		away
 *	all but a list	is another directory	away, no answer if it has it
 *			cannot be read		away
 *			cannot tell this name	no answer
 *
 *	(1) No answer while the entry is younger than `settle': Mailman may not
 *	    know it yet.
 *	(2) No answer where Mailman's files changed: they may name it now.
 *	(3) No answer while the entry's last change is younger than `settle'.
 *
 * Away and absent differ in what they do to mail: absent bounces it.  So what
 * may come back with the next mount or the next scan is away.
 */
#ifndef CACHE_CONCLUSION_H
#define CACHE_CONCLUSION_H

#include <stdbool.h>
#include <stdint.h>

#include "mailman/lists.h"

struct entry_facts;
struct freshness;
struct record;
struct record_head;

struct evidence {
	const struct record_head *head; /* of the snapshot; NULL: none */
	const struct record *record; /* NULL: the snapshot has nothing */
	const struct entry_facts *facts; /* what the disk says */
	const struct freshness *fresh;
	double settle; /* seconds until a new entry is a list */
	int64_t now;   /* nanoseconds since the epoch */
};

struct conclusion {
	enum lists_found found;
	/* How the disk differs from the snapshot: LISTS_FOUND: a list, or one
	 * of Mailman's files, changed; LISTS_AWAY: the directory is another
	 * one, or unreadable; LISTS_ABSENT: it does not. */
	enum lists_found differs;
	bool host_on_disk; /* the host is the one in the facts */
};

/* Of a name that is no list in the snapshot, or for which it has a doubtful
 * entry, or a list while it is not clear whether that was made anew. */
struct conclusion conclude_name(const struct evidence *e);
/*
 * Of a list that the snapshot has, and that would be absent for its host:
 * LISTS_FOUND where the disk has another host for it, LISTS_ABSENT where all is
 * as the snapshot says.
 */
struct conclusion conclude_host(const struct evidence *e);

#endif
