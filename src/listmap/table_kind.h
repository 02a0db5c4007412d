/*
 * table_kind - what a file is that somebody gives to `listmap diff': which kind
 * of table, or what else.
 */
#ifndef LISTMAP_TABLE_KIND_H
#define LISTMAP_TABLE_KIND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "listmap/table_file.h"

/* What the whole TEXT of a file is, where it is no text: static words that
 * stand behind the file's name.  NULL for a text. */
const char *table_kind_binary(struct str text);

/* The length of the key that LINE begins with: it ends at the first blank, or
 * at the first colon; neither counts inside of quotes. */
size_t table_key_length(struct str line, bool colon);

/* How many lines of a file look like those of each kind. */
struct table_votes {
	size_t n[TABLE_FILE_KINDS];
	size_t commands; /* "name command", as `makemap -u' prints aliases */
};

void table_kind_vote(struct table_votes *v, struct str line);
/* The kind that most of them look like; aliases where none does. */
enum table_file_kind table_kind_winner(const struct table_votes *v);

/* Whether L can be a line of such a table. */
bool table_kind_has(enum table_file_kind kind, const struct table_file_line *l);

/*
 * What T is, of which every line was read, where it is no table that diff
 * knows: static words, as above; *LINE becomes the number of a line that shows
 * it, or 0.  NULL for a table; also where only some lines are wrong.
 */
const char *table_kind_fault(const struct table_file *t, size_t *line);

#endif
