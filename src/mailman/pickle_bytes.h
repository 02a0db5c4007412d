/*
 * pickle_bytes - reads the bytes of a pickle through a window of fixed size.
 *
 * The first error sticks: it is kept, and later ones are not.
 */
#ifndef MAILMAN_PICKLE_BYTES_H
#define MAILMAN_PICKLE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailman/pickle.h"

#define PICKLE_WINDOW 16384

/* All zeroes but for the source at the start. */
struct pickle_bytes {
	const struct pickle_source *source;
	uint64_t at; /* the next byte */
	uint64_t window_at;
	size_t window_n;
	const char *err;
	unsigned char window[PICKLE_WINDOW];
};

/* Remembers ERR if there was no error before; always returns false. */
bool pickle_bytes_fail(struct pickle_bytes *b, const char *err);

/* The next byte, or -1. */
int pickle_bytes_next(struct pickle_bytes *b);
/* These three consume what comes next, and return false after an error: */
bool pickle_bytes_skip(struct pickle_bytes *b, uint64_t n);
/* a number of N bytes, little-endian; */
bool pickle_bytes_number(struct pickle_bytes *b, unsigned n, uint64_t *v);
/* a line, whose length without the newline is *N. */
bool pickle_bytes_line(struct pickle_bytes *b, uint64_t *n);

/* The next three look at the N bytes at AT and consume nothing. */
/* Whether they are TEXT. */
bool pickle_bytes_are(struct pickle_bytes *b, uint64_t at, uint64_t n,
    const char *text);
/* Reads them as a decimal number; false, and an error, if they are none. */
bool pickle_bytes_decimal(struct pickle_bytes *b, uint64_t at, uint64_t n,
    uint64_t *v);
/* Whether they, a number in digits, are another number than 0. */
bool pickle_bytes_nonzero(struct pickle_bytes *b, uint64_t at, uint64_t n);

#endif
