/*
 * table_file - a table that somebody keeps by hand, in source form.
 *
 *	alias file	key: value	a line that begins with a blank goes on
 *	makemap's	key value	with the one before (aliases only)
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
	TABLE_FILE_VIRTUSER,
	TABLE_FILE_MAILERTABLE
};

struct table_file_line {
	char *key;   /* lower case, without quotes */
	char *value; /* without blanks around it */
	size_t line;
};

struct table_file {
	enum table_file_kind kind;
	struct table_file_line *line;
	size_t n;
};

/*
 * Reads F; what kind it is its first line tells.  0, or -1 with errno.  The
 * caller clears *H in both cases.
 */
int table_file_read(FILE *f, struct table_file *h) WARN_UNUSED;
void table_file_clear(struct table_file *h);

#endif
