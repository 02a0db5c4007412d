/*
 * target - what mail to one address is for, straight from the lists
 * directories: for mm-handler, which has the message already.
 */
#ifndef PROGRAMS_TARGET_H
#define PROGRAMS_TARGET_H

#include <stddef.h>

#include "base/conf.h"
#include "mailman/resolve.h"

struct targets;

/* NULL when out of memory.  CONF must outlive it. */
struct targets *targets_new(const struct conf *conf);
void targets_free(struct targets *t);
const struct sites *targets_sites(const struct targets *t);

/*
 * What A is for.  A list is found whatever its host is, for the mail is here.
 * Absent only where nobody can doubt it: each lists directory in question can
 * be read and has a list in it, and no cache knows the address.  Else no
 * answer, as for a redirect, which sendmail has to follow; *R is then not
 * filled.  REASON (SIZE bytes) says why it is not found, in one line.
 */
enum resolved targets_find(struct targets *t, const struct address *a,
    struct route *r, char *reason, size_t size);

#endif
