#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mm-handler/deliver.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "mm-handler/delivery.h"
#include "mm-handler/message.h"
#include "mm-handler/wrapper.h"

#define CHUNK (64 * 1024)
#define GRACE_SECONDS 2.0 /* from SIGTERM to SIGKILL, and to the end */
/* What is kept of what the wrapper prints: a message says what it is at its
 * beginning, a traceback at its end. */
#define SAID_HEAD 160
#define SAID_TAIL 240

/* A delivery under way. */
struct run {
	const struct deliver_order *o;
	struct delivery_result *r;
	pid_t pid;   /* 0: it does not run yet */
	int from;    /* the message */
	int in;      /* the wrapper's standard input; -1: it has all */
	int unread;  /* the other end of it, to see what was left there */
	int out;     /* what it prints; -1: no more */
	int signals; /* of the child and for us */
	struct message message;
	struct buf pending; /* on its way to the wrapper */
	size_t sent;        /* of pending */
	bool end;           /* the message was read to its end */
	double deadline;
	int told;           /* to end: 1 SIGTERM, 2 SIGKILL */
	bool over;          /* the wrapper ended: */
	int status;
	char head[SAID_HEAD]; /* what it printed first */
	size_t head_n;
	char tail[SAID_TAIL]; /* and last, behind that */
	size_t tail_n;
	bool lost;            /* there was more between them */
};

#define fail(run, ...) delivery_fail((run)->r, __VA_ARGS__)

/* The next piece of the message; -1 where it cannot be read. */
static int
read_message(struct run *run)
{
	char chunk[CHUNK];
	ssize_t n = read(run->from, chunk, sizeof(chunk));

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n == -1) {
		fail(run, "the message cannot be read: %s", strerror(errno));
		return -1;
	}
	run->r->size += (uint64_t)n;
	buf_reset(&run->pending);
	run->sent = 0;
	if (n > 0) {
		message_feed(&run->message,
		    (struct str){ chunk, (size_t)n }, &run->pending);
	} else if (delivery_writer_gone(run->o->delivery.writer)) {
		fail(run, "who sent the message died");
		return -1;
	} else {
		message_end(&run->message, &run->pending);
		run->end = true;
	}
	if (run->pending.failed)
		fail(run, "out of memory");
	return run->pending.failed ? -1 : 0;
}

static bool
has_pending(const struct run *run)
{
	return run->sent < run->pending.n;
}

/* The wrapper's end is open here as well, so there is no EPIPE. */
static int
write_pending(struct run *run)
{
	ssize_t n = write(run->in, run->pending.p + run->sent,
	    run->pending.n - run->sent);

	if (n == -1 && errno != EINTR && errno != EAGAIN) {
		fail(run, "cannot write to the wrapper: %s", strerror(errno));
		return -1;
	}
	run->sent += n > 0 ? (size_t)n : 0;
	return 0;
}

static void
keep(struct run *run, struct str s)
{
	size_t n = SAID_HEAD - run->head_n, stay;

	if (n > s.n)
		n = s.n;
	memcpy(run->head + run->head_n, s.p, n);
	run->head_n += n;
	s = str_tail(s, n);
	run->lost |= run->tail_n + s.n > SAID_TAIL;
	if (s.n > SAID_TAIL)
		s = str_tail(s, s.n - SAID_TAIL);
	stay = SAID_TAIL - s.n < run->tail_n ? SAID_TAIL - s.n : run->tail_n;
	memmove(run->tail, run->tail + run->tail_n - stay, stay);
	if (s.n)
		memcpy(run->tail + stay, s.p, s.n);
	run->tail_n = stay + s.n;
}

static void
hear(struct run *run)
{
	char chunk[4096];
	ssize_t n = read(run->out, chunk, sizeof(chunk));

	if (n > 0) {
		keep(run, (struct str){ chunk, (size_t)n });
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		close(run->out);
		run->out = -1;
	}
}

static bool
ended_well(const siginfo_t *info)
{
	return info->si_code == CLD_EXITED && info->si_status == 0;
}

/*
 * The wrapper's end, if it ended.  What it leaves behind may hold the message:
 * it dies as well, unless all is well, before it can see the end of a message
 * that was cut, or store one that sendmail will bring again.
 */
static void
reap(struct run *run)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)run->pid, &info, WEXITED | WNOWAIT | WNOHANG) ==
	    -1) {
		run->over = errno != EINTR;
		run->status = -1;
		return;
	}
	if (info.si_pid == 0)
		return;
	if (run->in != -1 || run->told || !ended_well(&info))
		kill(-run->pid, SIGKILL);
	run->over = true;
	if (waitpid(run->pid, &run->status, 0) == -1)
		run->status = -1;
}

/* What was printed before the end; whoever else holds the pipe may go on. */
static void
hear_rest(struct run *run)
{
	struct pollfd p = { .fd = run->out, .events = POLLIN };

	for (int i = 0; i < 16 && run->out != -1 && poll(&p, 1, 0) == 1; i++)
		hear(run);
}

/*
 * The end of the wrapper and of what it started, before it can take the end of
 * its input for the end of the message.  What a disk holds up ends later, but
 * does nothing more.
 */
static void
kill_all(struct run *run)
{
	double until = clock_seconds() + GRACE_SECONDS;
	struct pollfd p = { .fd = run->signals, .events = POLLIN };

	kill(-run->pid, SIGKILL);
	for (reap(run); !run->over && clock_seconds() < until; reap(run)) {
		struct signalfd_siginfo info;

		(void)poll(&p, 1, 100);
		(void)!read(run->signals, &info, sizeof(info));
	}
}

/* Whether to give up for a signal. */
static bool
take_signal(struct run *run)
{
	struct signalfd_siginfo info;
	ssize_t n = read(run->signals, &info, sizeof(info));

	if (n != sizeof(info))
		return false;
	if (info.ssi_signo == SIGCHLD) {
		reap(run);
		return false;
	}
	if (run->pid != 0 && run->in == -1)
		return false;
	fail(run, "ended by signal %u", info.ssi_signo);
	return true;
}

/* Time is over: the wrapper is asked to end, then made to. */
static void
take_too_long(struct run *run)
{
	run->deadline = clock_seconds() + GRACE_SECONDS;
	if (++run->told <= 2) {
		kill(-run->pid, run->told == 1 ? SIGTERM : SIGKILL);
		return;
	}
	run->over = true;
	run->status = -1;
}

enum { SIGNALS, OUT, IN, FROM, FDS };

/* Waits for something to do; -1 where that fails. */
static int
wait_for_any(struct run *run, struct pollfd fds[FDS])
{
	double left = run->deadline - clock_seconds();
	int ms = left <= 0 ? 0 : left > 60 ? 60000 : (int)(left * 1000) + 1;
	bool pending = has_pending(run);

	fds[SIGNALS] = (struct pollfd){ run->signals, POLLIN, 0 };
	fds[OUT] = (struct pollfd){ run->out, POLLIN, 0 };
	fds[IN] = (struct pollfd){ pending ? run->in : -1, POLLOUT, 0 };
	fds[FROM] = (struct pollfd){ pending || run->end ? -1 : run->from,
		POLLIN, 0 };
	if (poll(fds, FDS, ms) >= 0)
		return 0;
	for (int i = 0; i < FDS; i++)
		fds[i].revents = 0;
	if (errno == EINTR)
		return 0;
	fail(run, "poll: %s", strerror(errno));
	return -1;
}

/* Gives the message to the wrapper until that ends; -1: it was cut. */
static int
converse(struct run *run)
{
	struct pollfd fds[FDS];

	while (!run->over) {
		if (wait_for_any(run, fds) == -1)
			return -1;
		if (fds[SIGNALS].revents && take_signal(run))
			return -1;
		if (fds[OUT].revents)
			hear(run);
		if (run->over)
			break;
		if (fds[IN].revents && write_pending(run) == -1)
			return -1;
		if (fds[FROM].revents && read_message(run) == -1)
			return -1;
		if (run->end && !has_pending(run) && run->in != -1) {
			close(run->in);
			run->in = -1;
		}
		if (clock_seconds() >= run->deadline)
			take_too_long(run);
	}
	return 0;
}

/* Whether the wrapper read all that it was given, and saw the end. */
static bool
took_all(const struct run *run)
{
	int left = 0;

	return run->in == -1 && ioctl(run->unread, FIONREAD, &left) == 0 &&
	    left == 0;
}

/* sendmail must be able to get rid of the rest, or it says "broken pipe". */
static void
drain(struct run *run)
{
	double until = clock_seconds() + GRACE_SECONDS;
	struct pollfd p = { .fd = run->from, .events = POLLIN };
	char chunk[CHUNK];

	while (!run->end && clock_seconds() < until &&
	    poll(&p, 1, (int)(GRACE_SECONDS * 1000)) == 1) {
		ssize_t n = read(run->from, chunk, sizeof(chunk));

		if (n <= 0)
			return;
		run->r->size += (uint64_t)n;
	}
}

/* Why it was not delivered, as far as the wrapper's end tells. */
static void
judge(struct run *run)
{
	bool well = run->status != -1 && WIFEXITED(run->status) &&
	    WEXITSTATUS(run->status) == 0;

	if (run->told && !well)
		fail(run, "the wrapper took longer than %g s",
		    run->o->delivery.timeout);
	else if (run->status == -1)
		fail(run, "the wrapper's end was not seen");
	else if (WIFSIGNALED(run->status))
		fail(run, "the wrapper died by signal %d",
		    WTERMSIG(run->status));
	else if (!well)
		fail(run, "the wrapper ended with status %d",
		    WEXITSTATUS(run->status));
	else if (!took_all(run))
		fail(run, "the wrapper says that all is well, but did not take "
		    "all of the message");
}

/* What the wrapper printed, behind the reason, on one line. */
static void
quote(struct run *run)
{
	char *reason = run->r->reason;
	size_t n = strlen(reason), end;
	struct buf b;

	if (n == 0)
		return;
	buf_over(&b, reason, sizeof(run->r->reason));
	buf_put(&b, reason, n);
	buf_add(&b, ": ");
	buf_put(&b, run->head, run->head_n);
	buf_add(&b, run->lost ? "..." : "");
	buf_put(&b, run->tail, run->tail_n);
	for (end = b.n; end > n + 2 && (reason[end - 1] == '\n' ||
	    reason[end - 1] == ' ' || reason[end - 1] == '\0'); end--)
		;
	for (size_t i = n; i < end; i++)
		if (reason[i] == '\n' || reason[i] == '\0')
			reason[i] = ' ';
	reason[end > n + 2 ? end : n] = '\0';
}

static int
take_signals(struct run *run)
{
	sigset_t mask;

	delivery_signals(&mask);
	sigaddset(&mask, SIGCHLD);
	/* A SIGCHLD that is ignored would keep the wrapper's status from us. */
	signal(SIGCHLD, SIG_DFL);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) == 0)
		run->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->signals == -1)
		fail(run, "cannot take signals: %s", strerror(errno));
	return run->signals == -1 ? -1 : 0;
}

/* Whoever sends nothing is not to run anything. */
static int
wait_for_message(struct run *run)
{
	struct pollfd fds[FDS];

	while (run->r->size == 0) {
		if (wait_for_any(run, fds) == -1 ||
		    (fds[SIGNALS].revents && take_signal(run)))
			return -1;
		if (fds[FROM].revents && read_message(run) == -1)
			return -1;
		if (run->end)
			fail(run, "there is no message on standard input");
		else if (clock_seconds() >= run->deadline)
			fail(run, "the message did not come in time");
		if (run->r->reason[0] != '\0')
			return -1;
	}
	return 0;
}

static int
begin(struct run *run)
{
	const struct deliver_order *o = run->o;
	struct wrapper w;
	int err = wrapper_start(o->wrapper, o->action, o->list, &w);

	if (err != 0) {
		fail(run, "cannot run %s: %s", o->wrapper, strerror(err));
		return -1;
	}
	run->pid = w.pid;
	run->in = w.in;
	run->unread = w.unread;
	run->out = w.out;
	return 0;
}

static void
close_all(struct run *run)
{
	const int fds[] = { run->in, run->unread, run->out, run->signals };

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] != -1)
			close(fds[i]);
	buf_clear(&run->pending);
}

bool
deliver(const struct deliver_order *o, struct delivery_result *r)
{
	struct run run = { .o = o, .r = r, .from = o->delivery.from, .in = -1,
		.unread = -1, .out = -1, .signals = -1,
		.deadline = clock_seconds() + o->delivery.timeout };

	*r = (struct delivery_result){ 0 };
	buf_init(&run.pending, CHUNK + o->delivery.fields.n + 16);
	message_init(&run.message, o->delivery.fields);
	if (take_signals(&run) == 0 && wait_for_message(&run) == 0 &&
	    begin(&run) == 0) {
		if (converse(&run) == -1)
			kill_all(&run);
		hear_rest(&run);
		judge(&run);
		quote(&run);
	}
	drain(&run);
	close_all(&run);
	return r->reason[0] == '\0';
}
