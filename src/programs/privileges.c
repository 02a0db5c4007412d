#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "programs/privileges.h"

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

int
privileges_become(const struct account *a)
{
	if (!a->change)
		return 0;
	if (initgroups(a->name, a->gid) == -1 ||
	    setresgid(a->gid, a->gid, a->gid) == -1 ||
	    setresuid(a->uid, a->uid, a->uid) == -1)
		return -1;
	if (setuid(0) == 0 || getuid() != a->uid || geteuid() != a->uid ||
	    getgid() != a->gid || getegid() != a->gid) {
		errno = EPERM;
		return -1;
	}
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void
privileges_clear(struct account *a)
{
	free(a->name);
	a->name = NULL;
}
