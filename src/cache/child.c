/*
 * The child has a copy of the daemon's memory and nothing else of it: no
 * descriptor but the pipe and the standard ones, and no signal handler.  It
 * never enters the loop.  It writes its result into the pipe in one piece, and
 * ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache/child.h"
#include "cache/rebuild.h"

/* The first one that is not stdin, stdout or stderr. */
#define RESULT_FD 3

/* A result is written and read in one piece. */
_Static_assert(sizeof(struct rebuild_result) <= PIPE_BUF, "result too large");

static void
reset_signals(void)
{
	sigset_t none;
	int i;

	for (i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Closes the parent's descriptors first: a client's connection must not stay
 * open for as long as a scan takes. */
static void __attribute__((noreturn))
rebuild_in_child(int fd, const struct rebuild_order *o)
{
	struct rebuild_result r;

	if (fd != RESULT_FD && dup2(fd, RESULT_FD) == -1)
		_exit(1);
	closefrom(RESULT_FD + 1);
	reset_signals();
	/* All of it goes through the pipe, so its padding is set as well. */
	memset(&r, 0, sizeof(r));
	rebuild(o, &r);
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
	/* The parent's handlers must not run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	c->pid = fork();
	if (c->pid == 0)
		rebuild_in_child(fds[1], o);
	saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(fds[1]);
	c->fd = fds[0];
	if (c->pid == -1) {
		close(fds[0]);
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
child_cancel(struct child *c)
{
	kill(c->pid, SIGTERM);
	close(c->fd);
}
