/*
 * privileges - from root to the account of the configuration.
 *
 * A process has a real, an effective and a saved id of user and group, and a
 * list of supplementary groups (credentials(7)).  Dropping rights means that
 * all of them change, and that the change cannot be undone; both functions that
 * drop make sure of it.
 */
#ifndef BASE_PRIVILEGES_H
#define BASE_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/str.h"

struct account {
	bool change; /* started as root, and the account is not root's */
	char *name;  /* NULL: supplementary groups are not looked up by it */
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* the supplementary groups, NULL: see `name' */
	size_t ngroups;
};

/*
 * Finds out whom a program becomes that was started with `user = NAME': that
 * account if it was started as root, else whoever started it.  Returns NULL,
 * or what is wrong (static text).  The caller ends A with privileges_clear().
 */
const char *privileges_find(const char *name, struct account *a) WARN_UNUSED;
/*
 * Becomes the account for good.  The supplementary groups become a->groups, or
 * those of the account's name (Mailman's group reads config.pck), or without
 * both none but the gid.  A process that cannot get root's rights, not even
 * from a saved id, keeps its groups, and can only become ids that it has.
 * Returns 0, or -1 with errno.
 */
int privileges_drop(const struct account *a) WARN_UNUSED;
/*
 * Does nothing unless a->change.  Else drops, and no program that this one runs
 * can get other ids either (PR_SET_NO_NEW_PRIVS).  Returns 0, or -1 with errno.
 */
int privileges_become(const struct account *a) WARN_UNUSED;
/* Frees the name and the groups. */
void privileges_clear(struct account *a);

#endif
