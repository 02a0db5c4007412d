/*
 * conf_text - the text of a configuration file, ready for libconfuse.
 */
#ifndef BASE_CONF_TEXT_H
#define BASE_CONF_TEXT_H

#include "base/str.h"

struct buf;

/*
 * Appends the file PATH to TEXT, with every comment blanked out: libconfuse
 * (3.3) loses count of the lines in comments, and takes one that is not
 * closed for the end of the file.  0, or -1 and *ERR says why (static text,
 * or strerror's).
 */
int conf_text_read(const char *path, struct buf *text, const char **err)
    WARN_UNUSED;

#endif
