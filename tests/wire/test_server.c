/*
 * A real server on a loop in a child process, asked over real sockets.  Some
 * requests are orders to it: see answer().
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "wire/conn.h"
#include "wire/listen.h"
#include "wire/server.h"
#include "tests/patience.h"

#define BIG 60000
/* A deadline that no machine comes near to, and a time that is later. */
#define DEADLINE 1000
#define LATE 1500

static char dir[] = "/tmp/server.XXXXXX";
static char unix_spec[64], tcp_spec[64];
static const char *const specs[] = { unix_spec, tcp_spec };
static unsigned servers;
static struct server *server;
/* How far the server's clock was put forward; the child shares it. */
static volatile double *ahead;

static const struct server_options usual = { .deadline = DEADLINE,
	.connections = 1000 };

/* In the place of the library's. */
double
clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9 + *ahead;
}

static void
pass(double seconds)
{
	*ahead += seconds;
}

static void
put_counts(struct buf *out)
{
	struct server_counts c;
	char text[200];

	server_counts(server, &c);
	snprintf(text, sizeof(text), "open %lu accepted %lu requests %lu shed"
	    " %lu malformed %lu stalled %lu late %lu", c.connections,
	    c.accepted, c.requests, c.shed, c.malformed, c.stalled, c.late);
	socketmap_put_reply(out, SOCKETMAP_OK, str_from(text));
}

/* The connection whose request "wait" waits for a request "wake". */
static struct conn_waiter *waiting;

static void
forget(void *arg, struct conn_waiter *w)
{
	(void)arg;
	if (w != waiting)
		abort();
	waiting = NULL;
}

static enum conn_reply
answer(void *arg, struct str request, struct conn_waiter *w, struct buf *out)
{
	static char big[BIG];

	(void)arg;
	if (str_is(request, "wait") && !w->question) {
		waiting = w;
		w->question = &waiting;
		return CONN_LATER;
	}
	w->question = NULL;
	if (str_is(request, "wake") && waiting)
		waiting->wake(waiting);
	if (str_is(request, "counts"))
		put_counts(out);
	else if (str_starts(request, "big ")) {
		memset(big, 'b', sizeof(big));
		memcpy(big, request.p + 4, request.n - 4);
		socketmap_put_reply(out, SOCKETMAP_OK,
		    (struct str){ big, sizeof(big) });
	} else {
		if (str_is(request, "slow"))
			pass(LATE);
		else if (str_is(request, "stop"))
			raise(SIGSTOP);
		socketmap_put_reply(out, SOCKETMAP_OK, request);
	}
	return CONN_REPLIED;
}

/* ---- the server's side ---- */

static void
on_term(struct ev_loop *loop, struct ev_signal *w, int events)
{
	(void)w;
	(void)events;
	server_unlisten(server);
	server_finish(server);
	if (server_connections(server) == 0)
		ev_break(loop, EVBREAK_ALL);
}

static void
on_usr1(struct ev_loop *loop, struct ev_signal *w, int events)
{
	(void)loop;
	(void)events;
	server_unlisten(server);
	*(bool *)w->data = true;
}

/* So that it ends when the last one is gone after a signal. */
static void
on_prepare(struct ev_loop *loop, struct ev_prepare *w, int events)
{
	bool *ending = w->data;

	(void)events;
	if (*ending && server_connections(server) == 0)
		ev_break(loop, EVBREAK_ALL);
}

static void
on_ending(struct ev_loop *loop, struct ev_signal *w, int events)
{
	*(bool *)w->data = true;
	on_term(loop, w, events);
}

struct plan {
	struct server_options options;
	int files; /* descriptors that may be opened more, or -1 */
	bool purge;
	int client; /* a descriptor that is not the server's; 0: none */
};

static int
serve(const struct plan *plan, struct listener *l, size_t n)
{
	struct server_options o = plan->options;
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct ev_signal term, usr1;
	struct ev_prepare prepare;
	struct rlimit limit;
	bool ending = false;
	size_t i;

	/* A failed test leaves nobody behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	o.answer = answer;
	o.forget = forget;
	log_level(LEVEL_ERROR);
	signal(SIGPIPE, SIG_DFL);
	server = server_new(loop, &o);
	for (i = 0; i < n; i++)
		if (server_listen(server, &l[i]) < 0)
			return 3;
	ev_signal_init(&term, on_ending, SIGTERM);
	ev_signal_init(&usr1, on_usr1, SIGUSR1);
	ev_prepare_init(&prepare, on_prepare);
	term.data = usr1.data = prepare.data = &ending;
	ev_signal_start(loop, &term);
	ev_signal_start(loop, &usr1);
	ev_prepare_start(loop, &prepare);
	if (plan->files >= 0) {
		ev_run(loop, EVRUN_NOWAIT);
		limit.rlim_cur = limit.rlim_max =
		    (rlim_t)(dup(0) + plan->files);
		close((int)limit.rlim_cur - plan->files);
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (plan->purge)
		server_purge(server);
	ev_run(loop, 0);
	server_free(server);
	ev_signal_stop(loop, &term);
	ev_signal_stop(loop, &usr1);
	ev_prepare_stop(loop, &prepare);
	ev_loop_destroy(loop);
	return 0;
}

/* ---- the tests' side ---- */

static void
new_specs(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	close(fd);
	/* Not the one that a failed test's server still listens on. */
	snprintf(unix_spec, sizeof(unix_spec), "local:%s/socket%u", dir,
	    servers++);
	snprintf(tcp_spec, sizeof(tcp_spec), "inet:%d@127.0.0.1",
	    ntohs(in.sin_port));
}

static void
open_listeners(struct listener *l, bool take_over)
{
	struct listen_options o = { .mode = 0600, .owner = (uid_t)-1,
		.group = (gid_t)-1, .take_over = take_over };
	size_t i;

	for (i = 0; i < 2; i++)
		assert_null(listen_open(specs[i], &o, &l[i]));
}

static pid_t
spawn(const struct plan *plan, struct listener *l)
{
	size_t i;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* A client's end that is open here would never seem closed. */
		if (plan->client)
			close(plan->client);
		_exit(serve(plan, l, 2));
	}
	for (i = 0; i < 2; i++) {
		/* The child's now. */
		free(l[i].path);
		l[i].path = NULL;
		listen_close(&l[i]);
	}
	return pid;
}

static pid_t
start(const struct server_options *o)
{
	struct plan plan = { .options = *o, .files = -1 };
	struct listener l[2];

	new_specs();
	open_listeners(l, false);
	return spawn(&plan, l);
}

static void
reap(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
stop(pid_t pid)
{
	assert_int_equal(kill(pid, SIGTERM), 0);
	reap(pid);
}

static int
dial(const char *spec)
{
	struct listen_address a;
	int fd;

	assert_null(listen_parse(spec, &a));
	fd = listen_connect(&a, PATIENCE);
	assert_true(fd >= 0);
	return fd;
}

static void
say(int fd, const char *bytes)
{
	size_t n = strlen(bytes);

	assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), n);
}

/* Reads N bytes, or less before the end; -1 after an error. */
static ssize_t
hear(int fd, char *bytes, size_t n)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t at = 0;

	while (at < n) {
		ssize_t r;

		if (poll(&p, 1, PATIENCE * 1000) != 1)
			fail_msg("no answer");
		r = recv(fd, bytes + at, n - at, 0);
		if (r < 0)
			return -1;
		if (r == 0)
			break;
		at += (size_t)r;
	}
	return (ssize_t)at;
}

#define HEARD 256

static void
expect(int fd, const char *bytes)
{
	char heard[HEARD] = "";

	assert_true(strlen(bytes) < HEARD);
	assert_int_equal(hear(fd, heard, strlen(bytes)), strlen(bytes));
	assert_string_equal(heard, bytes);
}

/* The end, as one sees it who is not reset. */
static void
expect_end(int fd)
{
	char c;

	assert_int_equal(hear(fd, &c, 1), 0);
	close(fd);
}

static void
ask(int fd)
{
	say(fd, "3:m a,");
	expect(fd, "6:OK m a,");
}

/* Whether the server tells its counts, and does not send the client away. */
static bool
hear_counts(char *heard, size_t n)
{
	int fd = dial(unix_spec);
	bool told;

	told = send(fd, "6:counts,", 9, MSG_NOSIGNAL) == 9 &&
	    shutdown(fd, SHUT_WR) == 0 && hear(fd, heard, n) > 0;
	close(fd);
	return told;
}

/*
 * Asks on FD until the server has read all that came before.  Within a turn of
 * its loop anybody may be first: one turn may accept and the next one read, and
 * both are over when a third one answers.
 */
static void
ask_until_read(int fd)
{
	for (int i = 0; i < 3; i++)
		ask(fd);
}

/* One of the server's counts; a client that is sent away asks again. */
static unsigned long
count(const char *what)
{
	char heard[HEARD] = "", *at;

	UNTIL(hear_counts(heard, sizeof(heard) - 1));
	at = strstr(heard, what);
	assert_non_null(at);
	return strtoul(at + strlen(what), NULL, 10);
}

static void
wait_for_count(const char *what, unsigned long n)
{
	UNTIL(count(what) == n);
}

static void
answers(void **state)
{
	pid_t pid = start(&usual);
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		static const char half[] = "3:m a,3:m b,";
		int fd = dial(specs[i]), at;

		ask(fd);
		say(fd, "3:m a,3:m b,3:m c,");
		expect(fd, "6:OK m a,6:OK m b,6:OK m c,");
		for (at = 0; half[at]; at++)
			assert_int_equal(send(fd, half + at, 1, 0), 1);
		expect(fd, "6:OK m a,6:OK m b,");
		close(fd);
	}
	/* With the one that asks. */
	assert_int_equal(count("requests "), 2 * (1 + 3 + 2) + 1);
	stop(pid);
}

static void
idle_stay_and_halves_go(void **state)
{
	struct server_options o = usual;
	size_t i;
	pid_t pid;

	(void)state;
	o.frame = 0.05;
	pid = start(&o);
	for (i = 0; i < 2; i++) {
		int idle = dial(specs[i]), used = dial(specs[i]);
		int half = dial(specs[i]), late_half = dial(specs[i]);

		ask(used);
		say(half, "3");
		expect_end(half);
		say(late_half, "3:m a,3:m ");
		expect(late_half, "6:OK m a,");
		expect_end(late_half);
		ask(idle);
		ask(used);
		close(idle);
		close(used);
	}
	assert_int_equal(count("stalled "), 4);
	stop(pid);
}

/* Whether a frame came in two parts before its time was over; then the client
 * stays longer than that. */
static bool
half_is_completed(void)
{
	int fd = dial(unix_spec), other = dial(unix_spec);
	char heard[9];
	bool done;

	say(fd, "3:");
	ask_until_read(other);
	done = send(fd, "m a,", 4, MSG_NOSIGNAL) == 4 &&
	    hear(fd, heard, sizeof(heard)) == sizeof(heard);
	if (done) {
		/* A half that began later is over, and so is that time. */
		say(other, "3:");
		expect_end(other);
		ask(fd);
	} else {
		close(other);
	}
	close(fd);
	return done;
}

/* The time is one for a frame, not one for the connection. */
static void
completed_halves_stay(void **state)
{
	struct server_options o = usual;
	bool done = false;
	pid_t pid;

	(void)state;
	/* This process may be too slow for a short one. */
	for (o.frame = 0.05; !done && o.frame < 60; o.frame *= 4) {
		pid = start(&o);
		done = half_is_completed();
		stop(pid);
	}
	assert_true(done);
}

static void
half_closed(void **state)
{
	pid_t pid = start(&usual);
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		int fd = dial(specs[i]);

		say(fd, "3:m a,3:m b,3:m c,3:");
		shutdown(fd, SHUT_WR);
		expect(fd, "6:OK m a,6:OK m b,6:OK m c,");
		expect_end(fd);
	}
	stop(pid);
}

static void
malformed(void **state)
{
	struct timeval patience = { .tv_sec = PATIENCE };
	struct server_options o = usual;
	static char more[100000];
	pid_t pid;
	size_t i;
	int j;

	(void)state;
	memset(more, '3', sizeof(more));
	/* So that the end below does not come from the clock. */
	o.frame = 3600;
	pid = start(&o);
	for (i = 0; i < 2; i++) {
		int fd = dial(specs[i]);

		say(fd, "3:m a,01:a,3:m b,");
		expect(fd, "6:OK m a,29:TEMP leading zero in a length,");
		/* Nothing else is said, but all is read that comes, more than
		 * buffers hold: neither answered nor a reason for a reset. */
		assert_int_equal(hear(fd, more, 1), 0);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
		    sizeof(patience));
		for (j = 0; j < 100; j++)
			assert_int_equal(send(fd, more, sizeof(more),
			    MSG_NOSIGNAL), sizeof(more));
		assert_int_equal(count("open "), 2);
		expect_end(fd);
		assert_int_equal(count("malformed "), i + 1);
		wait_for_count("open ", 1);
	}
	stop(pid);
}

static void
malformed_is_closed_in_time(void **state)
{
	struct server_options o = usual;
	pid_t pid;
	int fd;

	(void)state;
	o.frame = 0.05;
	pid = start(&o);
	fd = dial(unix_spec);
	say(fd, "x");
	expect(fd, "38:TEMP no length at the start of a frame,");
	/* The client never closes. */
	wait_for_count("open ", 1);
	assert_int_equal(count("stalled "), 0);
	close(fd);
	stop(pid);
}

static void
wait_until_stopped(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
}

static void
sheds(void **state)
{
	struct server_options o = usual;
	int a, b, c;
	pid_t pid;

	(void)state;
	o.connections = 2;
	pid = start(&o);
	a = dial(unix_spec);
	b = dial(tcp_spec);
	ask(a);
	ask(b);
	c = dial(unix_spec);
	expect_end(c);
	c = dial(tcp_spec);
	expect_end(c);
	/* Who asked already is not reset either. */
	for (size_t i = 0; i < 2; i++) {
		kill(pid, SIGSTOP);
		wait_until_stopped(pid);
		c = dial(specs[i]);
		say(c, "3:m a,");
		kill(pid, SIGCONT);
		expect_end(c);
	}
	close(a);
	close(b);
	wait_for_count("open ", 1);
	assert_true(count("shed ") >= 2);
	stop(pid);
}

/* Whether the client on FD is answered. */
static bool
lucky(int fd)
{
	char heard[9];
	bool answered;

	if (send(fd, "3:m a,", 6, MSG_NOSIGNAL) != 6)
		answered = false;
	else
		answered = hear(fd, heard, sizeof(heard)) == sizeof(heard);
	return answered;
}

static bool
lucky_anew(void)
{
	int fd = dial(tcp_spec);
	bool answered = lucky(fd);

	close(fd);
	return answered;
}

static void
without_descriptors(void **state)
{
	enum { CLIENTS = 20, FILES = 5 };
	struct plan plan = { .options = usual, .files = FILES };
	struct listener l[2];
	int fds[CLIENTS], answered = 0, i;
	pid_t pid;

	(void)state;
	new_specs();
	open_listeners(l, false);
	pid = spawn(&plan, l);
	for (i = 0; i < CLIENTS; i++) {
		fds[i] = dial(specs[i % 2]);
		answered += lucky(fds[i]);
	}
	assert_true(answered > 0);
	assert_true(answered < CLIENTS);
	for (i = 0; i < CLIENTS; i++)
		close(fds[i]);
	/* It goes on when there are some again. */
	UNTIL(lucky_anew());
	assert_true(count("shed ") >= (unsigned long)(CLIENTS - answered));
	stop(pid);
}

/*
 * Asks without reading until no more is taken, while OTHER is answered over and
 * over; returns how often it asked, and adds how often OTHER did.
 */
static int
ask_much(int fd, int other, unsigned long *others)
{
	char request[32];
	int n, flags = fcntl(fd, F_GETFL), asked = 0, turns = 0;
	ssize_t sent;

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	while (turns < 50) {
		n = snprintf(request, sizeof(request), "10:big %06d,", asked);
		sent = send(fd, request, (size_t)n, MSG_NOSIGNAL);
		if (sent == n) {
			asked++;
			turns = 0;
			continue;
		}
		/* A part of one would spoil what follows. */
		assert_int_equal(sent, -1);
		assert_int_equal(errno, EAGAIN);
		ask(other);
		++*others;
		turns++;
	}
	fcntl(fd, F_SETFL, flags);
	return asked;
}

static void
slow_reader(void **state)
{
	pid_t pid = start(&usual);
	char *reply = malloc(BIG + 10);
	int fd = dial(unix_spec), other = dial(unix_spec), asked, i;
	unsigned long others = 0;

	(void)state;
	asked = ask_much(fd, other, &others);
	assert_true(asked > 10);
	/* It stopped answering long before it was asked all that. */
	assert_true(count("requests ") - others < 100);
	ask(other);
	for (i = 0; i < asked; i++) {
		char number[16];

		assert_int_equal(hear(fd, reply, BIG + 10), BIG + 10);
		snprintf(number, sizeof(number), "%06d", i);
		assert_memory_equal(reply, "60003:OK ", 9);
		assert_memory_equal(reply + 9, number, 6);
	}
	ask(fd);
	free(reply);
	close(fd);
	close(other);
	stop(pid);
}

/* Enough to fill all buffers. */
enum { MOST = 12 };

/* Asks N times for what is big, all at once, and adds what is in REST. */
static void
ask_big(int fd, int n, const char *rest)
{
	static const char one[] = "10:big 000000,";
	char requests[MOST * 14 + 16];
	int i;

	for (i = 0; i < n; i++)
		memcpy(requests + 14 * i, one, 14);
	snprintf(requests + 14 * n, sizeof(requests) - 14 * MOST, "%s", rest);
	say(fd, requests);
}

/*
 * The end of the conversation is known while replies wait to be written, as
 * many as fill all buffers and a few more or less: none of them is lost.
 */
static void
last_replies_of_slow_readers(void **state)
{
	static const char error[] = "38:TEMP no length at the start of a frame,";
	char *reply = malloc(BIG + 10);
	struct server_options o = usual;
	int fds[2][MOST], other, way, n, i;
	pid_t pid;

	(void)state;
	o.frame = 3600;
	pid = start(&o);
	other = dial(unix_spec);
	for (way = 0; way < 2; way++)
		for (n = 0; n < MOST; n++) {
			fds[way][n] = dial(unix_spec);
			ask_big(fds[way][n], n + 1, way ? "x" : "");
			if (way == 0)
				shutdown(fds[way][n], SHUT_WR);
		}
	ask_until_read(other);
	for (way = 0; way < 2; way++)
		for (n = 0; n < MOST; n++) {
			for (i = 0; i <= n; i++)
				assert_int_equal(hear(fds[way][n], reply,
				    BIG + 10), BIG + 10);
			if (way == 1)
				expect(fds[way][n], error);
			expect_end(fds[way][n]);
		}
	free(reply);
	close(other);
	stop(pid);
}

/*
 * Asks for N big replies and half of another.  Whether all N are made and so
 * much of them waits to be written that the server reads no more.  It writes
 * two at a time; ALONE asks for the first one before the others.
 */
static bool
leaves_half_unread(int fd, int n, bool alone, int *queued)
{
	unsigned long before = count("requests ");
	int other = dial(unix_spec), left;

	if (alone) {
		ask_big(fd, 1, "");
		ask_until_read(other);
	}
	ask_big(fd, n - alone, "3:");
	ask_until_read(other);
	close(other);
	assert_int_equal(ioctl(fd, FIONREAD, queued), 0);
	left = n * (BIG + 10) - *queued;
	/* Beside those N the other client's, and who counts. */
	return left >= CONN_OUT_HIGH && count("requests ") - before ==
	    (unsigned long)(n + 3 * (1 + alone) + 1);
}

/*
 * A frame is incomplete because the server does not read its rest, as the
 * client does not read the replies before it: that is no stalled request.
 */
static void
half_behind_replies(void **state)
{
	char *replies = malloc(MOST * (BIG + 10));
	struct server_options o = usual;
	int fd = -1, half, n, queued = 0;
	bool found = false;
	pid_t pid;

	(void)state;
	o.frame = 0.05;
	pid = start(&o);
	/* How much a socket takes is the kernel's affair. */
	for (n = 2; n < 2 * MOST && !found; n++) {
		fd = dial(unix_spec);
		found = leaves_half_unread(fd, n / 2 + 1, n % 2, &queued);
		if (!found)
			close(fd);
	}
	if (found) {
		/* One that began later is over, and so is that time. */
		half = dial(unix_spec);
		say(half, "3");
		expect_end(half);
		assert_int_equal(hear(fd, replies, (size_t)queued + 1),
		    queued + 1);
		close(fd);
	}
	free(replies);
	stop(pid);
	if (!found) {
		print_message("# no number of replies fills the socket so\n");
		skip();
	}
}

/*
 * Returns when the late turn is over.  Until then whoever asks is closed, as
 * nobody knows for how long he waited; that may also happen in here.
 */
static void
late_turn_over(unsigned long late)
{
	assert_true(count("late ") >= late);
}

static void
stopped(void **state)
{
	pid_t pid = start(&usual);
	int idle[2], asking[2], half[2], new_idle[2], new_asking[2], i;

	(void)state;
	for (i = 0; i < 2; i++) {
		ask(idle[i] = dial(specs[i]));
		ask(asking[i] = dial(specs[i]));
		ask(half[i] = dial(specs[i]));
	}
	kill(pid, SIGSTOP);
	wait_until_stopped(pid);
	for (i = 0; i < 2; i++) {
		new_idle[i] = dial(specs[i]);
		new_asking[i] = dial(specs[i]);
		say(asking[i], "3:m a,");
		say(new_asking[i], "3:m a,");
		say(half[i], "3:");
	}
	pass(LATE);
	kill(pid, SIGCONT);
	for (i = 0; i < 2; i++) {
		expect_end(asking[i]);
		expect_end(new_asking[i]);
		expect_end(half[i]);
	}
	late_turn_over(6);
	for (i = 0; i < 2; i++) {
		ask(idle[i]);
		ask(new_idle[i]);
		close(idle[i]);
		close(new_idle[i]);
	}
	stop(pid);
}

/* Nor is what waits to be written good any more. */
static void
stopped_while_writing(void **state)
{
	pid_t pid = start(&usual);
	char *replies = malloc(MOST * (BIG + 10));
	int slow = dial(unix_spec), idle = dial(unix_spec);
	int last = dial(unix_spec);

	(void)state;
	ask(idle);
	ask_big(slow, MOST, "");
	/* Who is answered as it stops may be closed for that. */
	ask_until_read(last);
	kill(pid, SIGSTOP);
	wait_until_stopped(pid);
	pass(LATE);
	kill(pid, SIGCONT);
	/* It reads only after the late turn. */
	late_turn_over(1);
	assert_true(hear(slow, replies, MOST * (BIG + 10)) <
	    MOST * (BIG + 10));
	free(replies);
	close(slow);
	close(last);
	ask(idle);
	close(idle);
	stop(pid);
}

static void
stopped_while_answering(void **state)
{
	pid_t pid = start(&usual);
	int asking = dial(unix_spec), idle = dial(unix_spec);

	(void)state;
	ask(idle);
	say(asking, "4:stop,");
	wait_until_stopped(pid);
	pass(LATE);
	kill(pid, SIGCONT);
	expect_end(asking);
	late_turn_over(1);
	ask(idle);
	close(idle);
	stop(pid);
}

static void
stopped_while_waiting(void **state)
{
	pid_t pid = start(&usual);
	int waits = dial(unix_spec), other = dial(tcp_spec);
	int last = dial(unix_spec);

	(void)state;
	for (int late = 0; late < 2; late++) {
		say(waits, "4:wait,");
		/* Who is answered as it stops may be closed for that. */
		ask_until_read(last);
		kill(pid, SIGSTOP);
		wait_until_stopped(pid);
		pass(late ? LATE : 0);
		kill(pid, SIGCONT);
		if (late)
			break;
		say(other, "4:wake,");
		expect(other, "7:OK wake,");
		expect(waits, "7:OK wait,");
	}
	expect_end(waits);
	late_turn_over(1);
	/* It was forgotten, or this would wake it. */
	say(other, "4:wake,");
	expect(other, "7:OK wake,");
	close(last);
	close(other);
	stop(pid);
}

/* What came while the loop was held up is not answered either. */
static void
slow_turn(void **state)
{
	pid_t pid = start(&usual);
	int slow = dial(unix_spec), idle = dial(unix_spec);

	(void)state;
	ask(slow);
	ask(idle);
	say(slow, "4:slow,");
	expect_end(slow);
	late_turn_over(1);
	ask(idle);
	close(idle);
	stop(pid);
}

static void
purges(void **state)
{
	struct plan plan = { .options = usual, .files = -1, .purge = true };
	struct listener l[2];
	int idle[2], asking[2], i;
	pid_t pid;

	(void)state;
	new_specs();
	open_listeners(l, false);
	for (i = 0; i < 2; i++) {
		idle[i] = dial(specs[i]);
		say(asking[i] = dial(specs[i]), "3:m a,");
	}
	pid = spawn(&plan, l);
	for (i = 0; i < 2; i++) {
		expect_end(asking[i]);
	}
	late_turn_over(2);
	for (i = 0; i < 2; i++) {
		ask(idle[i]);
		close(idle[i]);
	}
	stop(pid);
}

static void
finishes(void **state)
{
	pid_t pid = start(&usual);
	int idle = dial(unix_spec), half = dial(tcp_spec), fresh;

	(void)state;
	ask(idle);
	say(half, "3:m a,3:m ");
	expect(half, "6:OK m a,");
	/* Still in the backlog, perhaps. */
	fresh = dial(tcp_spec);
	say(fresh, "3:m a,");
	kill(pid, SIGTERM);
	expect_end(idle);
	expect(fresh, "6:OK m a,");
	expect_end(fresh);
	say(half, "b,");
	expect(half, "6:OK m b,");
	expect_end(half);
	reap(pid);
	assert_int_equal(access(unix_spec + strlen("local:"), F_OK), -1);
}

/* Connects and asks over and over until told to end; 0 if all went well. */
static int
hammer(const char *spec, int until)
{
	struct pollfd p = { .fd = until, .events = POLLIN };
	int n = 0, failed = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (poll(&p, 1, 0) == 0) {
		int fd = dial(spec);

		failed += !lucky(fd);
		close(fd);
		n++;
	}
	return failed > 0 || n == 0;
}

/* Nobody is lost while one server takes over from another, over and over. */
static void
takes_over(void **state)
{
	enum { GENERATIONS = 10 };
	struct plan plan = { .options = usual, .files = -1 };
	pid_t old = start(&usual), hammers[2];
	int until[2], i, kept;

	(void)state;
	assert_int_equal(pipe(until), 0);
	for (i = 0; i < 2; i++) {
		hammers[i] = fork();
		if (hammers[i] == 0) {
			_exit(hammer(specs[i], until[0]));
		}
	}
	for (i = 0; i < GENERATIONS; i++) {
		struct listener l[2];
		pid_t new;

		ask(kept = dial(tcp_spec));
		plan.client = kept;
		open_listeners(l, true);
		new = spawn(&plan, l);
		kill(old, SIGUSR1);
		/* The old one serves whom it has, and ends by itself. */
		ask(kept);
		close(kept);
		reap(old);
		old = new;
	}
	/* Not a close(): the servers have that end open too. */
	assert_int_equal(write(until[1], "", 1), 1);
	for (i = 0; i < 2; i++)
		reap(hammers[i]);
	close(until[0]);
	close(until[1]);
	stop(old);
}

static int
make_dir(void **state)
{
	(void)state;
	ahead = mmap(NULL, sizeof(*ahead), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return ahead != MAP_FAILED && mkdtemp(dir) ? 0 : -1;
}

static int
remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(idle_stay_and_halves_go),
		cmocka_unit_test(completed_halves_stay),
		cmocka_unit_test(half_closed),
		cmocka_unit_test(malformed),
		cmocka_unit_test(malformed_is_closed_in_time),
		cmocka_unit_test(sheds),
		cmocka_unit_test(without_descriptors),
		cmocka_unit_test(slow_reader),
		cmocka_unit_test(last_replies_of_slow_readers),
		cmocka_unit_test(half_behind_replies),
		cmocka_unit_test(stopped),
		cmocka_unit_test(stopped_while_writing),
		cmocka_unit_test(stopped_while_answering),
		cmocka_unit_test(stopped_while_waiting),
		cmocka_unit_test(slow_turn),
		cmocka_unit_test(purges),
		cmocka_unit_test(finishes),
		cmocka_unit_test(takes_over),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
