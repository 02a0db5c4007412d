#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mm-handler/guard.h"

/* The life of a guard.  It has nothing open but its two pipes: sendmail waits
 * for the end of ours. */
static void __attribute__((noreturn))
keep_guard(int listen, int in)
{
	ssize_t n = -1;
	char word;

	/* Else the group is still mm-handler's own. */
	if (setpgid(0, 0) == 0 && dup2(listen, STDIN_FILENO) != -1 &&
	    dup2(in, STDOUT_FILENO) != -1) {
		closefrom(STDERR_FILENO);
		do
			n = read(STDIN_FILENO, &word, 1);
		while (n == -1 && errno == EINTR);
		if (n != 1)
			kill(0, SIGKILL);
	}
	_exit(0);
}

int
guard_start(struct guard *g, int in)
{
	int fds[2], err = 0;

	*g = (struct guard){ .talk = -1 };
	if (pipe2(fds, O_CLOEXEC) == -1)
		return errno;
	g->pid = fork();
	if (g->pid == 0)
		keep_guard(fds[0], in);
	if (g->pid == -1)
		err = errno;
	close(fds[0]);
	g->talk = fds[1];
	/* Whichever of the two comes first. */
	if (err == 0 && setpgid(g->pid, g->pid) == -1)
		err = errno;
	if (err == 0)
		return 0;
	if (g->pid == -1)
		g->pid = 0;
	guard_end(g);
	return err;
}

void
guard_dismiss(struct guard *g)
{
	if (g->talk == -1)
		return;
	/* SIGPIPE is blocked, for a guard that was killed. */
	(void)!write(g->talk, "", 1);
	close(g->talk);
	g->talk = -1;
}

void
guard_end(struct guard *g)
{
	if (g->talk != -1)
		close(g->talk);
	g->talk = -1;
	while (g->pid != 0 && waitpid(g->pid, NULL, 0) == -1 && errno == EINTR)
		;
	g->pid = 0;
}
