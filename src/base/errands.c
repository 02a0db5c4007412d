#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/errands.h"
#include "base/clock.h"
#include "base/devnull.h"

#define MESSAGE_FD 3

static pid_t parent; /* of a child */

void
errands_say(int fd, const void *message, size_t n)
{
	(void)!send(fd, message, n, MSG_NOSIGNAL);
}

void
errands_bind(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may be gone already. */
	if (getppid() != parent)
		_exit(1);
}

/* What the parent ignores stays ignored; its handlers are not the child's. */
static void
drop_handlers(void)
{
	struct sigaction act;
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		if (sigaction(i, NULL, &act) == 0 && act.sa_handler != SIG_IGN)
			signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
keep_message_descriptor(int fd)
{
	if (devnull_put(0, MESSAGE_FD - 1) == -1)
		_exit(1);
	if (fd != MESSAGE_FD && dup2(fd, MESSAGE_FD) == -1)
		_exit(1);
	closefrom(MESSAGE_FD + 1);
}

static _Noreturn void
run_errand(const struct errands *all, size_t i, int fd)
{
	keep_message_descriptor(fd);
	drop_handlers();
	errands_bind();
	all->run(all->arg, i, MESSAGE_FD);
	_exit(0);
}

/* 0, or -1 with errno. */
static int
start_errand(struct errands *all, size_t i)
{
	struct errand *e = &all->errand[i];
	sigset_t every, before;
	int fds[2], saved;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1)
		return -1;
	parent = getpid();
	/* The parent's handlers must not run in the child. */
	sigfillset(&every);
	sigprocmask(SIG_SETMASK, &every, &before);
	e->pid = fork();
	if (e->pid == 0)
		run_errand(all, i, fds[1]);
	saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(fds[1]);
	e->fd = fds[0];
	if (e->pid != -1)
		return 0;
	close(e->fd);
	errno = saved;
	return -1;
}

static void
end_errand(struct errands *all, size_t i, enum errand_state state)
{
	all->errand[i].state = state;
	if (all->over)
		all->over(all->arg, i);
}

static void
begin_errand(struct errands *all, size_t i)
{
	struct errand *e = &all->errand[i];

	e->until = clock_seconds() + e->seconds;
	e->state = ERRAND_RUNS;
	if (start_errand(all, i) == 0)
		return;
	e->error = errno;
	end_errand(all, i, ERRAND_FAILED);
}

/* A child that closed its end has nothing more to do than to end. */
static void
hear_errand(struct errands *all, size_t i)
{
	struct errand *e = &all->errand[i];
	char message[ERRANDS_MESSAGE_MAX];
	ssize_t n = recv(e->fd, message, sizeof(message), 0);

	if (n > 0) {
		all->heard(all->arg, i, (struct str){ message, (size_t)n });
		return;
	}
	close(e->fd);
	while (waitpid(e->pid, &e->status, 0) == -1 && errno == EINTR)
		;
	end_errand(all, i, ERRAND_ENDED);
}

static void
leave_errand(struct errands *all, size_t i)
{
	struct errand *e = &all->errand[i];

	if (!e->spared)
		kill(e->pid, SIGKILL);
	close(e->fd);
	end_errand(all, i, ERRAND_LEFT);
}

/* Begins those for which there is room, and leaves those behind that take too
 * long.  How many run then; *WAIT are the milliseconds until one takes too
 * long. */
static size_t
step_errands(struct errands *all, struct pollfd *p, size_t *index, int *wait)
{
	double first = 0, now;
	size_t n = 0;

	for (size_t i = 0; i < all->n && n < ERRANDS_AT_ONCE; i++) {
		struct errand *e = &all->errand[i];

		if (e->state == ERRAND_TO_COME)
			begin_errand(all, i);
		now = clock_seconds();
		if (e->state == ERRAND_RUNS && e->until <= now)
			leave_errand(all, i);
		if (e->state != ERRAND_RUNS)
			continue;
		if (n == 0 || e->until < first)
			first = e->until;
		p[n] = (struct pollfd){ .fd = e->fd, .events = POLLIN };
		index[n++] = i;
	}
	now = clock_seconds();
	*wait = first > now ? (int)((first - now) * 1000) + 1 : 0;
	return n;
}

void
errands_run(struct errands *all)
{
	struct pollfd p[ERRANDS_AT_ONCE];
	size_t index[ERRANDS_AT_ONCE], n;
	int wait;

	while ((n = step_errands(all, p, index, &wait)) > 0) {
		if (poll(p, n, wait) <= 0)
			continue;
		for (size_t i = 0; i < n; i++)
			if (p[i].revents != 0)
				hear_errand(all, index[i]);
	}
}
