/*
 * entry - the names of the entries of a lists directory.
 */
#ifndef MAILMAN_ENTRY_H
#define MAILMAN_ENTRY_H

#include "base/str.h"

/* Longest name of a directory entry, in bytes (NAME_MAX). */
#define ENTRY_NAME_MAX 255

/*
 * Whether NAME may be an entry's name, made of bytes that BYTE_OK accepts.
 * "." and ".." never are, and "/" and NUL must not be accepted.
 */
bool entry_name_ok(struct str name, bool (*byte_ok)(char));

/* Whether a system call that failed with the errno ERROR says that there is
 * nothing of that name.  All other errors leave that open. */
bool entry_is_missing(int error);

#endif
