/*
 * hosts - the mail hosts of a site's lists, collected while a snapshot is made.
 */
#ifndef CACHE_HOSTS_H
#define CACHE_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct host {
	char *name;    /* lower case; "" stands for lists that name none */
	char *url;     /* where its lists are to be seen, or NULL */
	char *real;    /* the host that it is an alias of, or NULL */
	char *last_real; /* the same in the old snapshot */
	size_t count;  /* of its lists */
	bool in_files; /* Mailman's files for Postfix name lists of it */
	bool changed;  /* its lists are not those of the old snapshot */
	size_t tried;  /* how many of its lists were asked for the URL */
};

/* All zeroes: none. */
struct hosts {
	void *tree;         /* by name, for tsearch() */
	struct host **host; /* in the order in which they were added */
	size_t n;
};

/* The host NAME, which is added where it is not there; or NULL when out of
 * memory.  H owns it, and it stays in its place until hosts_clear(). */
struct host *hosts_add(struct hosts *h, struct str name);
/* The host NAME, or NULL where it was not added. */
struct host *hosts_find(const struct hosts *h, struct str name);
/* Sets the URL of HOST; an empty one leaves it as it is.  0, or -1 when out of
 * memory. */
int hosts_set_url(struct host *host, struct str url) WARN_UNUSED;
/* Says that HOST is an alias of REAL.  0, or -1 when out of memory. */
int hosts_set_real(struct host *host, struct str real) WARN_UNUSED;
/* Says that HOST was that in the old snapshot, unless REAL is empty.  Likewise.
 */
int hosts_set_last_real(struct host *host, struct str real) WARN_UNUSED;
void hosts_clear(struct hosts *h);

#endif
