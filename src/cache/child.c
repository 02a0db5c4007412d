/*
 * The child has the pipe and the memory for the snapshot (fork.h).  It never
 * enters the loop.  It writes its result into the pipe in one piece, and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cache/child.h"
#include "cache/cache.h"
#include "cache/fork.h"
#include "cache/rebuild.h"

#define RESULT_FD FORK_FIRST_FD
#define MEMORY_FD FORK_SECOND_FD

/* A result is written and read in one piece. */
_Static_assert(sizeof(struct rebuild_result) <= PIPE_BUF, "result too large");

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

/* There is no function for ioprio_set(2), and no header for its numbers. */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE (3 << 13)

/* So many seconds a scan takes only what others leave: on a machine that is
 * never idle it would not end. */
#define MODEST_SECONDS 5

static void
be_modest_no_more(int sig)
{
	const struct sched_param none = { 0 };
	int saved = errno;

	(void)sig;
	(void)sched_setscheduler(0, SCHED_OTHER, &none);
	errno = saved;
}

static void
limit_modesty(void)
{
	const struct itimerspec end = { .it_value.tv_sec = MODEST_SECONDS };
	struct sigaction act = { .sa_handler = be_modest_no_more,
		.sa_flags = SA_RESTART };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGUSR2 };
	timer_t timer;

	sigemptyset(&act.sa_mask);
	if (sigaction(SIGUSR2, &act, NULL) == 0 &&
	    timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
		(void)timer_settime(timer, 0, &end, NULL);
}

void
child_be_modest(void)
{
	const struct sched_param none = { 0 };

	/* Where one of these is forbidden, the scan is only less modest. */
	if (sched_setscheduler(0, SCHED_IDLE, &none) == 0)
		limit_modesty();
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
}

static void __attribute__((noreturn))
rebuild_in_child(const struct rebuild_order *o, bool modest)
{
	struct rebuild_result r;

	if (modest)
		child_be_modest();
	/* All of it goes through the pipe, so its padding is set as well. */
	memset(&r, 0, sizeof(r));
	rebuild(o, &r);
	give_snapshot(o, &r);
	if (write(RESULT_FD, &r, sizeof(r)) != (ssize_t)sizeof(r))
		_exit(1);
	_exit(0);
}

int
child_start(struct child *c, const struct rebuild_order *o, bool modest)
{
	int fds[2], saved;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	c->memory = memfd_create("snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	c->pid = fork_bare(fds[1], c->memory);
	if (c->pid == 0)
		rebuild_in_child(o, modest);
	saved = errno;
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
