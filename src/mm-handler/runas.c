#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

static int
try_access(const struct account *a, const char *path, int how)
{
	bool became = privileges_drop(a) == 0;
	struct stat st;

	if (stat(path, &st) == -1)
		return errno == EACCES && !became ? 0 : errno;
	if (how == X_OK ? !S_ISREG(st.st_mode) : !S_ISDIR(st.st_mode))
		return how == X_OK ? EACCES : ENOTDIR;
	return became && faccessat(AT_FDCWD, path, how, AT_EACCESS) == -1 ?
	    errno : 0;
}

int
runas_access(const struct account *a, const char *path, int how)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(try_access(a, path, how));
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}
