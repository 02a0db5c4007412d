/*
 * recipient - what mail to one address is for, straight from the lists
 * directories: for mm-handler, which has the message already.
 */
#ifndef MM_HANDLER_RECIPIENT_H
#define MM_HANDLER_RECIPIENT_H

#include <stddef.h>

#include "mailman/resolve.h"

struct conf;

struct recipient_sites;

/* NULL when out of memory.  CONF must outlive it. */
struct recipient_sites *recipient_open(const struct conf *conf);
void recipient_close(struct recipient_sites *t);
const struct sites *recipient_sites(const struct recipient_sites *t);

/*
 * What A is for.  A list is found whatever its host is, for the mail is here.
 * Absent only where nobody can doubt it: each lists directory in question can
 * be read and has a list in it, and no cache knows the address.  Else no
 * answer, as for a redirect, which sendmail has to follow; *R is then not
 * filled.  REASON (SIZE bytes) says why it is not found, in one line.
 */
enum resolved recipient_find(struct recipient_sites *t, const struct address *a,
    struct route *r, char *reason, size_t size);

#endif
