#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "listmapd/takeover.h"
#include "base/replace.h"
#include "base/str.h"

static int
open_file(const struct takeover *h)
{
	return open(h->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

static void
remember(struct takeover *h)
{
	if (h->fd != -1)
		close(h->fd);
	h->fd = open_file(h);
}

int
takeover_init(struct takeover *h, const char *cache_dir)
{
	*h = (struct takeover){ .fd = -1 };
	if (asprintf(&h->path, "%s/take-over", cache_dir) == -1) {
		h->path = NULL;
		return -1;
	}
	remember(h);
	return 0;
}

void
takeover_clear(struct takeover *h)
{
	if (h->fd != -1)
		close(h->fd);
	free(h->path);
	*h = (struct takeover){ .fd = -1 };
}

int
takeover_claim(struct takeover *h)
{
	struct replace r;
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (replace_open(&r, h->path, 0644) == -1)
		return -1;
	if (replace_write(r.fd, (struct str){ text, (size_t)n }) == -1) {
		replace_cancel(&r);
		return -1;
	}
	if (replace_commit(&r) == -1)
		return -1;
	remember(h);
	return 0;
}

static bool
same_file(int a, int b)
{
	struct stat x, y;

	return a != -1 && b != -1 && fstat(a, &x) == 0 && fstat(b, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A file that a backup put there names nobody who is alive, or us. */
static bool
names_another(int fd)
{
	char text[32];
	ssize_t n = read(fd, text, sizeof(text));
	struct str s = { text, n > 0 ? (size_t)n : 0 };
	uint64_t pid;

	if (s.n == 0 || s.p[s.n - 1] != '\n' ||
	    str_number(str_head(s, s.n - 1), 1, INT32_MAX, &pid) == -1)
		return false;
	return (pid_t)pid != getpid() &&
	    (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

bool
takeover_lost(const struct takeover *h)
{
	int fd = open_file(h);
	bool lost = fd != -1 && !same_file(fd, h->fd) && names_another(fd);

	if (fd != -1)
		close(fd);
	return lost;
}
