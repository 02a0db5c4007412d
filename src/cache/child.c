/*
 * The child has a copy of the daemon's memory and nothing else of it: no
 * descriptor but the pipe, the memory for the snapshot and the standard ones,
 * and no signal handler.  It never enters the loop.  It writes its result into
 * the pipe in one piece, and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache/child.h"
#include "cache/cache.h"
#include "cache/rebuild.h"

/* The first one that is not stdin, stdout or stderr. */
#define RESULT_FD 3
#define MEMORY_FD 4

/* A result is written and read in one piece. */
_Static_assert(sizeof(struct rebuild_result) <= PIPE_BUF, "result too large");

static void
reset_signals(void)
{
	sigset_t none;
	int i;

	for (i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	/* A limit of file sizes is an error like a full disk. */
	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
close_from_to(int first, int last)
{
	if (first <= last)
		(void)close_range((unsigned)first, (unsigned)last, 0);
}

/*
 * Closes the parent's descriptors but for the two that the child writes to: a
 * client's connection must not stay open for as long as a scan takes.  The two
 * may stand in each other's place, so both move on before they go there; that
 * needs no more descriptors than were closed.
 */
static void
keep_descriptors(int result, int memory)
{
	const int other = memory == -1 ? result : memory;
	const int low = result < other ? result : other;
	const int high = result < other ? other : result;

	close_from_to(RESULT_FD, low - 1);
	close_from_to(low + 1, high - 1);
	closefrom(high + 1);
	result = fcntl(result, F_DUPFD, MEMORY_FD + 1);
	memory = fcntl(memory, F_DUPFD, MEMORY_FD + 1);
	if (dup2(result, RESULT_FD) == -1)
		_exit(1);
	if (dup2(memory, MEMORY_FD) == -1)
		close(MEMORY_FD);
	closefrom(MEMORY_FD + 1);
}

/* Gives the parent the snapshot that is there now, unless it is the one that
 * the parent has.  A parent that gets none reads it itself. */
static void
give_snapshot(const struct rebuild_order *o, const struct rebuild_result *r)
{
	char *path = cache_path(o->cache_dir, o->site, "cdb");
	struct cache_refused none = { 0 };
	struct cache *c = o->known;
	const char *err;

	if (path != NULL &&
	    (r->status == REBUILD_WRITTEN || r->status == REBUILD_UNCHANGED) &&
	    cache_reopen(&c, &none, path, &err) == 1)
		(void)cache_give(c, MEMORY_FD);
}

static void __attribute__((noreturn))
rebuild_in_child(const struct child *c, int fd, const struct rebuild_order *o)
{
	struct rebuild_result r;

	keep_descriptors(fd, c->memory);
	reset_signals();
	/* All of it goes through the pipe, so its padding is set as well. */
	memset(&r, 0, sizeof(r));
	rebuild(o, &r);
	give_snapshot(o, &r);
	if (write(RESULT_FD, &r, sizeof(r)) != (ssize_t)sizeof(r))
		_exit(1);
	_exit(0);
}

int
child_start(struct child *c, const struct rebuild_order *o)
{
	sigset_t all, before;
	int fds[2], saved;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	c->memory = memfd_create("snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	/* The parent's handlers must not run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	c->pid = fork();
	if (c->pid == 0)
		rebuild_in_child(c, fds[1], o);
	saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(fds[1]);
	c->fd = fds[0];
	if (c->pid == -1) {
		close(fds[0]);
		child_forget(c);
		errno = saved;
		return -1;
	}
	return 0;
}

void
child_end(struct child *c, int status, struct rebuild_result *r)
{
	ssize_t n = read(c->fd, r, sizeof(*r));

	close(c->fd);
	if (n == (ssize_t)sizeof(*r) && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0)
		return;
	*r = (struct rebuild_result){ .status = REBUILD_FAILED };
	if (WIFSIGNALED(status))
		snprintf(r->reason, sizeof(r->reason),
		    "the scan was ended by signal %d", WTERMSIG(status));
	else
		snprintf(r->reason, sizeof(r->reason),
		    "the scan ended without a result");
}

void
child_forget(struct child *c)
{
	if (c->memory != -1)
		close(c->memory);
	c->memory = -1;
}

void
child_kill(const struct child *c)
{
	kill(c->pid, SIGKILL);
}

void
child_cancel(struct child *c)
{
	kill(c->pid, SIGTERM);
	close(c->fd);
	child_forget(c);
}
