#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mm-handler/runas.h"
#include "base/conf.h"
#include "base/privileges.h"

static const char *
find_delivery_user(const char *name, struct account *a)
{
	const struct passwd *pw = getpwnam(name);

	if (!pw)
		return "there is no account delivery_user";
	a->name = strdup(name);
	if (!a->name)
		return "out of memory";
	a->uid = pw->pw_uid;
	a->gid = pw->pw_gid;
	return NULL;
}

static const char *
find_lists_owner(const char *lists_dir, struct account *a)
{
	struct stat st;

	if (stat(lists_dir, &st) == -1)
		return "the lists directory cannot be read, so its owner is "
		       "not known: set delivery_user";
	a->uid = st.st_uid;
	a->gid = st.st_gid;
	return NULL;
}

const char *
runas_find(const struct conf_site *site, struct account *a)
{
	const char *err = NULL;

	*a = (struct account){ .change = true, .uid = geteuid(),
		.gid = getegid() };
	if (*site->delivery_user)
		err = find_delivery_user(site->delivery_user, a);
	else if (a->uid == 0)
		err = find_lists_owner(site->lists_dir, a);
	if (err)
		return err;
	if (a->uid == 0)
		return "the wrapper never runs as root: set delivery_user";
	if (*site->delivery_group) {
		const struct group *gr = getgrnam(site->delivery_group);

		if (!gr)
			return "there is no group delivery_group";
		a->gid = gr->gr_gid;
	}
	return NULL;
}
