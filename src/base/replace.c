#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/replace.h"
#include "base/str.h"

/* Frees the paths; the descriptor is closed already. */
static void
clear_replace(struct replace *r)
{
	free(r->path);
	free(r->temporary);
	*r = (struct replace){ .fd = -1 };
}

/* 0, or why PATH is not to be replaced, as errno: a rename would take the place
 * of a device, too, and so of /dev/null for the whole host. */
static int
check_target(const char *path)
{
	struct stat st;

	if (!*path)
		return ENOENT;
	return stat(path, &st) == 0 &&
	    (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) ? ENOTSUP : 0;
}

int
replace_open(struct replace *r, const char *path, mode_t mode)
{
	int err = check_target(path);

	if (err) {
		*r = (struct replace){ .fd = -1 };
		errno = err;
		return -1;
	}
	*r = (struct replace){ .fd = -1, .path = strdup(path) };
	if (!r->path || asprintf(&r->temporary, "%s.XXXXXX", path) == -1) {
		r->temporary = NULL;
		clear_replace(r);
		errno = ENOMEM;
		return -1;
	}
	r->fd = mkostemp(r->temporary, O_CLOEXEC);
	if (r->fd != -1 && fchmod(r->fd, mode) == 0)
		return 0;
	replace_cancel(r);
	return -1;
}

/* Syncs the directory that PATH is in.  0, or -1 with errno. */
static int
sync_directory(const char *path)
{
	char *copy = strdup(path);
	int fd, rc, saved;

	if (!copy)
		return -1;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd == -1)
		return -1;
	rc = fsync(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

int
replace_commit(struct replace *r)
{
	int fd = r->fd;
	int rc;

	if (fsync(fd) == -1) {
		replace_cancel(r);
		return -1;
	}
	r->fd = -1;
	if (close(fd) == -1 || rename(r->temporary, r->path) == -1) {
		replace_cancel(r);
		return -1;
	}
	rc = sync_directory(r->path);
	clear_replace(r);
	return rc;
}

void
replace_cancel(struct replace *r)
{
	int saved = errno;

	if (r->fd != -1)
		close(r->fd);
	if (r->temporary)
		unlink(r->temporary);
	clear_replace(r);
	errno = saved;
}

int
replace_write(int fd, struct str s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		s = str_tail(s, (size_t)n);
	}
	return 0;
}
