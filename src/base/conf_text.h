/*
 * conf_text - reads the text of a configuration file and makes it ready for
 * libconfuse.
 *
 * libconfuse (3.3) loses count of the lines in comments, and takes a comment
 * that is not closed for the end of the file.  So comments become blanks before
 * libconfuse sees the text.
 */
#ifndef BASE_CONF_TEXT_H
#define BASE_CONF_TEXT_H

#include "base/str.h"

struct buf;

/* A longer file is no configuration file. */
#define CONF_TEXT_MAX (1 << 20)

/*
 * Appends the file PATH to TEXT, which is empty, with every comment blanked
 * out, and the byte order mark that some editors put first; line ends stay.
 *
 * Returns 0, or -1 and *ERR says why (static text, or strerror's): the file
 * cannot be read, and *LINE is 0; or in *LINE is a comment without an end, or
 * what only looks like a blank or a quote.  Editors and web pages make such
 * characters, and nobody sees the difference.
 */
int conf_text_read(const char *path, struct buf *text, const char **err,
    int *line) WARN_UNUSED;

/*
 * Looks in TEXT, which conf_text_read() read, for the first string that does
 * not end in its line: most often a quote is missing there, and the error is
 * only seen further down.  Returns the line where it begins, and in *END the
 * one where it ends, 0 for never; or 0 where there is no such string.
 */
int conf_text_long_string(struct str text, int *end);

#endif
