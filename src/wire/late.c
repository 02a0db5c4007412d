#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "wire/late.h"
#include "base/clock.h"

/* All that the handler looks at: the socket that is written to now, or -1, and
 * the time after which that is too late.  The time is set while there is no
 * socket. */
static volatile sig_atomic_t answering = -1;
static volatile double too_late;

void
late_init(struct late *l)
{
	l->previous = l->current = clock_seconds();
}

bool
late_turn(struct late *l, double deadline)
{
	l->previous = l->current;
	l->current = clock_seconds();
	if (l->current - l->previous <= deadline)
		return false;
	l->previous = l->current;
	return true;
}

bool
late_now(double since, double deadline)
{
	return clock_seconds() - since > deadline;
}

void
late_answering(double since, double deadline, int fd)
{
	too_late = since + deadline;
	answering = fd;
}

void
late_answered(void)
{
	answering = -1;
}

static void
shut_answered_socket(int sig)
{
	int saved = errno;

	(void)sig;
	if (answering >= 0 && clock_seconds() > too_late)
		shutdown(answering, SHUT_RDWR);
	errno = saved;
}

void
late_catch(void)
{
	struct sigaction sa = { .sa_flags = SA_RESTART };

	sa.sa_handler = shut_answered_socket;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGCONT, &sa, NULL);
}
