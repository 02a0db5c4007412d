/*
 * address - takes the key of a look-up apart into local part and domain.
 */
#ifndef MAILMAN_ADDRESS_H
#define MAILMAN_ADDRESS_H

#include <stdbool.h>

#include "base/str.h"

/*
 * A longer local part cannot name a list: a list's name has 255 bytes at most,
 * sendmail's addresses have 256, and RFC 5321 4.5.3.1 allows less.  A longer
 * domain is no domain.
 */
#define ADDRESS_LOCAL_MAX 1024
#define ADDRESS_DOMAIN_MAX 255

struct address {
	struct str local;  /* lower case; cut off if it is too long */
	struct str domain; /* lower case, without a trailing dot */
	bool too_long;     /* the local part was cut off */
	char text[ADDRESS_LOCAL_MAX + ADDRESS_DOMAIN_MAX + 2];
};

/*
 * Splits KEY at its last '@' (sendmail's keys are unquoted: "a@b"@c arrives as
 * a@b@c), lower-cases ASCII letters, and drops one trailing dot of the domain.
 * Local part and domain point into *A, so *A must not be copied.  0, or -1 if
 * there is no '@' or the domain is empty or too long.
 */
int address_parse(struct str key, struct address *a) WARN_UNUSED;

/* The same for a key that is a local part alone. */
void address_parse_local(struct str key, struct address *a);

/* The same for a key that is a domain alone.  The domain is in a->local then,
 * without a trailing dot. */
void address_parse_domain(struct str key, struct address *a);

/* Lower-cases the ASCII letters among the N bytes at P. */
void address_fold(char *p, size_t n);

#endif
