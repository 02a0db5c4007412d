/*
 * netstring - D. J. Bernstein's frames: <length>:<bytes>,
 *
 * Pure: bytes to values.  Stricter than sendmail's own reader: the length
 * has no sign, no blank and no leading zero, since no client sends them.
 */
#ifndef WIRE_NETSTRING_H
#define WIRE_NETSTRING_H

#include <stddef.h>

#include "base/str.h"

struct buf;

enum netstring_result {
	NETSTRING_OK,
	NETSTRING_MORE,      /* what is there is the start of a frame */
	NETSTRING_NO_LENGTH, /* no digit where the length must be */
	NETSTRING_ZERO,      /* leading zero */
	NETSTRING_TOO_LONG,  /* a length over the limit */
	NETSTRING_NO_COLON,
	NETSTRING_NO_COMMA
};

/*
 * Takes the first frame from IN, whose payload may have up to MAX bytes.
 * NETSTRING_OK: *PAYLOAD lies in IN, *USED bytes of IN are done with.
 * NETSTRING_MORE: nothing is known yet but that it is right so far.
 * Anything else is an error for good; a length over MAX is told as soon as
 * its digits say so.
 */
enum netstring_result netstring_decode(struct str in, size_t max,
    struct str *payload, size_t *used);

/* What an error means, for a log line and a reply. */
const char *netstring_error(enum netstring_result r);

/* Appends PAYLOAD as a frame. */
void netstring_put(struct buf *out, struct str payload);
/*
 * Only the start of a frame of N bytes; the caller appends these and a comma.
 */
void netstring_put_length(struct buf *out, size_t n);

#endif
