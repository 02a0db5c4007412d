/*
 * lists - where the lists of one site are asked for.
 *
 * A snapshot with the directory behind it, the bare directory, or an array
 * in a test: whoever resolves addresses does not know which.
 */
#ifndef MAILMAN_LISTS_H
#define MAILMAN_LISTS_H

#include <stdbool.h>

#include "base/str.h"

/* What a list is known from: its directory, and Mailman's own register. */
enum lists_basis {
	LISTS_BY_DIRECTORY, /* the register says nothing that counts */
	LISTS_BY_BOTH,
	LISTS_BY_FILE, /* of the register: there is no directory */
	LISTS_PHANTOM, /* a directory that is no list by the register */
	LISTS_GONE,    /* was a list; the register does not know yet */
	LISTS_BASES
};

struct list {
	struct str name; /* the name that was asked for */
	struct str host; /* its mail host, lower case; empty: not known */
	bool unread;     /* its host would take too long to find out now */
	enum lists_basis basis;
};

/* A mail host that lists of a site have. */
struct lists_host {
	struct str name; /* lower case; empty: theirs that is not known */
	size_t count;    /* how many lists */
	struct str url;  /* overview of the lists (web_page_url), or empty */
	struct str real; /* the host that it is an alias of, or empty */
};

enum lists_found {
	LISTS_AWAY = -2,      /* no answer, for any name: the site is away */
	LISTS_NO_ANSWER = -1, /* no answer for this name */
	LISTS_ABSENT = 0,
	LISTS_FOUND = 1
};

/* How sure the answer must be. */
enum lists_from {
	LISTS_FROM_SNAPSHOT,   /* what is known; absent may be wrong */
	LISTS_FROM_DISK /* absent only after the directory was asked */
};

struct lists {
	/*
	 * NAME holds only bytes that a list name may hold.  What *OUT points
	 * to is valid until the loop turns.
	 */
	enum lists_found (*find)(const struct lists *l, struct str name,
	    enum lists_from from, struct list *out);
	/*
	 * A list that was found, once more, as the directory has it now: found
	 * with its present host where its file is another than the snapshot
	 * knows, absent where it is the same.  For lists that do not answer at
	 * the domain in question only for their host.
	 */
	enum lists_found (*find_changed)(const struct lists *l,
	    struct str name, struct list *out);
	/*
	 * Calls VISIT for every list until it returns another value than 0,
	 * which is then returned; 0 after the last, -1 where they cannot be
	 * read.
	 */
	int (*each)(const struct lists *l,
	    int (*visit)(void *arg, const struct list *list), void *arg);
	/* The same for the hosts that lists have; nothing where unknown. */
	int (*each_host)(const struct lists *l,
	    int (*visit)(void *arg, const struct lists_host *host), void *arg);
	/*
	 * Whether changes are known that the snapshot does not hold yet: then
	 * LISTS_FROM_SNAPSHOT is not enough even for a hit of a later rule.
	 */
	bool (*changing)(const struct lists *l);
	/*
	 * Of a site that is away: whether the snapshot was complete when the
	 * directory vanished, so that absent is absent for those who prefer
	 * that to no answer (shared domains).
	 */
	bool (*complete)(const struct lists *l);
};

#endif
