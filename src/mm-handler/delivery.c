#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mm-handler/delivery.h"

/* <linux/sched.h> of the kernel itself: it is exiting (proc(5), flags). */
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
 * The kernel marks a process as exiting before it closes its descriptors, so
 * whoever sees the end of a pipe for that sees the mark as well.
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
	/* The name in brackets may hold anything. */
	after = strrchr(line, ')');
	if (!after || sscanf(after + 1, " %c %*d %*d %*d %*d %*d %u", &state,
	    &flags) != 2)
		return false;
	return state == 'Z' || state == 'X' || (flags & PF_EXITING);
}

bool
delivery_writer_gone(pid_t parent)
{
	/* Looked at last, since it changes after the mark. */
	return is_exiting(parent) || getppid() != parent;
}
