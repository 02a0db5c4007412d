/*
 * descriptors - how many clients the limit of open files allows.
 *
 * Files and watches come before clients: a scan that finds no descriptor would
 * be a site that cannot be read.
 */
#ifndef LISTMAPD_DESCRIPTORS_H
#define LISTMAPD_DESCRIPTORS_H

#include <stddef.h>

struct conf;

/* For root, before it becomes another account: raises the hard limit, for what
 * C needs and, as far as it goes, for all that a reload may bring. */
void descriptors_prepare(const struct conf *c);

/*
 * Raises the limit of descriptors to what C needs, as far as that is allowed;
 * it is never lowered.  Returns how many clients may be served at the same
 * time: max_connections, or fewer, and then it logs why, once for each call.
 */
size_t descriptors_raise(const struct conf *c);

#endif
