/*
 * odd_names - counts the lists of a directory whose names are a hindrance, and
 * names some of them.
 *
 * Misnamed are directories that look like lists and that no address leads to.
 * The others have characters in their names that Mailman gives no new list
 * (entry_name_is_plain()): they answer as any list, but an alias file cannot
 * have them.
 */
#ifndef MAILMAN_ODD_NAMES_H
#define MAILMAN_ODD_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Starts as all zeroes.  Holds no pointers, for it goes through a pipe. */
struct odd_names {
	bool complete; /* all lists were looked at */
	size_t misnamed;
	size_t unaliased;
	char misnamed_text[512]; /* printable: the first, and what to do */
	char unaliased_text[256]; /* printable: the first names */
};

/* Counts NAME, which no address leads to for the reason WHY. */
void odd_names_misnamed(struct odd_names *o, struct str name, const char *why);
/* Counts NAME, which an alias file cannot have. */
void odd_names_unaliased(struct odd_names *o, struct str name);

#endif
