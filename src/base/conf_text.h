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

/*
 * Appends the file PATH to TEXT, which is empty, with every comment blanked
 * out; line ends stay.  Returns 0, or -1 and *ERR says why (static text, or
 * strerror's).
 */
int conf_text_read(const char *path, struct buf *text, const char **err)
    WARN_UNUSED;

#endif
