/*
 * One loop reads the message, writes it to the wrapper, reads what the wrapper
 * prints, and takes signals, until the wrapper ends.  The message counts as
 * delivered only if the wrapper exits with 0 after it read all of the message
 * and saw its end.
 *
 * The wrapper's standard input is closed at one place: when the message was
 * read to its end and written out.  In every other case the wrapper and all
 * that it started are killed while that descriptor is still open, so that none
 * of them takes the cut for the end of the message.  Where SIGKILL ends us, the
 * guard does that.
 *
 * Once the input is closed, Mailman may have stored the message, and sendmail
 * must not bring it again: signals to us are then ignored, and the way that
 * the wrapper ends decides.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
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
#include "mm-handler/guard.h"
#include "mm-handler/message.h"
#include "mm-handler/offspring.h"
#include "mm-handler/wrapper.h"
#include "mm-handler/wrapper_output.h"
#include "mm-handler/writer.h"

#define CHUNK (64 * 1024)
/* How long a wrapper has to end after SIGTERM, and after SIGKILL; and how long
 * the rest of a message is read that is not delivered. */
#define GRACE_SECONDS 2.0

/* A delivery under way. */
struct wrapper_run {
	const struct deliver_order *o;
	struct delivery_result *r;
	pid_t pid;   /* of the wrapper; 0: it does not run yet */
	struct guard guard; /* of the message, until it is whole */
	int from;    /* the message */
	int in;      /* the wrapper's standard input; -1: it has all */
	int unread;  /* the other end of it, to see what was left there */
	int out;     /* what the wrapper prints; -1: no more */
	int signals; /* a signalfd, for SIGCHLD and what would end us */
	struct message message;
	struct buf pending; /* on its way to the wrapper */
	size_t sent;        /* bytes of `pending' that it has */
	bool open_line;     /* its last line so far has no end */
	bool read_all;      /* the message was read to its end */
	double deadline;    /* by clock_seconds() */
	int signals_sent;   /* to a late wrapper: 1 SIGTERM, 2 SIGKILL too */
	bool ended;         /* the wrapper did, with: */
	int status;         /* as of waitpid(); -1: nobody knows */
	struct wrapper_output printed;
};

#define fail_run(run, ...) delivery_fail((run)->r, __VA_ARGS__)

/* At the end of the input: whether the message is not at its end. */
static bool
end_is_in_doubt(struct wrapper_run *run)
{
	const char *doubt = writer_doubt(run->o->delivery.writer,
	    run->open_line);

	if (doubt)
		fail_run(run, "%s", doubt);
	return doubt;
}

/* Reads the next piece of the message; -1 where that fails. */
static int
read_message(struct wrapper_run *run)
{
	char chunk[CHUNK];
	ssize_t n = read(run->from, chunk, sizeof(chunk));

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n == -1) {
		fail_run(run, "the message cannot be read: %s",
		    strerror(errno));
		return -1;
	}
	run->r->size += (uint64_t)n;
	buf_reset(&run->pending);
	run->sent = 0;
	if (n > 0) {
		run->open_line = chunk[n - 1] != '\n';
		message_feed(&run->message,
		    (struct str){ chunk, (size_t)n }, &run->pending);
	} else if (end_is_in_doubt(run)) {
		return -1;
	} else {
		message_end(&run->message, &run->pending);
		run->read_all = true;
	}
	if (run->pending.failed)
		fail_run(run, "out of memory");
	return run->pending.failed ? -1 : 0;
}

static bool
has_pending(const struct wrapper_run *run)
{
	return run->sent < run->pending.n;
}

/* write() never fails with EPIPE, for `unread' keeps the other end open. */
static int
write_pending(struct wrapper_run *run)
{
	ssize_t n = write(run->in, run->pending.p + run->sent,
	    run->pending.n - run->sent);

	if (n == -1 && errno != EINTR && errno != EAGAIN) {
		fail_run(run, "cannot write to the wrapper: %s",
		    strerror(errno));
		return -1;
	}
	run->sent += n > 0 ? (size_t)n : 0;
	return 0;
}

static void
read_output(struct wrapper_run *run)
{
	char chunk[4096];
	ssize_t n = read(run->out, chunk, sizeof(chunk));

	if (n > 0) {
		wrapper_output_add(&run->printed,
		    (struct str){ chunk, (size_t)n });
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		close(run->out);
		run->out = -1;
	}
}

/* Whether the wrapper was given all of the message, and read it. */
static bool
wrapper_took_all(const struct wrapper_run *run)
{
	int left = 0;

	return run->in == -1 && ioctl(run->unread, FIONREAD, &left) == 0 &&
	    left == 0;
}

/* Whether the wrapper, which ended as INFO says, delivered. */
static bool
wrapper_succeeded(const struct wrapper_run *run, const siginfo_t *info)
{
	return info->si_code == CLD_EXITED && info->si_status == 0 &&
	    !run->signals_sent && wrapper_took_all(run);
}

/*
 * Takes the wrapper's status, if it ended.  Processes that it leaves behind
 * may hold the message.  Unless the delivery succeeded they are killed too,
 * before they see the end of a message that was cut, or store one that
 * sendmail will bring again.
 */
static void
reap_wrapper(struct wrapper_run *run)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)run->pid, &info, WEXITED | WNOWAIT | WNOHANG) ==
	    -1) {
		run->ended = errno != EINTR;
		run->status = -1;
		return;
	}
	if (info.si_pid == 0)
		return;
	if (!wrapper_succeeded(run, &info))
		offspring_kill(run->pid, run->guard.pid);
	run->ended = true;
	if (waitpid(run->pid, &run->status, 0) == -1)
		run->status = -1;
}

/* Reads what was printed before the wrapper ended.  There is a limit, for a
 * process that it left behind may print for ever. */
static void
read_rest_of_output(struct wrapper_run *run)
{
	struct pollfd p = { .fd = run->out, .events = POLLIN };

	for (int i = 0; i < 16 && run->out != -1 && poll(&p, 1, 0) == 1; i++)
		read_output(run);
}

/* Takes a signal; true where the delivery has to be given up for it. */
static bool
handle_signal(struct wrapper_run *run)
{
	struct signalfd_siginfo info;
	ssize_t n = read(run->signals, &info, sizeof(info));

	if (n != sizeof(info))
		return false;
	if (info.ssi_signo == SIGCHLD) {
		/* Before the wrapper runs, another child of ours has ended. */
		if (run->pid != 0)
			reap_wrapper(run);
		return false;
	}
	if (run->pid != 0 && run->in == -1)
		return false;
	fail_run(run, "ended by signal %u", info.ssi_signo);
	return true;
}

/* The wrapper did not end in time: sends SIGTERM, at the next call SIGKILL,
 * and then waits no more. */
static void
stop_late_wrapper(struct wrapper_run *run)
{
	run->deadline = clock_seconds() + GRACE_SECONDS;
	switch (++run->signals_sent) {
	case 1:
		kill(-run->guard.pid, SIGTERM);
		break;
	case 2:
		offspring_kill(run->pid, run->guard.pid);
		break;
	default:
		run->ended = true;
		run->status = -1;
	}
}

enum { SIGNALS, OUT, IN, FROM, FDS };

/* Waits for something to do, at most to the deadline; -1 where poll() fails. */
static int
wait_for_event(struct wrapper_run *run, struct pollfd fds[FDS])
{
	double left = run->deadline - clock_seconds();
	int ms = left <= 0 ? 0 : left > 60 ? 60000 : (int)(left * 1000) + 1;
	bool pending = has_pending(run);

	fds[SIGNALS] = (struct pollfd){ run->signals, POLLIN, 0 };
	fds[OUT] = (struct pollfd){ run->out, POLLIN, 0 };
	fds[IN] = (struct pollfd){ pending ? run->in : -1, POLLOUT, 0 };
	fds[FROM] = (struct pollfd){ pending || run->read_all ? -1 : run->from,
		POLLIN, 0 };
	if (poll(fds, FDS, ms) >= 0)
		return 0;
	for (int i = 0; i < FDS; i++)
		fds[i].revents = 0;
	if (errno == EINTR)
		return 0;
	fail_run(run, "poll: %s", strerror(errno));
	return -1;
}

/* Gives the message to the wrapper until that ends; -1 where the message is
 * cut, and then the wrapper still runs. */
static int
feed_wrapper(struct wrapper_run *run)
{
	struct pollfd fds[FDS];

	while (!run->ended) {
		if (wait_for_event(run, fds) == -1)
			return -1;
		if (fds[SIGNALS].revents && handle_signal(run))
			return -1;
		if (fds[OUT].revents)
			read_output(run);
		if (run->ended)
			break;
		if (fds[IN].revents && write_pending(run) == -1)
			return -1;
		if (fds[FROM].revents && read_message(run) == -1)
			return -1;
		if (run->read_all && !has_pending(run) && run->in != -1) {
			guard_dismiss(&run->guard);
			close(run->in);
			run->in = -1;
		}
		if (clock_seconds() >= run->deadline)
			stop_late_wrapper(run);
	}
	return 0;
}

/*
 * Reads the rest of a message that is not delivered, and drops it, so that its
 * sender need not see a broken pipe.  That is courtesy.  Where the time is over
 * before a large message is, sendmail ignores the broken pipe and goes by our
 * status (sendmail/deliver.c, "Ignore an I/O error that was caused by EPIPE"):
 * nothing is lost or comes twice.
 */
static void
drain_message(struct wrapper_run *run)
{
	double until = clock_seconds() + GRACE_SECONDS;
	struct pollfd p = { .fd = run->from, .events = POLLIN };
	char chunk[CHUNK];

	while (!run->read_all && clock_seconds() < until &&
	    poll(&p, 1, (int)(GRACE_SECONDS * 1000)) == 1) {
		ssize_t n = read(run->from, chunk, sizeof(chunk));

		if (n <= 0)
			return;
		run->r->size += (uint64_t)n;
	}
}

/* Writes the reason where the way that the wrapper ended says that the message
 * is not delivered. */
static void
check_wrapper_end(struct wrapper_run *run)
{
	bool well = run->status != -1 && WIFEXITED(run->status) &&
	    WEXITSTATUS(run->status) == 0;

	if (run->signals_sent && !well)
		fail_run(run, "the wrapper took longer than %g s",
		    run->o->delivery.timeout);
	else if (run->status == -1)
		fail_run(run, "the wrapper's end was not seen");
	else if (WIFSIGNALED(run->status))
		fail_run(run, "the wrapper died by signal %d",
		    WTERMSIG(run->status));
	else if (!well)
		fail_run(run, "the wrapper ended with status %d",
		    WEXITSTATUS(run->status));
	else if (!wrapper_took_all(run))
		fail_run(run, "the wrapper says that all is well, but did not "
		    "take all of the message");
}

static int
open_signals(struct wrapper_run *run)
{
	sigset_t mask;

	delivery_signals(&mask);
	sigaddset(&mask, SIGCHLD);
	/* While SIGCHLD is ignored the kernel drops the wrapper's status. */
	signal(SIGCHLD, SIG_DFL);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) == 0)
		run->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->signals == -1)
		fail_run(run, "cannot take signals: %s", strerror(errno));
	return run->signals == -1 ? -1 : 0;
}

/* Waits until the message begins: the wrapper is not run for nothing. */
static int
wait_for_first_bytes(struct wrapper_run *run)
{
	struct pollfd fds[FDS];

	while (run->r->size == 0) {
		if (wait_for_event(run, fds) == -1 ||
		    (fds[SIGNALS].revents && handle_signal(run)))
			return -1;
		if (fds[FROM].revents && read_message(run) == -1)
			return -1;
		if (run->read_all)
			fail_run(run, "there is no message on standard input");
		else if (clock_seconds() >= run->deadline)
			fail_run(run, "the message did not come in time");
		if (run->r->reason[0] != '\0')
			return -1;
	}
	return 0;
}

static int
launch_wrapper(struct wrapper_run *run)
{
	const struct deliver_order *o = run->o;
	struct wrapper w;
	int err;

	offspring_adopt();
	err = wrapper_start(o->wrapper, o->action, o->list, &w);
	if (err != 0) {
		fail_run(run, "cannot run %s: %s", o->wrapper, strerror(err));
		return -1;
	}
	run->pid = w.pid;
	run->guard = w.guard;
	run->in = w.in;
	run->unread = w.unread;
	run->out = w.out;
	return 0;
}

static void
close_descriptors(struct wrapper_run *run)
{
	const int fds[] = { run->in, run->unread, run->out, run->signals };

	guard_end(&run->guard);
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] != -1)
			close(fds[i]);
	buf_clear(&run->pending);
}

bool
deliver(const struct deliver_order *o, struct delivery_result *r)
{
	struct wrapper_run run = { .o = o, .r = r,
		.from = o->delivery.from, .in = -1, .unread = -1, .out = -1,
		.signals = -1, .guard = { .talk = -1 },
		.deadline = clock_seconds() + o->delivery.timeout };

	*r = (struct delivery_result){ 0 };
	buf_init(&run.pending, CHUNK + o->delivery.fields.n + 16);
	message_init(&run.message, o->delivery.fields);
	if (open_signals(&run) == 0 && wait_for_first_bytes(&run) == 0 &&
	    launch_wrapper(&run) == 0) {
		if (feed_wrapper(&run) == -1) {
			/* Nobody sees the cut, while `in' is open. */
			offspring_kill(run.pid, run.guard.pid);
			reap_wrapper(&run);
		}
		read_rest_of_output(&run);
		check_wrapper_end(&run);
		if (r->reason[0] != '\0')
			wrapper_output_quote(&run.printed, r->reason,
			    sizeof(r->reason));
	}
	drain_message(&run);
	close_descriptors(&run);
	return r->reason[0] == '\0';
}
