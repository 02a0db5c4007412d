#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/cache_dir.h"
#include "base/privileges.h"

int
cache_dir_make(const char *path, const struct account *a)
{
	const mode_t before = umask(022);
	const int made = mkdir(path, 0755);
	struct stat st;

	umask(before);
	if (made == 0)
		return a->change ? chown(path, a->uid, a->gid) : 0;
	if (errno != EEXIST || stat(path, &st) == -1)
		return -1;
	if (S_ISDIR(st.st_mode))
		return 0;
	errno = ENOTDIR;
	return -1;
}
