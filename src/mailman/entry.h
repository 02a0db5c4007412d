/*
 * entry - names of entries of a lists directory.
 */
#ifndef MAILMAN_ENTRY_H
#define MAILMAN_ENTRY_H

#include "base/str.h"

/* Longest name of a directory entry, in bytes (NAME_MAX). */
#define ENTRY_NAME_MAX 255

/* Whether NAME may be an entry's, of bytes that BYTE_OK likes; never "." or
 * "..". */
bool entry_name_ok(struct str name, bool (*byte_ok)(char));

/* Whether a call failed with ERROR because nothing is there. */
bool entry_is_missing(int error);

#endif
