#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <unistd.h>

#include "cache/lock.h"
#include "base/clock.h"

/* How often one that waits looks at the clock, in microseconds. */
#define TICK 250000

/*
 * Reads from a line of /proc/locks the process that has the flock of a file of
 * that inode.  *SAME_DEVICE is whether the device is the file's as well: some
 * filesystems (btrfs, overlayfs) have another one there.  0: it is not such a
 * line; those that wait for a lock have an arrow in it.
 */
static long
read_lock_line(const char *line, const struct stat *st, bool *same_device)
{
	unsigned major, minor;
	unsigned long inode;
	long pid;

	if (sscanf(line, "%*d: FLOCK %*s %*s %ld %x:%x:%lu", &pid, &major,
	        &minor, &inode) != 4 || inode != (unsigned long)st->st_ino)
		return 0;
	*same_device = makedev(major, minor) == st->st_dev;
	return pid;
}

/* The process that has the lock; 0: it cannot be told, as where it is gone and
 * a child of it has the lock. */
static long
find_holder(int fd)
{
	FILE *f = fopen("/proc/locks", "re");
	long pid = 0, other = 0, found;
	struct stat st;
	char line[256];
	int others = 0;
	bool same;

	if (f == NULL)
		return 0;
	if (fstat(fd, &st) == 0)
		while (fgets(line, sizeof(line), f) != NULL) {
			found = read_lock_line(line, &st, &same);
			if (found > 0 && same)
				pid = found;
			else if (found > 0 && ++others == 1)
				other = found;
		}
	fclose(f);
	return pid == 0 && others == 1 ? other : pid;
}

static void
describe_holder(int fd, char *holder, size_t size)
{
	const long pid = find_holder(fd);
	char path[64], name[32] = "";
	FILE *f;

	snprintf(holder, size, "another process");
	if (pid == 0)
		return;
	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	f = fopen(path, "re");
	if (f != NULL && fgets(name, sizeof(name), f) == NULL)
		name[0] = '\0';
	if (f != NULL)
		fclose(f);
	name[strcspn(name, "\n")] = '\0';
	snprintf(holder, size, "process %ld%s%s%s", pid, *name ? " (" : "",
	    name, *name ? ")" : "");
}

static void
on_tick(int sig)
{
	(void)sig;
}

/* flock() has no limit of time: ticks interrupt it.  0, or -1 with errno. */
static int
wait_for_lock(int fd, const struct lock_wait *w, char *holder, size_t size)
{
	const double start = clock_seconds();
	bool said = w->waits == NULL;
	double waited;

	while (flock(fd, LOCK_EX) == -1) {
		if (errno != EINTR)
			return -1;
		waited = clock_seconds() - start;
		if (waited >= w->patience) {
			describe_holder(fd, holder, size);
			errno = EWOULDBLOCK;
			return -1;
		}
		if (said || waited < LOCK_SILENCE)
			continue;
		describe_holder(fd, holder, size);
		w->waits(w->arg, holder);
		said = true;
	}
	return 0;
}

static int
wait_with_ticks(int fd, const struct lock_wait *w, char *holder, size_t size)
{
	const struct itimerval ticks = { { 0, TICK }, { 0, TICK } };
	const struct sigaction act = { .sa_handler = on_tick };
	struct itimerval timer_before;
	struct sigaction before;
	int rc, saved;

	sigaction(SIGALRM, &act, &before);
	setitimer(ITIMER_REAL, &ticks, &timer_before);
	rc = wait_for_lock(fd, w, holder, size);
	saved = errno;
	setitimer(ITIMER_REAL, &timer_before, NULL);
	sigaction(SIGALRM, &before, NULL);
	errno = saved;
	return rc;
}

/* flock() needs no right to write, so root and the daemon's account can share
 * the file. */
int
lock_take(const char *path, const struct lock_wait *w, char *holder,
    size_t size)
{
	int fd, saved;

	fd = open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	/* Whoever may open the file can keep everybody else waiting. */
	(void)fchmod(fd, 0600);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 || (errno == EWOULDBLOCK &&
	    wait_with_ticks(fd, w, holder, size) == 0))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

void
lock_release(int fd)
{
	(void)flock(fd, LOCK_UN);
	close(fd);
}
