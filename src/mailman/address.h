/*
 * address - the key of a look-up, taken apart.
 */
#ifndef MAILMAN_ADDRESS_H
#define MAILMAN_ADDRESS_H

#include <stdbool.h>

#include "base/str.h"

/*
 * Longer local parts name no list for certain (a list name has 255 bytes at
 * most, sendmail's addresses have 256, RFC 5321 4.5.3.1 allows less), longer
 * domains no domain.
 */
#define ADDRESS_LOCAL_MAX 1024
#define ADDRESS_DOMAIN_MAX 255

struct address {
	struct str local;  /* lower case; of a longer one the start */
	struct str domain; /* lower case, without a trailing dot */
	bool too_long;     /* the local part is not all there */
	char text[ADDRESS_LOCAL_MAX + ADDRESS_DOMAIN_MAX + 2];
};

/*
 * Splits KEY at its last '@' (sendmail's keys are unquoted: "a@b"@c arrives as
 * a@b@c), lower-cases ASCII, drops one trailing dot of the domain.  Local and
 * domain point into *A, so that *A must not be copied.  Returns 0, or -1
 * where there is no '@' or the domain is empty or too long.
 */
int address_parse(struct str key, struct address *a) WARN_UNUSED;

/* The same for a key that is a local part alone; always fits or is too long. */
void address_parse_local(struct str key, struct address *a);

/* The same for a key that is a domain alone, which is in a->local then; one
 * trailing dot is dropped. */
void address_parse_domain(struct str key, struct address *a);

/* Lower-cases ASCII letters of N bytes at P. */
void address_fold(char *p, size_t n);

#endif
