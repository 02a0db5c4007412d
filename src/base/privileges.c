#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/privileges.h"

const char *
privileges_find(const char *name, struct account *a)
{
	struct passwd *pw;

	*a = (struct account){ .uid = geteuid(), .gid = getegid() };
	if (geteuid() != 0)
		return NULL;
	errno = 0;
	pw = getpwnam(name);
	if (!pw)
		return "there is no such account";
	a->name = strdup(name);
	if (!a->name)
		return "out of memory";
	a->uid = pw->pw_uid;
	a->gid = pw->pw_gid;
	a->change = pw->pw_uid != 0;
	return NULL;
}

/*
 * Makes the effective user root again where the real or the saved one is root:
 * sendmail's mailers with flag S have only the effective ids of their account.
 * Returns whether the effective user is root now.
 */
static bool
regain_root(void)
{
	uid_t r, e, s;

	if (getresuid(&r, &e, &s) == -1)
		return false;
	if (e != 0 && (r == 0 || s == 0))
		e = seteuid(0) == -1 ? e : 0;
	return e == 0;
}

static int
set_account_groups(const struct account *a)
{
	if (a->groups)
		return setgroups(a->ngroups, a->groups);
	return a->name ? initgroups(a->name, a->gid) : setgroups(1, &a->gid);
}

/* Whether every id is the account's, and root's cannot be had again. */
static bool
has_only_ids_of(const struct account *a)
{
	uid_t ru, eu, su;
	gid_t rg, eg, sg;

	return getresuid(&ru, &eu, &su) == 0 &&
	    getresgid(&rg, &eg, &sg) == 0 &&
	    ru == a->uid && eu == a->uid && su == a->uid &&
	    rg == a->gid && eg == a->gid && sg == a->gid &&
	    (a->uid == 0 || setuid(0) == -1);
}

/* Groups first, user last: without root's rights groups cannot be set. */
int
privileges_drop(const struct account *a)
{
	if (regain_root() && set_account_groups(a) == -1)
		return -1;
	if (setresgid(a->gid, a->gid, a->gid) == -1 ||
	    setresuid(a->uid, a->uid, a->uid) == -1)
		return -1;
	if (!has_only_ids_of(a)) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

int
privileges_become(const struct account *a)
{
	if (!a->change)
		return 0;
	if (privileges_drop(a) == -1)
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void
privileges_clear(struct account *a)
{
	free(a->name);
	a->name = NULL;
	free(a->groups);
	a->groups = NULL;
}
