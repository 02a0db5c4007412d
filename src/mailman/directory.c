#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "mailman/directory.h"
#include "mailman/entry.h"
#include "mailman/list_info.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"

int
directory_identify(const char *path, struct directory_id *id)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return -1;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	*id = (struct directory_id){ .dev = st.st_dev, .ino = st.st_ino };
	return 0;
}

/*
 * The entry itself is looked at first, links not followed: that is one call
 * for a name that does not exist, and its EACCES can only mean the directory.
 */
static enum lists_found
find_entry(const struct mailman *mailman, int dir, const char *name,
    struct stat *config)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		if (entry_is_missing(errno))
			return LISTS_ABSENT;
		return errno == EACCES ? LISTS_AWAY : LISTS_NO_ANSWER;
	}
	switch (mailman->is_list(dir, name, &st)) {
	case 1:
		break;
	case 0:
		return LISTS_ABSENT;
	default:
		return LISTS_NO_ANSWER;
	}
	if (config != NULL)
		*config = st;
	return LISTS_FOUND;
}

static bool
is_wanted_directory(int dir, const struct directory_id *must_be)
{
	struct stat st;

	if (must_be == NULL)
		return true;
	return fstat(dir, &st) == 0 && st.st_dev == must_be->dev &&
	    st.st_ino == must_be->ino;
}

enum lists_found
directory_find(const struct mailman *mailman, const char *path,
    const struct directory_id *must_be, struct str name,
    struct stat *config)
{
	enum lists_found found = LISTS_AWAY;
	char copy[NAME_MAX + 1];
	bool wanted;
	int dir;

	if (name.n >= sizeof(copy) || !entry_name_ok(name))
		return LISTS_ABSENT;
	memcpy(copy, name.p, name.n);
	copy[name.n] = '\0';
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return LISTS_AWAY;
	wanted = is_wanted_directory(dir, must_be);
	found = find_entry(mailman, dir, copy, config);
	close(dir);
	if (wanted)
		return found;
	return found == LISTS_ABSENT ? LISTS_AWAY : found == LISTS_FOUND ?
	    LISTS_NO_ANSWER : found;
}

int
directory_read(const struct mailman *mailman, const char *path,
    struct str name, off_t max, struct list_info *p)
{
	char copy[NAME_MAX + 1];
	int dir, result, saved;

	*p = (struct list_info){ 0 };
	errno = EINVAL;
	if (name.n >= sizeof(copy) || !entry_name_ok(name))
		return -1;
	memcpy(copy, name.p, name.n);
	copy[name.n] = '\0';
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return -1;
	result = mailman->read(dir, copy, max, p);
	saved = errno;
	close(dir);
	errno = saved;
	return result;
}

bool
directory_may_have_link(const char *path, struct str name)
{
	char full[PATH_MAX];
	struct stat st;
	int n = snprintf(full, sizeof(full), "%s/%.*s", path, (int)name.n,
	    name.p);

	if (n <= 0 || (size_t)n >= sizeof(full))
		return false;
	if (lstat(full, &st) == -1)
		return !entry_is_missing(errno);
	return S_ISLNK(st.st_mode);
}

/* <linux/magic.h> has not all of them. */
static const unsigned long remote_types[] = {
	0x6969,     /* NFS */
	0x517B,     /* SMB */
	0xFF534D42, /* CIFS */
	0xFE534D42, /* SMB 2 */
	0x01021997, /* 9P */
	0x5346414F, /* AFS (OpenAFS) */
	0x6B414653, /* AFS (kAFS) */
	0x00C36400, /* Ceph */
	0x73757245, /* Coda */
	0x564C,     /* NCP */
	0x65735546, /* FUSE: whoever answers there */
	0x01161970, /* GFS2 */
	0x7461636F, /* OCFS2 */
	0x0BD00BD0, /* Lustre */
	0x47504653, /* GPFS */
	0x19830326, /* BeeGFS */
	0x20030528, /* OrangeFS */
	0x0187,     /* autofs: what it mounts */
};

bool
directory_is_remote(const char *path)
{
	struct statfs fs;
	size_t i;

	if (statfs(path, &fs) == -1)
		return false;
	for (i = 0; i < sizeof(remote_types) / sizeof(remote_types[0]); i++) {
		/* f_type is signed on some machines and 32 bits wide. */
		if ((uint32_t)fs.f_type == remote_types[i])
			return true;
	}
	return false;
}
