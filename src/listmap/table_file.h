/*
 * table_file - reads a table that somebody keeps by hand, in source form:
 *
 *	name: value	an alias file (aliases(5) of sendmail); a line that
 *			begins with a blank continues the one before
 *	key value	what makemap(8) reads; also an alias database, as
 *			`makemap -u' prints it
 *
 * Lines that are empty or begin with '#' are comments.
 */
#ifndef LISTMAP_TABLE_FILE_H
#define LISTMAP_TABLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/str.h"

enum table_file_kind {
	TABLE_FILE_ALIASES,
	TABLE_FILE_ALIASES_DUMP, /* aliases without colons */
	TABLE_FILE_VIRTUSER,     /* its keys have an '@' */
	TABLE_FILE_MAILERTABLE,
	TABLE_FILE_KINDS
};

struct table_file_line {
	char *key;   /* lower case, without quotes; as it is, if WRONG */
	char *value; /* without blanks around it */
	size_t line; /* its number; the first is 1 */
	bool wrong;  /* it is no line of such a table */
};

struct table_file {
	enum table_file_kind kind;
	struct table_file_line *line;
	size_t n;
	const char *fault; /* why it is no table at all, or NULL: static */
	size_t fault_line; /* the line that shows it, or 0 */
};

/* Whether T holds aliases, in one form or the other. */
bool table_file_is_aliases(const struct table_file *t);

/*
 * Takes TEXT, all of a file, apart into *T.  What most lines look like tells
 * the kind.  0, or -1 with errno (ENOMEM).  The caller clears *T in both cases.
 */
int table_file_parse(struct str text, struct table_file *t) WARN_UNUSED;
/* The same with all that F has; -1 also where it cannot be read, or has more
 * than 256 MiB (EFBIG). */
int table_file_read(FILE *f, struct table_file *t) WARN_UNUSED;
void table_file_clear(struct table_file *t);

#endif
