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

struct list {
	struct str name; /* the name that was asked for */
};

enum lists_found {
	LISTS_AWAY = -2,      /* no answer, for any name: the site is away */
	LISTS_NO_ANSWER = -1, /* no answer for this name */
	LISTS_ABSENT = 0,
	LISTS_FOUND = 1
};

/* How sure the answer must be. */
enum lists_effort {
	LISTS_KNOWN,   /* what is known; absent may be wrong */
	LISTS_THOROUGH /* absent only after the directory was asked */
};

struct lists {
	/*
	 * NAME holds only bytes that a list name may hold.  What *OUT points
	 * to is valid until the loop turns.
	 */
	enum lists_found (*find)(const struct lists *l, struct str name,
	    enum lists_effort effort, struct list *out);
	/*
	 * Calls VISIT for every list until it returns another value than 0,
	 * which is then returned; 0 after the last, -1 where they cannot be
	 * read.
	 */
	int (*each)(const struct lists *l,
	    int (*visit)(void *arg, const struct list *list), void *arg);
	/*
	 * Whether changes are known that the snapshot does not hold yet: then
	 * LISTS_KNOWN is not enough even for a hit of a later rule.
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
