/*
 * handmade - a table that somebody keeps by hand, in source form.
 *
 *	alias file	key: value	a line that begins with a blank goes on
 *	makemap's	key value	with the one before (aliases only)
 *
 * Lines that are empty or begin with '#' are comments.
 */
#ifndef PROGRAMS_HANDMADE_H
#define PROGRAMS_HANDMADE_H

#include <stddef.h>
#include <stdio.h>

#include "base/str.h"

enum handmade_kind {
	HANDMADE_ALIASES,
	HANDMADE_VIRTUSER,
	HANDMADE_MAILERTABLE
};

struct handmade_line {
	char *key;   /* lower case, without quotes */
	char *value; /* without blanks around it */
	size_t line;
};

struct handmade {
	enum handmade_kind kind;
	struct handmade_line *line;
	size_t n;
};

/*
 * Reads F; what kind it is its first line tells.  0, or -1 with errno.  The
 * caller clears *H in both cases.
 */
int handmade_read(FILE *f, struct handmade *h) WARN_UNUSED;
void handmade_clear(struct handmade *h);

#endif
