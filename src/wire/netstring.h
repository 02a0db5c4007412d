/*
 * netstring - D. J. Bernstein's frames: <length>:<bytes>,
 *
 * Pure: bytes to values.  Stricter than sendmail's own reader (map.c, socket
 * maps): the length has no sign, no blank and no leading zero, since no client
 * sends them.
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
 * NETSTRING_OK: *PAYLOAD lies in IN, and the frame has the first *USED bytes
 * of IN.  NETSTRING_MORE: the bytes so far are right, and more are needed.
 * Anything else: no further bytes can mend the frame; a length over MAX is
 * reported as soon as its digits show it.
 */
enum netstring_result netstring_decode(struct str in, size_t max,
    struct str *payload, size_t *used);

/* What an error means, for a log line and a reply.  Static text. */
const char *netstring_error(enum netstring_result r);

/*
 * Appends the frame of a payload of N bytes, and returns where these go: the
 * caller writes them at once, and so needs no copy of what he takes from
 * several places.  NULL where OUT has no room for all of it.
 */
char *netstring_claim(struct buf *out, size_t n) WARN_UNUSED;

#endif
