#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cache/fork.h"
#include "base/devnull.h"

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
 * Closes the parent's descriptors but for the two that the child has a use for:
 * a client's connection must not stay open for as long as the child lives.  The
 * two may stand in each other's place, so both move on before they go there;
 * that needs no more descriptors than were closed.
 */
static void
keep_descriptors(int first, int second)
{
	const int other = second == -1 ? first : second;
	const int low = first < other ? first : other;
	const int high = first < other ? other : first;

	close_from_to(FORK_FIRST_FD, low - 1);
	close_from_to(low + 1, high - 1);
	closefrom(high + 1);
	first = fcntl(first, F_DUPFD, FORK_SECOND_FD + 1);
	second = fcntl(second, F_DUPFD, FORK_SECOND_FD + 1);
	if (dup2(first, FORK_FIRST_FD) == -1)
		_exit(1);
	if (dup2(second, FORK_SECOND_FD) == -1)
		close(FORK_SECOND_FD);
	closefrom(FORK_SECOND_FD + 1);
}

pid_t
fork_bare(int first, int second)
{
	sigset_t all, before;
	int saved;
	pid_t pid;

	/* The parent's handlers must not run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0) {
		keep_descriptors(first, second);
		(void)devnull_put(STDIN_FILENO, STDOUT_FILENO);
		reset_signals();
		return 0;
	}
	saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return pid;
}

void
fork_end(int fd)
{
	(void)shutdown(fd, SHUT_RDWR);
	close(fd);
}
