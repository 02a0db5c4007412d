/*
 * privileges - from root to the account of the configuration.
 */
#ifndef BASE_PRIVILEGES_H
#define BASE_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/str.h"

struct account {
	bool change; /* started as root, and to become somebody */
	char *name;
	uid_t uid;
	gid_t gid;
};

/*
 * Whom a program that was started with `user = NAME' becomes: nobody else,
 * unless it was started as root.  NULL, or what is wrong (static text).
 */
const char *privileges_find(const char *name, struct account *a) WARN_UNUSED;
/*
 * Gives up every other id for good: real, effective and saved ones, and the
 * supplementary groups but for those that the account of that name has; where
 * it has no name, all but the gid.  Makes sure.  Without any root's right left
 * the groups stay, and it works only for ids that the process has already.
 * 0, or -1 with errno.
 */
int privileges_drop(const struct account *a) WARN_UNUSED;
/*
 * Becomes it for good, with the supplementary groups that the account has
 * (Mailman's group reads config.pck), and makes sure; no program that it runs
 * gets other ids either.  0, or -1 with errno.
 */
int privileges_become(const struct account *a) WARN_UNUSED;
void privileges_clear(struct account *a);

#endif
