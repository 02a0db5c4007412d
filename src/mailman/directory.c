#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
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
enum lists_found
directory_find_at(const struct mailman *mailman, int dir, const char *name,
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
	found = directory_find_at(mailman, dir, copy, config);
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

/*
 * Filesystems whose every change goes through this kernel and so through
 * inotify.  <linux/magic.h> has not all of them.
 */
static const uint32_t seen_types[] = {
	0xEF53,     /* ext2, ext3, ext4 */
	0x58465342, /* XFS */
	0x9123683E, /* Btrfs */
	0x01021994, /* tmpfs */
	0x858458F6, /* ramfs */
	0xF2F52010, /* F2FS */
	0xCA451A4E, /* bcachefs */
	0x3153464A, /* JFS */
	0x52654973, /* ReiserFS */
	0x3434,     /* NILFS2 */
	0x24051905, /* UBIFS */
	0x72B6,     /* JFFS2 */
	0x73717368, /* SquashFS */
	0xE0F5E1E2, /* EROFS */
};
/* What lies over another filesystem, in which things happen unseen. */
static const uint32_t unseen_types[] = {
	0x794C7630, /* overlayfs */
	0xF15F,     /* eCryptfs */
	0x61756673, /* aufs */
};

static bool
is_fs_type_of(uint32_t type, const uint32_t *types, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (types[i] == type)
			return true;
	return false;
}

/* Writes NAME with the case of its first letter changed; false where it has
 * none. */
static bool
swap_case(const char *name, char other[NAME_MAX + 1])
{
	size_t i = 0;

	snprintf(other, NAME_MAX + 1, "%s", name);
	while (other[i] != '\0' && !((other[i] | 0x20) >= 'a' &&
	    (other[i] | 0x20) <= 'z'))
		i++;
	if (other[i] == '\0')
		return false;
	other[i] ^= 0x20;
	return true;
}

/* Whether the entry NAME answers to its name in another case as well.  A file
 * may have both as links. */
static bool
has_name_in_both_cases(int dir, const char *name, const char *other)
{
	struct stat a, b;

	return fstatat(dir, name, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstatat(dir, other, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	    a.st_ino == b.st_ino && S_ISDIR(a.st_mode);
}

/* As on an XFS, JFS or ZFS that was made so, which have no flag for it: the
 * first entry with a letter that is no file tells. */
static bool
has_entries_without_case(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	char other[NAME_MAX + 1];
	const struct dirent *e;
	bool same = false;

	if (d == NULL) {
		if (fd != -1)
			close(fd);
		return false;
	}
	while ((e = readdir(d)) != NULL)
		if (e->d_type != DT_REG && swap_case(e->d_name, other)) {
			same = has_name_in_both_cases(fd, e->d_name, other);
			break;
		}
	closedir(d);
	return same;
}

/* Whether the case of letters does not matter in the directory, as far as that
 * can be told. */
static bool
is_case_folded(int dir)
{
	int flags = 0;

	return (ioctl(dir, FS_IOC_GETFLAGS, &flags) == 0 &&
	           (flags & FS_CASEFOLD_FL) != 0) ||
	    has_entries_without_case(dir);
}

static enum directory_kind
kind_of_open(int dir)
{
	struct statfs fs;
	uint32_t type;

	if (fstatfs(dir, &fs) == -1)
		return DIRECTORY_UNKNOWN;
	/* f_type is signed on some machines and 32 bits wide. */
	type = (uint32_t)fs.f_type;
	if (is_fs_type_of(type, unseen_types,
	        sizeof(unseen_types) / sizeof(*unseen_types)))
		return DIRECTORY_UNSEEN;
	if (!is_fs_type_of(type, seen_types,
	        sizeof(seen_types) / sizeof(*seen_types)))
		return DIRECTORY_SLOW;
	return is_case_folded(dir) ? DIRECTORY_UNSEEN : DIRECTORY_SEEN;
}

/* A directory that this account may search and not read shows its filesystem,
 * but not its flags. */
enum directory_kind
directory_kind_of(const char *path)
{
	enum directory_kind kind;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir == -1 && errno == EACCES) {
		dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir == -1)
			return DIRECTORY_UNKNOWN;
		kind = kind_of_open(dir);
		close(dir);
		return kind == DIRECTORY_SEEN ? DIRECTORY_UNSEEN : kind;
	}
	if (dir == -1)
		return DIRECTORY_UNKNOWN;
	kind = kind_of_open(dir);
	close(dir);
	return kind;
}

/* The kernel gives up a look at its memory also where something is mounted just
 * then, anywhere on the machine: not so often one after the other. */
#define CACHED_TRIES 8

/* Opens PATH if the kernel has all of it in memory.  -1 with EAGAIN if not. */
static int
open_cached(const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_CACHED,
	};
	int fd, i = 0;

	do
		fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how,
		    sizeof(how));
	while (fd == -1 && errno == EAGAIN && ++i < CACHED_TRIES);
	return fd;
}

/* Whether the errno ERROR says that the kernel, or a filter of system calls,
 * does not know what open_cached() wants; no path makes it fail so. */
static bool
is_openat2_missing(int error)
{
	return error == ENOSYS || error == EINVAL || error == E2BIG ||
	    error == EPERM;
}

static int
identify_open_cached(int fd, struct directory_id *id)
{
	struct statx x;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
	        STATX_TYPE | STATX_INO, &x) == -1)
		return -1;
	*id = (struct directory_id){
		.dev = makedev(x.stx_dev_major, x.stx_dev_minor),
		.ino = x.stx_ino };
	return 0;
}

int
directory_identify_cached(const char *path, struct directory_id *id)
{
	static bool missing; /* found out once */
	int fd, result, saved;

	fd = missing ? -1 : open_cached(path);
	if (fd == -1 && !missing)
		missing = is_openat2_missing(errno);
	if (missing)
		return directory_identify(path, id);
	if (fd == -1)
		return -1;
	result = identify_open_cached(fd, id);
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}
