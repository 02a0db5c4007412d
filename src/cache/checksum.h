/*
 * checksum - the checksum that a snapshot carries in its own head: XXH64 of
 * all bytes of the file but those where it stands itself.  Pure.
 *
 * The only file that knows xxhash.
 */
#ifndef CACHE_CHECKSUM_H
#define CACHE_CHECKSUM_H

#include <stddef.h>

#include "base/str.h"

/* It is written as so many hex digits, in lower case. */
#define CHECKSUM_LENGTH 16

/* Writes to TEXT the checksum of FILE, whose own checksum stands, or is to
 * stand, AT bytes from its start.  FILE does not end before that does.  0, or
 * -1 with errno: out of memory. */
int checksum_of(struct str file, size_t at, char text[CHECKSUM_LENGTH + 1])
    WARN_UNUSED;

#endif
