/*
 * table_value - takes the value of a line apart, as sendmail does for aliases
 * and virtusertables: recipients with commas between them, each an address, a
 * name, a command, a file, or a file of recipients.
 */
#ifndef LISTMAP_TABLE_VALUE_H
#define LISTMAP_TABLE_VALUE_H

#include <stddef.h>

#include "base/str.h"

enum table_value_kind {
	TABLE_VALUE_ADDRESS, /* user@domain */
	TABLE_VALUE_NAME,    /* a name without a domain */
	TABLE_VALUE_USER,    /* \name: that user, whatever the aliases say */
	TABLE_VALUE_COMMAND, /* what stands behind the '|' */
	TABLE_VALUE_FILE,
	TABLE_VALUE_INCLUDE, /* the path behind ":include:" */
	TABLE_VALUE_ERROR    /* error:...: the whole value is one */
};

/* TEXT is without quotes, comments and blanks around it, and valid during the
 * call. */
typedef int table_value_fn(void *arg, enum table_value_kind kind,
    struct str text);

/* Calls VISIT for each recipient in VALUE, until it returns another value than
 * 0, which is then returned. */
int table_value_each(struct str value, table_value_fn *visit, void *arg);

/*
 * Takes a command apart into its words, as a shell does: MEMORY, of COMMAND.n +
 * 1 bytes at least, is for their text, WORD for MAX of them.  Returns how many
 * there are; 0 where it is more to a shell than a program with arguments, or
 * has more words.  An "exec" in front is no word.
 */
size_t table_value_words(struct str command, char *memory, char **word,
    size_t max);

#endif
