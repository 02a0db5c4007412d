/*
 * entry - the names of the entries of a lists directory.
 *
 * Mailman's rule for the names of lists (ACCEPTABLE_LISTNAME_CHARACTERS, or
 * listname_chars) is younger than many lists, and a site may have another.  So
 * any entry counts that an address can name, and the rule only tells which
 * names are plain.
 */
#ifndef MAILMAN_ENTRY_H
#define MAILMAN_ENTRY_H

#include <stdbool.h>

#include "base/str.h"

/* Longest name of a directory entry, in bytes (NAME_MAX). */
#define ENTRY_NAME_MAX 255

/*
 * Whether NAME may be the name of an entry that an address names: all but ".",
 * "..", "/", control bytes, and upper case, which no address has after
 * address_parse().  A name that begins with a colon cannot be one either, for
 * a snapshot has keys of its own that begin so (listmap-cache(5)).
 */
bool entry_name_ok(struct str name);

/*
 * Whether a mail server hands an address with NAME on as it is.  It does not
 * where the name holds one of @ < > : and the comma: sendmail 8.17 reads such
 * local parts anew, quoted or not, and may end at another list.
 */
bool entry_name_is_mailable(struct str name);

/* Whether NAME consists of what Mailman 2.1 lets a new list's name have
 * (Mailman/Defaults.py, ACCEPTABLE_LISTNAME_CHARACTERS), so that it means
 * nothing to a shell and to an alias file. */
bool entry_name_is_plain(struct str name);

/* Why no address leads to NAME, which is an entry's name and is not ok or not
 * mailable, and what to do about it: static text. */
const char *entry_name_fault(struct str name);

/* Whether a system call that failed with the errno ERROR says that there is
 * nothing of that name.  All other errors leave that open. */
bool entry_is_missing(int error);

#endif
