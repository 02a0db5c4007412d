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
open_takeover_file(const struct takeover *t)
{
	return open(t->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

static void
note_takeover_file(struct takeover *t)
{
	if (t->fd != -1)
		close(t->fd);
	t->fd = open_takeover_file(t);
}

int
takeover_init(struct takeover *t, const char *cache_dir)
{
	*t = (struct takeover){ .fd = -1 };
	if (asprintf(&t->path, "%s/take-over", cache_dir) == -1) {
		t->path = NULL;
		return -1;
	}
	note_takeover_file(t);
	return 0;
}

void
takeover_clear(struct takeover *t)
{
	if (t->fd != -1)
		close(t->fd);
	free(t->path);
	*t = (struct takeover){ .fd = -1 };
}

int
takeover_claim(struct takeover *t)
{
	struct replace r;
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (replace_open(&r, t->path, 0644) == -1)
		return -1;
	if (replace_write(r.fd, (struct str){ text, (size_t)n }) == -1) {
		replace_cancel(&r);
		return -1;
	}
	if (replace_commit(&r) == -1)
		return -1;
	note_takeover_file(t);
	return 0;
}

static bool
is_same_file(int a, int b)
{
	struct stat x, y;

	return a != -1 && b != -1 && fstat(a, &x) == 0 && fstat(b, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Whether the file names another process that is alive.  One that came from a
 * backup names nobody, or us. */
static bool
names_another_process(int fd)
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
takeover_lost(const struct takeover *t)
{
	int fd = open_takeover_file(t);
	bool lost = fd != -1 && !is_same_file(fd, t->fd) &&
	    names_another_process(fd);

	if (fd != -1)
		close(fd);
	return lost;
}
