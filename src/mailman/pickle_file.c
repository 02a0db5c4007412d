#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailman/pickle_file.h"
#include "mailman/pickle.h"

const char pickle_too_large[] = "is too large";
const char pickle_not_there[] = "is not there";
static const char not_regular[] = "is no regular file";

/* A file that became shorter since it was opened is cut off there. */
static int
read_at(void *arg, uint64_t offset, void *to, size_t n)
{
	int fd = *(const int *)arg;
	char *at = to;

	while (n) {
		ssize_t r = pread(fd, at, n, (off_t)offset);

		if (r == -1 && errno == EINTR)
			continue;
		if (r == 0)
			errno = EAGAIN;
		if (r <= 0)
			return -1;
		at += r;
		offset += (uint64_t)r;
		n -= (size_t)r;
	}
	return 0;
}

/* What is wrong for good, or may be well the next time. */
static const char *
cannot_open(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return pickle_not_there;
	case ENXIO:
	case ENODEV:
		return not_regular;
	default:
		return pickle_unreadable;
	}
}

const char *
pickle_read_file(int dir, const char *name, off_t max, struct pickle *p)
{
	struct pickle_source source = { .read = read_at };
	const char *err = NULL;
	struct stat st;
	int fd, saved;

	memset(p, 0, sizeof(*p));
	p->advertised = -1;
	/* Opening a FIFO to read without waiting succeeds, and is harmless. */
	fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return cannot_open(errno);
	if (fstat(fd, &st) == -1)
		err = pickle_unreadable;
	else if (!S_ISREG(st.st_mode))
		err = not_regular;
	else if (st.st_size > max)
		err = pickle_too_large;
	else {
		source.arg = &fd;
		source.size = (uint64_t)st.st_size;
		err = pickle_read(&source, p);
	}
	saved = errno;
	close(fd);
	errno = saved;
	return err;
}
