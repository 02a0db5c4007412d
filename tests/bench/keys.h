/*
 * keys - the requests that a load generator sends, framed beforehand, so that
 * making them costs nothing while the clock runs.
 */
#ifndef TESTS_BENCH_KEYS_H
#define TESTS_BENCH_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key {
	uint32_t offset; /* of the framed request in bytes */
	uint16_t len;
	bool found;      /* what the right answer is */
};

struct keys {
	char *bytes;
	size_t nbytes;
	struct key *key;
	size_t n;
};

/*
 * Requests to MAP about LISTS lists (list-000000 and so on), the same ones at
 * each run, in pseudo-random order.  Of those that exist 45 % post, 30 % go to
 * one of the other addresses, 25 % are VERP bounces and confirmations.
 * UNKNOWN per cent do not exist: no such list, no such address of a list, a
 * domain that is not served, in equal parts.
 */
void keys_generate(struct keys *k, const char *map, unsigned long lists,
    unsigned unknown);

/* Requests to MAP from the lines of FILE: KEY, or KEY<TAB>NOTFOUND. */
void keys_read(struct keys *k, const char *map, const char *file);

void keys_free(struct keys *k);

#endif
