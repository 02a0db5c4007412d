#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mm-handler/delivery.h"

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
