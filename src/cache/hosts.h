/*
 * hosts - the mail hosts that the lists of a site have, while a snapshot is
 * made.
 */
#ifndef CACHE_HOSTS_H
#define CACHE_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct host {
	char *name; /* "": not known */
	char *url;  /* overview of its lists, or NULL */
	char *real; /* the host that it is an alias of, or NULL */
	size_t count;
	bool in_files; /* Mailman's files for Postfix have lists of it */
	bool changed; /* its lists are not those of the old snapshot */
	size_t tried; /* lists that were asked for the URL */
};

/* All zeroes: none. */
struct hosts {
	void *tree;
	struct host **host; /* in the order they came */
	size_t n;
};

/* The host of that name, a new one where there is none; it stays where it is
 * until hosts_clear().  NULL when out of memory. */
struct host *hosts_add(struct hosts *h, struct str name);
/* The same, or NULL. */
struct host *hosts_find(const struct hosts *h, struct str name);
/* Where its lists are to be seen; "" changes nothing.  0, or -1. */
int hosts_set_url(struct host *host, struct str url) WARN_UNUSED;
/* That it is an alias of REAL.  0, or -1. */
int hosts_set_real(struct host *host, struct str real) WARN_UNUSED;
void hosts_clear(struct hosts *h);

#endif
