/*
 * pickle_walk - walks over the opcodes of a pickle and finds where the wanted
 * fields lie.  pickle.c then reads them.
 */
#ifndef MAILMAN_PICKLE_WALK_H
#define MAILMAN_PICKLE_WALK_H

#include "mailman/pickle.h"

/* What is known of a thing on the stack. */
enum pickle_kind {
	PICKLE_OTHER,
	PICKLE_MARK,
	PICKLE_TOP,    /* the dictionary that the file holds */
	PICKLE_KEY,    /* a string that names a wanted field: at = field */
	PICKLE_INT,    /* or a bool: at = 0 or 1, whether it is true */
	PICKLE_BYTES,  /* a string as it is: at, n */
	PICKLE_QUOTED, /* a string as Python's repr() writes it */
	PICKLE_ESCAPED, /* raw-unicode-escape */
	PICKLE_MEMO    /* what the memo held then: at = number, n = where */
};

struct pickle_item {
	enum pickle_kind kind;
	uint64_t at;
	uint64_t n;
};

/* What a walk is to find, and what it found. */
struct pickle_walk {
	/* Out: the values of the wanted keys.  PICKLE_MARK is the kind of one
	 * that was not seen. */
	struct pickle_item field[PICKLE_FIELDS];
	/*
	 * In: if `before' is not 0, the walk stops at that offset.  Out: `held'
	 * is what the memo holds there under the number `memo'.
	 */
	uint64_t before;
	uint64_t memo;
	struct pickle_item held;
};

/* NULL, or what is wrong (static text). */
const char *pickle_walk(const struct pickle_source *source,
    struct pickle_walk *w);

extern const char *const pickle_field_names[PICKLE_FIELDS];

#endif
