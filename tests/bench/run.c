/*
 * run - what a command costs that has a file as standard input.
 *
 *	run [-n TIMES] FILE COMMAND [ARGUMENT...]
 *	run -m FILE COMMAND [ARGUMENT...]
 *
 * Prints lines of NAME VALUE, and exits 1 as soon as the command does not
 * exit 0.  COMMAND is a path; its standard output is /dev/null.
 *
 *	wall  median time from before it is started until its end was seen, in
 *	      microseconds
 *	cpu   processor time of it and of the processes that it waited for, the
 *	      mean, in microseconds
 *
 * With -m it runs once, held at its end, where its memory is still there, and
 * that of the processes that it started is not.  In KB:
 *
 *	private   what nobody else has: USS at the end, and by how much more it
 *	          had at another time.  Its own program text is part of it,
 *	          pages of libraries that other processes map are not.
 *	pss       at the end: the same and its share of what is shared
 *	resident  the most that it ever had, all shared pages counted in full
 *
 * This is not taken from ru_maxrss: that of a small process is what its parent
 * had when it was forked.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spec.h"

#define TIMES_MAX 100000

extern char **environ;

struct cost {
	uint64_t wall; /* nanoseconds */
	double cpu;    /* microseconds */
};

static void
check(const char *command, int status)
{
	if (WIFSIGNALED(status))
		errx(EXIT_FAILURE, "%s: signal %d", command, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		errx(EXIT_FAILURE, "%s: exit status %d", command,
		    WEXITSTATUS(status));
}

static double
microseconds(const struct timeval *tv)
{
	return (double)tv->tv_sec * 1e6 + (double)tv->tv_usec;
}

/* posix_spawn() does not copy this process's memory. */
static struct cost
cost_once(const posix_spawn_file_actions_t *files, char **argv)
{
	uint64_t start = spec_clock();
	struct rusage used;
	struct cost c;
	int status;
	pid_t pid;

	errno = posix_spawn(&pid, argv[0], files, NULL, argv, environ);
	if (errno != 0)
		err(EX_UNAVAILABLE, "%s", argv[0]);
	if (wait4(pid, &status, 0, &used) == -1)
		err(EX_OSERR, "wait4");
	c.wall = spec_clock() - start;
	c.cpu = microseconds(&used.ru_utime) + microseconds(&used.ru_stime);
	check(argv[0], status);
	return c;
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static void
run_timed(unsigned long n, const char *file, char **argv)
{
	posix_spawn_file_actions_t files;
	uint64_t *wall = calloc(n, sizeof(*wall));
	double cpu = 0;
	unsigned long i;
	struct cost c;

	if (wall == NULL || posix_spawn_file_actions_init(&files) != 0 ||
	    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, file,
	    O_RDONLY, 0) != 0 || posix_spawn_file_actions_addopen(&files,
	    STDOUT_FILENO, "/dev/null", O_WRONLY, 0) != 0)
		err(EX_OSERR, "memory");
	for (i = 0; i < n; i++) {
		c = cost_once(&files, argv);
		wall[i] = c.wall;
		cpu += c.cpu;
	}
	posix_spawn_file_actions_destroy(&files);
	qsort(wall, n, sizeof(*wall), compare);
	printf("wall %.1f\ncpu %.1f\n", (double)wall[n / 2] / 1000,
	    cpu / (double)n);
	free(wall);
}

/* The sum of the lines NAME in a file of /proc, which are in KB. */
static unsigned long
kilobytes(pid_t pid, const char *file, const char *name)
{
	unsigned long kb = 0;
	char path[64], line[256];
	bool seen = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, file);
	if ((f = fopen(path, "r")) == NULL)
		err(EX_UNAVAILABLE, "%s", path);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0) {
			seen = true;
			kb += strtoul(line + strlen(name), NULL, 10);
		}
	fclose(f);
	if (!seen)
		errx(EX_UNAVAILABLE, "%s: no %s", path, name);
	return kb;
}

static void
print_memory(pid_t pid)
{
	unsigned long most = kilobytes(pid, "status", "VmHWM:");
	unsigned long now = kilobytes(pid, "status", "VmRSS:");
	unsigned long own = kilobytes(pid, "smaps_rollup", "Private_Clean:") +
	    kilobytes(pid, "smaps_rollup", "Private_Dirty:");

	printf("private %lu\n", own + (most > now ? most - now : 0));
	printf("pss %lu\n", kilobytes(pid, "smaps_rollup", "Pss:"));
	printf("resident %lu\n", most);
}

static void
become(const char *file, char **argv)
{
	int in = open(file, O_RDONLY);
	int out = open("/dev/null", O_WRONLY);

	if (in == -1 || out == -1 || dup2(in, STDIN_FILENO) == -1 ||
	    dup2(out, STDOUT_FILENO) == -1)
		err(EX_NOINPUT, "%s", file);
	close(in);
	close(out);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
		err(EX_UNAVAILABLE, "ptrace");
	execv(argv[0], argv);
	err(EX_UNAVAILABLE, "%s", argv[0]);
}

static void
run_held(const char *file, char **argv)
{
	bool begun = false;
	int status, sig;
	pid_t pid;

	if ((pid = fork()) == -1)
		err(EX_OSERR, "fork");
	if (pid == 0)
		become(file, argv);
	for (;;) {
		if (waitpid(pid, &status, 0) == -1)
			err(EX_OSERR, "waitpid");
		if (!WIFSTOPPED(status))
			break;
		sig = WSTOPSIG(status);
		if (!begun) { /* the exec */
			begun = true;
			sig = 0;
			if (ptrace(PTRACE_SETOPTIONS, pid, NULL,
			    PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL) == -1)
				err(EX_UNAVAILABLE, "ptrace");
		} else if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
			sig = 0;
			print_memory(pid);
		}
		if (ptrace(PTRACE_CONT, pid, NULL, (void *)(long)sig) == -1)
			err(EX_OSERR, "ptrace");
	}
	check(argv[0], status);
}

int
main(int argc, char **argv)
{
	unsigned long n = 1;
	bool held = false;
	int c;

	while ((c = getopt(argc, argv, "+mn:")) != -1) {
		switch (c) {
		case 'm': held = true; break;
		case 'n': n = strtoul(optarg, NULL, 10); break;
		default: errx(EX_USAGE, "see the head of run.c");
		}
	}
	if (argc - optind < 2 || n == 0 || n > TIMES_MAX)
		errx(EX_USAGE, "see the head of run.c");
	if (held)
		run_held(argv[optind], argv + optind + 1);
	else
		run_timed(n, argv[optind], argv + optind + 1);
	return fflush(stdout) == 0 ? 0 : EX_IOERR;
}
