/*
 * accounts - the users and groups of the system, by name and by number.
 *
 * getpwnam() and its like load shared libraries (nsswitch.conf(5)).  mm-handler
 * has no loader: where that fails a program ends with 127, and sendmail bounces
 * the mail.  So /etc/passwd and /etc/group are read here, and what they do not
 * have is asked of getent(1), which may fail as it likes.
 */
#ifndef MM_HANDLER_ACCOUNTS_H
#define MM_HANDLER_ACCOUNTS_H

#include <sys/types.h>

#include "base/str.h"

struct account;

/* Room for a name, with the end. */
#define ACCOUNTS_NAME_MAX 64

/*
 * Each finds something of the configured account: the ids of the user NAME; the
 * number of the group NAME; the supplementary groups of the user NAME, with
 * a->gid, which is to be set before.  They are those of /etc/group where
 * /etc/passwd has the user.  NULL, or what is wrong (static text).  The caller
 * clears *A, privileges_clear(), in both cases.
 */
const char *accounts_find_user(const char *name, struct account *a)
    WARN_UNUSED;
const char *accounts_find_group(const char *name, gid_t *gid) WARN_UNUSED;
const char *accounts_find_groups(const char *name, struct account *a)
    WARN_UNUSED;

/* Write the name of a number, or "?" where it has none. */
void accounts_user_name(uid_t uid, char name[ACCOUNTS_NAME_MAX]);
void accounts_group_name(gid_t gid, char name[ACCOUNTS_NAME_MAX]);

#endif
