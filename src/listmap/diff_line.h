/*
 * diff_line - compares one line of a table that is kept by hand with what
 * listmap answers.
 *
 * It does not compare the values but where they lead: a virtusertable may send
 * a list's address to a local alias, to a pseudo domain, or anywhere.
 */
#ifndef LISTMAP_DIFF_LINE_H
#define LISTMAP_DIFF_LINE_H

struct diff;
struct table_file;
struct table_file_line;

/* Compares the line L of TABLE, and prints and counts one verdict or more. */
void diff_line(struct diff *d, const struct table_file *table,
    const struct table_file_line *l);

#endif
