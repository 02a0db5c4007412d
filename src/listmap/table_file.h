/*
 * table_file - reads a table that somebody keeps by hand, in source form:
 *
 *	key: value	an alias file (aliases(5) of sendmail); a line that
 *			begins with a blank continues the one before
 *	key value	what makemap(8) reads
 *
 * Lines that are empty or begin with '#' are comments.
 */
#ifndef LISTMAP_TABLE_FILE_H
#define LISTMAP_TABLE_FILE_H

#include <stddef.h>
#include <stdio.h>

#include "base/str.h"

enum table_file_kind {
	TABLE_FILE_ALIASES,
	TABLE_FILE_VIRTUSER,   /* its keys have an '@' */
	TABLE_FILE_MAILERTABLE
};

struct table_file_line {
	char *key;   /* lower case, without quotes */
	char *value; /* without blanks around it */
	size_t line; /* its number; the first is 1 */
};

struct table_file {
	enum table_file_kind kind;
	struct table_file_line *line;
	size_t n;
};

/*
 * Reads all of F into *T.  The first line that is no comment tells the kind of
 * the table.  0, or -1 with errno.  The caller clears *T in both cases.
 */
int table_file_read(FILE *f, struct table_file *t) WARN_UNUSED;
void table_file_clear(struct table_file *t);

#endif
