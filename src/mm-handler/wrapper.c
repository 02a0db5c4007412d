#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <unistd.h>

#include "mm-handler/wrapper.h"

/* Makes a pipe whose end on our side does not block.  0, or an error number. */
static int
make_pipe(int *ours, int *its, bool we_write)
{
	int fds[2], err;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return errno;
	*ours = fds[we_write];
	*its = fds[!we_write];
	if (fcntl(*ours, F_SETFL, O_NONBLOCK) == 0)
		return 0;
	err = errno;
	close(fds[0]);
	close(fds[1]);
	return err;
}

static int
set_standard_files(posix_spawn_file_actions_t *files, int in, int out)
{
	int err = posix_spawn_file_actions_adddup2(files, in, STDIN_FILENO);

	if (err == 0)
		err = posix_spawn_file_actions_adddup2(files, out,
		    STDOUT_FILENO);
	if (err == 0)
		err = posix_spawn_file_actions_adddup2(files, out,
		    STDERR_FILENO);
	return err;
}

static int
spawn_wrapper(struct wrapper *w, char *const argv[], int out)
{
	/* Mailman's wrapper drops even this one (src/common.c, keepenvars). */
	static char path[] = "PATH=/usr/bin:/bin";
	char *env[] = { path, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t all, none;
	int err;

	sigfillset(&all);
	sigemptyset(&none);
	if (posix_spawn_file_actions_init(&files) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&how) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return ENOMEM;
	}
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&how, w->guard.pid);
	posix_spawnattr_setsigdefault(&how, &all);
	posix_spawnattr_setsigmask(&how, &none);
	err = set_standard_files(&files, w->unread, out);
	if (err == 0)
		err = posix_spawn(&w->pid, argv[0], &files, &how, argv, env);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	return err;
}

int
wrapper_start(const char *path, const char *action, const char *list,
    struct wrapper *w)
{
	char *argv[] = { (char *)path, (char *)action, (char *)list, NULL };
	int err = make_pipe(&w->in, &w->unread, true), out;

	if (err != 0)
		return err;
	err = make_pipe(&w->out, &out, false);
	if (err == 0) {
		err = guard_start(&w->guard, w->in);
		if (err == 0)
			err = spawn_wrapper(w, argv, out);
		close(out);
		if (err == 0)
			return 0;
		guard_end(&w->guard);
		close(w->out);
	}
	close(w->in);
	close(w->unread);
	return err;
}
