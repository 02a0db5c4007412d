/*
 * pickle_bytes - the bytes of a pickle, through a window of fixed size.
 *
 * The first error sticks.
 */
#ifndef MAILMAN_PICKLE_BYTES_H
#define MAILMAN_PICKLE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailman/pickle.h"

#define PICKLE_WINDOW 16384

/* Starts as all zeroes but for the source. */
struct pickle_bytes {
	const struct pickle_source *source;
	uint64_t at; /* the next byte */
	uint64_t window_at;
	size_t window_n;
	const char *err;
	unsigned char window[PICKLE_WINDOW];
};

/* Remembers ERR, if there was none; always false. */
bool pickle_bytes_fail(struct pickle_bytes *b, const char *err);

/* The next byte, or -1. */
int pickle_bytes_next(struct pickle_bytes *b);
/* These take what is next, and are false after an error. */
bool pickle_bytes_skip(struct pickle_bytes *b, uint64_t n);
/* A number of N bytes, little-endian. */
bool pickle_bytes_number(struct pickle_bytes *b, unsigned n, uint64_t *v);
/* A line; *N is its length without the newline. */
bool pickle_bytes_line(struct pickle_bytes *b, uint64_t *n);

/* These look at N bytes at AT and leave the place as it is. */
bool pickle_bytes_are(struct pickle_bytes *b, uint64_t at, uint64_t n,
    const char *text);
/* A decimal number; false, and an error, where it is none. */
bool pickle_bytes_decimal(struct pickle_bytes *b, uint64_t at, uint64_t n,
    uint64_t *v);
/* Whether a number in digits is another than 0. */
bool pickle_bytes_nonzero(struct pickle_bytes *b, uint64_t at, uint64_t n);

#endif
