#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mm-handler/offspring.h"
#include "base/clock.h"

#define GRACE_SECONDS 2.0
#define PAUSE_MS 1

void
offspring_adopt(void)
{
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

static bool
has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) ==
	    -1 || info.si_pid == pid;
}

/*
 * Kills the children that we have now.  False where there was none but a
 * wrapper that has ended: for when a process ends, its children become ours.
 */
static bool
kill_children(pid_t wrapper)
{
	bool any = !has_ended(wrapper);
	FILE *f = fopen("/proc/thread-self/children", "re");
	long pid;

	while (f && fscanf(f, "%ld", &pid) == 1) {
		if (pid == wrapper || getpgid((pid_t)pid) == getpgrp())
			continue;
		kill((pid_t)pid, SIGKILL);
		(void)waitpid((pid_t)pid, NULL, WNOHANG);
		any = true;
	}
	if (f)
		fclose(f);
	return any;
}

void
offspring_kill(pid_t wrapper, pid_t group)
{
	double until = clock_seconds() + GRACE_SECONDS;

	kill(-group, SIGKILL);
	while (kill_children(wrapper) && clock_seconds() < until)
		(void)poll(NULL, 0, PAUSE_MS);
}
