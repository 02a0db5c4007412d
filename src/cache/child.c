/*
 * The child has the socket and the memory for the snapshot (fork.h).  It never
 * enters the loop.  It sends its report in one message, and waits for the end
 * of the conversation.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cache/child.h"
#include "cache/cache.h"
#include "cache/fork.h"
#include "cache/rebuild.h"

#define REPORT_FD FORK_FIRST_FD
#define MEMORY_FD FORK_SECOND_FD

struct child_report {
	struct rebuild_result result;
	bool given, refused;
};

static void
fail_to_give(struct child_report *report, const char *path, const char *err)
{
	report->refused = errno == EPROTO || errno == EPROTONOSUPPORT;
	report->result.status = REBUILD_FAILED;
	snprintf(report->result.reason, sizeof(report->result.reason),
	    "cannot open the snapshot: %s: %s", path, err);
}

/* Gives the parent the snapshot that is there now, unless it is the one that
 * the parent has, which stays open: see child.h. */
static void
give_snapshot(const struct rebuild_order *o, struct child_report *report)
{
	char *path = cache_path(o->cache_dir, o->site, "cdb");
	const struct stat none = { 0 };
	struct cache *c;
	struct stat st;
	const char *err;

	if (path == NULL) {
		fail_to_give(report, o->site, strerror(errno));
		return;
	}
	if (cache_look_at(o->known, &none, path, &st) != 0) {
		c = cache_open(path, &err);
		if (c != NULL && cache_give(c, MEMORY_FD) == 0)
			report->given = true;
		else
			fail_to_give(report, path,
			    c == NULL ? err : strerror(errno));
	}
	free(path);
}

/* There is no function for ioprio_set(2), and no header for its numbers. */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE (3 << 13)

/* So many seconds a scan takes only what others leave: on a machine that is
 * never idle it would not end. */
#define MODEST_SECONDS 5

static void
be_modest_no_more(int sig)
{
	const struct sched_param none = { 0 };
	int saved = errno;

	(void)sig;
	(void)sched_setscheduler(0, SCHED_OTHER, &none);
	errno = saved;
}

static void
limit_modesty(void)
{
	const struct itimerspec end = { .it_value.tv_sec = MODEST_SECONDS };
	struct sigaction act = { .sa_handler = be_modest_no_more,
		.sa_flags = SA_RESTART };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGUSR2 };
	timer_t timer;

	sigemptyset(&act.sa_mask);
	if (sigaction(SIGUSR2, &act, NULL) == 0 &&
	    timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
		(void)timer_settime(timer, 0, &end, NULL);
}

void
child_be_modest(void)
{
	const struct sched_param none = { 0 };

	/* Where one of these is forbidden, the scan is only less modest. */
	if (sched_setscheduler(0, SCHED_IDLE, &none) == 0)
		limit_modesty();
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
}

/* The parent has taken what it was given, and is done with what it had. */
static void
wait_for_release(void)
{
	char nothing;

	while (recv(REPORT_FD, &nothing, 1, 0) == -1 && errno == EINTR)
		;
}

static void __attribute__((noreturn))
work_in_child(const struct rebuild_order *o, enum child_task task, bool modest)
{
	struct child_report report;
	struct rebuild_result *r = &report.result;

	if (modest)
		child_be_modest();
	/* All of it is sent, so its padding is set as well. */
	memset(&report, 0, sizeof(report));
	if (task == CHILD_SCANS)
		rebuild(o, r);
	if (r->status == REBUILD_WRITTEN || r->status == REBUILD_UNCHANGED)
		give_snapshot(o, &report);
	if (send(REPORT_FD, &report, sizeof(report), MSG_NOSIGNAL) !=
	    (ssize_t)sizeof(report))
		_exit(1);
	wait_for_release();
	_exit(0);
}

/* The child has the snapshot that the parent has, and later ones have not. */
static pid_t
fork_with_snapshot(int fd, int memory, const struct cache *known)
{
	pid_t pid = -1;

	if (known == NULL || cache_lend(known, true) == 0)
		pid = fork_bare(fd, memory);
	if (pid != 0 && known != NULL) {
		const int saved = errno;

		(void)cache_lend(known, false);
		errno = saved;
	}
	return pid;
}

int
child_start(struct child *c, const struct rebuild_order *o,
    enum child_task task, bool modest)
{
	int fds[2], saved;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1)
		return -1;
	*c = (struct child){ .pid = -1, .fd = fds[0] };
	c->memory = memfd_create("snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (c->memory != -1)
		c->pid = fork_with_snapshot(fds[1], c->memory, o->known);
	if (c->pid == 0)
		work_in_child(o, task, modest);
	saved = errno;
	close(fds[1]);
	if (c->pid == -1) {
		child_forget(c);
		child_release(c);
	}
	errno = saved;
	return c->pid == -1 ? -1 : 0;
}

int
child_hear(struct child *c, struct rebuild_result *r)
{
	struct child_report report;
	ssize_t n;

	do
		n = recv(c->fd, &report, sizeof(report), MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n == -1 && errno == EAGAIN)
		return 0;
	if (n != (ssize_t)sizeof(report))
		return -1;
	*r = report.result;
	c->given = report.given;
	c->refused = report.refused;
	return 1;
}

void
child_fail(int status, struct rebuild_result *r)
{
	*r = (struct rebuild_result){ .status = REBUILD_FAILED };
	if (WIFSIGNALED(status))
		snprintf(r->reason, sizeof(r->reason),
		    "the scan was ended by signal %d", WTERMSIG(status));
	else
		snprintf(r->reason, sizeof(r->reason),
		    "the scan ended without a result");
}

void
child_forget(struct child *c)
{
	if (c->memory != -1)
		close(c->memory);
	c->memory = -1;
}

void
child_release(struct child *c)
{
	if (c->fd != -1)
		fork_end(c->fd);
	c->fd = -1;
}

void
child_kill(const struct child *c)
{
	kill(c->pid, SIGKILL);
}

void
child_cancel(struct child *c)
{
	child_kill(c);
	child_release(c);
	child_forget(c);
}
