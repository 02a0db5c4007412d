#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mm-handler/delivery.h"

/* A flag of proc(5) stat: the process is exiting.  The number is of the
 * kernel's include/linux/sched.h. */
#define PF_EXITING 0x4

bool
delivery_fail(struct delivery_result *r, const char *fmt, ...)
{
	va_list ap;

	if (r->reason[0] != '\0')
		return false;
	va_start(ap, fmt);
	vsnprintf(r->reason, sizeof(r->reason), fmt, ap);
	va_end(ap);
	return false;
}

void
delivery_signals(sigset_t *set)
{
	static const int ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE,
		SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGIO,
		SIGPWR, SIGXCPU, SIGXFSZ, SIGSTKFLT };

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(ending) / sizeof(*ending); i++)
		sigaddset(set, ending[i]);
}

/*
 * The kernel marks a process as exiting before it closes its descriptors.  So
 * whoever sees the end of its pipe can see the mark as well.
 */
static bool
is_exiting(pid_t pid)
{
	char path[64], line[1024], state;
	const char *after;
	unsigned flags;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	n = fread(line, 1, sizeof(line) - 1, f);
	fclose(f);
	line[n] = '\0';
	/* The name in brackets may hold any byte, also a bracket. */
	after = strrchr(line, ')');
	if (!after || sscanf(after + 1, " %c %*d %*d %*d %*d %*d %u", &state,
	    &flags) != 2)
		return false;
	return state == 'Z' || state == 'X' || (flags & PF_EXITING);
}

bool
delivery_writer_gone(pid_t parent)
{
	/* In this order: the parent changes after the mark is set. */
	return is_exiting(parent) || getppid() != parent;
}
