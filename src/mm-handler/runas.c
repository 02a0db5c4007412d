#include <sys/stat.h>
#include <unistd.h>

#include "mm-handler/runas.h"
#include "base/conf.h"
#include "base/privileges.h"
#include "mm-handler/accounts.h"

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
		err = accounts_find_user(site->delivery_user, a);
	else if (a->uid == 0)
		err = find_lists_owner(site->lists_dir, a);
	if (err)
		return err;
	if (a->uid == 0)
		return "the wrapper never runs as root: set delivery_user";
	if (*site->delivery_group)
		err = accounts_find_group(site->delivery_group, &a->gid);
	if (!err && *site->delivery_user)
		err = accounts_find_groups(site->delivery_user, a);
	return err;
}
