/*
 * Connections over socket pairs, in this process: a test says something at one
 * end, makes a turn of the loop, and looks what came back.  Some requests are
 * orders to the answerer: see answer().
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <ev.h>
#include <fcntl.h>
#include <setjmp.h>
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
#include "wire/peer.h"
#include "wire/server.h"
#include "wire/turns.h"

#define DEADLINE 1000
#define MOST 64
#define HEARD 65536

/* A question that waits, by the letter in its request. */
struct question {
	struct conn_waiter *waiter;
	bool ready;
	int asked;
	double since;
};

static struct {
	struct ev_loop *loop;
	struct turns *turns;
	struct server_options options;
	struct question q['z' + 1];
	int fd[MOST];      /* the clients' ends */
	size_t n;
	int turn;          /* how many there were */
	char wake_in_turn; /* a letter */
	const char *say_in_turn; /* by the first client */
	char wake_in_forget;
	char forgotten[MOST]; /* their letters */
	size_t nforgotten;
	double ahead;
	int timeout;       /* of the last poll */
} at;

/* In the place of the C library's: no poll waits, and a test sees whether it
 * would have. */
int
epoll_wait(int fd, struct epoll_event *events, int n, int timeout)
{
	at.timeout = timeout;
	return epoll_pwait(fd, events, n, 0, NULL);
}

/* In the place of the library's. */
double
clock_seconds(void)
{
	return 1e6 + at.ahead;
}

static void
wake(char letter)
{
	struct question *q = &at.q[(int)letter];

	q->ready = true;
	if (q->waiter)
		q->waiter->wake(q->waiter);
}

static enum conn_reply
answer_later(struct question *q, struct conn_waiter *w)
{
	q->waiter = w;
	q->since = w->since;
	q->asked++;
	w->question = q;
	return CONN_LATER;
}

/*
 * "later X" waits until X is woken by the test or "wake X"; "self X" wakes
 * itself; "turn" tells the number of the turn; else REQUEST comes back.
 */
static enum conn_reply
answer(void *arg, struct str request, struct conn_waiter *w, struct buf *out)
{
	struct question *q = &at.q[(int)request.p[request.n - 1]];
	char number[16];

	assert_ptr_equal(arg, &at);
	assert_true(!w->question || w->question == q);
	if (str_starts(request, "later ") && !q->ready)
		return answer_later(q, w);
	if (str_starts(request, "self ") && !q->ready) {
		q->ready = true;
		w->wake(w);
		return answer_later(q, w);
	}
	if (str_starts(request, "wake "))
		wake(request.p[request.n - 1]);
	w->question = NULL;
	snprintf(number, sizeof(number), "%d", at.turn);
	socketmap_put_reply(out, SOCKETMAP_OK, str_is(request, "turn") ?
	    str_from(number) : request);
	return CONN_REPLIED;
}

/* The answerer of after a reload. */
static enum conn_reply
answer_other(void *arg, struct str request, struct conn_waiter *w,
    struct buf *out)
{
	(void)arg;
	(void)request;
	w->question = NULL;
	socketmap_put_reply(out, SOCKETMAP_OK, STR("other"));
	return CONN_REPLIED;
}

static enum conn_reply
answer_wrongly(void *arg, struct str request, struct conn_waiter *w,
    struct buf *out)
{
	(void)arg;
	if (str_is(request, "none"))
		return CONN_LATER;
	w->question = &at.q['w'];
	if (!str_is(request, "late"))
		socketmap_put_reply(out, SOCKETMAP_OK, request);
	return str_is(request, "both") || str_is(request, "late") ?
	    CONN_LATER : CONN_REPLIED;
}

static void
say(size_t i, const char *bytes)
{
	size_t n = strlen(bytes);

	assert_int_equal(send(at.fd[i], bytes, n, MSG_NOSIGNAL), n);
}

static void
turn(void *arg)
{
	assert_ptr_equal(arg, &at);
	at.turn++;
	if (at.wake_in_turn)
		wake(at.wake_in_turn);
	if (at.say_in_turn)
		say(0, at.say_in_turn);
	at.wake_in_turn = 0;
	at.say_in_turn = NULL;
}

static void
forget(void *arg, struct conn_waiter *w)
{
	struct question *q = w->question;

	assert_ptr_equal(arg, &at);
	at.forgotten[at.nforgotten++] = (char)(q - at.q);
	if (at.wake_in_forget)
		wake(at.wake_in_forget);
	q->waiter = NULL;
}

static int
begin(void **state)
{
	(void)state;
	memset(&at, 0, sizeof(at));
	log_level(LEVEL_ERROR);
	at.options = (struct server_options){ .deadline = DEADLINE,
		.connections = MOST, .answer = answer, .turn = turn,
		.forget = forget, .arg = &at };
	at.loop = ev_loop_new(EVFLAG_AUTO);
	at.turns = turns_new(at.loop, &at.options);
	return at.loop && at.turns ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	turns_free(at.turns);
	ev_loop_destroy(at.loop);
	for (size_t i = 0; i < at.n; i++)
		close(at.fd[i]);
	return 0;
}

/* A connection whose client says BYTES before it is added; its number. */
static size_t
add(const char *bytes, bool receive)
{
	int fd[2];

	assert_true(at.n < MOST);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fd), 0);
	at.fd[at.n++] = fd[0];
	say(at.n - 1, bytes);
	assert_int_equal(turns_add(at.turns, fd[1], receive), 0);
	return at.n - 1;
}

/* A turn of the loop that waits for nothing. */
static void
step(void)
{
	assert_false(turns_begin(at.turns));
	ev_run(at.loop, EVRUN_NOWAIT);
}

/* A turn that has something to do, and so does not wait either. */
static void
next(void)
{
	assert_false(turns_begin(at.turns));
	at.timeout = -1;
	ev_run(at.loop, EVRUN_ONCE);
	assert_int_equal(at.timeout, 0);
}

/* What client I hears now. */
static const char *
hear(size_t i)
{
	static char heard[HEARD];
	ssize_t n = recv(at.fd[i], heard, sizeof(heard) - 1, 0);

	if (n == 0)
		return "end";
	heard[n < 0 ? 0 : n] = '\0';
	return heard;
}

static unsigned long
open_connections(void)
{
	struct server_counts c;

	turns_counts(at.turns, &c);
	return c.connections;
}

static unsigned long
requests(void)
{
	struct server_counts c;

	turns_counts(at.turns, &c);
	return c.requests;
}

/* In the midst of a turn, after what is ready has received. */
static void
accept_two(struct ev_loop *loop, struct ev_check *w, int events)
{
	(void)events;
	add("4:turn,", true);
	add("4:turn,", false);
	ev_check_stop(loop, w);
}

static void
call_before_answers(void (*fn)(struct ev_loop *, struct ev_check *, int))
{
	static struct ev_check check;

	ev_check_init(&check, fn);
	ev_set_priority(&check, EV_MINPRI + 1);
	ev_check_start(at.loop, &check);
	step();
}

static void
received_with_accept(void **state)
{
	size_t idle = add("", true);

	(void)state;
	call_before_answers(accept_two);
	assert_string_equal(hear(1), "4:OK 1,");
	assert_string_equal(hear(2), "");
	step();
	assert_string_equal(hear(2), "4:OK 2,");
	assert_string_equal(hear(idle), "");
	for (size_t i = 0; i < at.n; i++)
		say(i, "4:turn,");
	step();
	for (size_t i = 0; i < at.n; i++)
		assert_string_equal(hear(i), "4:OK 3,");
	/* Where nothing came there is no turn. */
	step();
	assert_int_equal(at.turn, 3);
}

/* What comes after turn() was called is for the next turn. */
static void
received_before_the_turn(void **state)
{
	size_t a = add("", true), b = add("", true);

	(void)state;
	say(b, "4:turn,");
	at.say_in_turn = "4:turn,";
	step();
	assert_string_equal(hear(b), "4:OK 1,");
	assert_string_equal(hear(a), "");
	step();
	assert_string_equal(hear(a), "4:OK 2,");
}

/* Who is full of requests has some answered in a turn, in order, and delays
 * nobody. */
static void
many_at_once(void **state)
{
	size_t a = add("", true), b = add("", true), all = 0, n;
	char bytes[7 * 1000 + 1] = "";

	(void)state;
	step();
	for (size_t i = 0; i < 1000; i++)
		memcpy(bytes + 7 * i, "4:turn,", 8);
	say(a, bytes);
	say(a, "1:x,");
	for (int i = 1; i <= 16; i++, all += n) {
		const char *p;
		char one[16];

		say(b, "4:turn,");
		if (i == 1)
			step();
		else
			next();
		snprintf(one, sizeof(one), "%d:OK %d,", i > 9 ? 5 : 4, i);
		assert_string_equal(hear(b), one);
		p = hear(a);
		for (n = 0; str_starts(str_from(p), one); n++)
			p += strlen(one);
		assert_string_equal(p, i < 16 ? "" : "4:OK x,");
		assert_int_equal(n, i < 16 ? CONN_FRAMES : 1000 % CONN_FRAMES);
	}
	assert_int_equal(all, 1000);
	assert_int_equal(requests(), 1000 + 16 + 1);
}

/* More than the memory for a turn holds: some are answered before others are
 * received, and everybody gets his own. */
static void
memory_is_full(void **state)
{
	enum { CLIENTS = 20, FRAMES = 3, SIZE = 9000 };
	static char frame[5 + SIZE + 1];

	(void)state;
	memcpy(frame, "9000:", 5);
	frame[5 + SIZE] = ',';
	for (int i = 0; i < CLIENTS; i++) {
		add("", false);
		memset(frame + 5, 'a' + i, SIZE);
		for (int n = 0; n < FRAMES; n++)
			assert_int_equal(send(at.fd[i], frame, sizeof(frame),
			    0), sizeof(frame));
	}
	for (int i = 0; i < 10; i++)
		step();
	/* So many times it was full, at least. */
	assert_true(at.turn > CLIENTS * PEER_RECEIVE_MAX / PEER_GATHER_MAX);
	for (int i = 0; i < CLIENTS; i++) {
		const char *heard = hear(i);

		assert_int_equal(strlen(heard), FRAMES * (SIZE + 9));
		for (int n = 0; n < FRAMES; n++) {
			const char *reply = heard + n * (SIZE + 9);

			assert_memory_equal(reply, "9003:OK ", 8);
			assert_int_equal(reply[8], 'a' + i);
			assert_int_equal(reply[7 + SIZE], 'a' + i);
		}
	}
	assert_int_equal(requests(), CLIENTS * FRAMES);
}

static void
waits_in_order(void **state)
{
	size_t a = add("1:x,7:later a,1:y,7:later b,1:z,3:m", true);
	size_t other = add("", true);

	(void)state;
	step();
	assert_string_equal(hear(a), "4:OK x,");
	assert_int_equal(requests(), 1);
	say(a, " n,");
	say(other, "1:o,");
	step();
	assert_string_equal(hear(a), "");
	assert_string_equal(hear(other), "4:OK o,");
	/* Not yet asked for: it has no waiter. */
	assert_null(at.q['b'].waiter);
	wake('a');
	step();
	assert_string_equal(hear(a), "10:OK later a,4:OK y,");
	assert_int_equal(at.q['a'].asked, 1);
	wake('b');
	step();
	assert_string_equal(hear(a), "10:OK later b,4:OK z,6:OK m n,");
	assert_int_equal(requests(), 7);
	assert_int_equal(at.nforgotten, 0);
}

static void
woken_in_any_order(void **state)
{
	static const char *const orders[] = { "abc", "acb", "bac", "bca",
		"cab", "cba" };

	(void)state;
	for (int i = 0; i < 3; i++)
		add("", true);
	for (size_t o = 0; o < 6; o++) {
		for (size_t i = 0; i < 3; i++) {
			char ask[16];

			at.q['a' + i].ready = false;
			snprintf(ask, sizeof(ask), "7:later %c,",
			    (char)('a' + i));
			say(i, ask);
		}
		step();
		for (const char *p = orders[o]; *p; p++) {
			char reply[16];

			wake(*p);
			step();
			snprintf(reply, sizeof(reply), "10:OK later %c,", *p);
			for (size_t i = 0; i < 3; i++)
				assert_string_equal(hear(i),
				    i == (size_t)(*p - 'a') ? reply : "");
		}
	}
}

/* A wake() is never lost and never too much, wherever it comes from. */
static void
woken_from_anywhere(void **state)
{
	size_t a = add("", true), b = add("", true);

	(void)state;
	/* In the midst of the answer itself: the next turn is at once. */
	say(a, "6:self a,");
	step();
	assert_string_equal(hear(a), "");
	next();
	assert_string_equal(hear(a), "9:OK self a,");
	/* By the answer to another one. */
	say(a, "7:later c,");
	step();
	say(b, "6:wake c,");
	step();
	assert_string_equal(hear(b), "9:OK wake c,");
	next();
	assert_string_equal(hear(a), "10:OK later c,");
	/* In turn(): that turn answers. */
	say(a, "7:later d,");
	step();
	at.wake_in_turn = 'd';
	say(b, "1:x,");
	step();
	assert_string_equal(hear(a), "10:OK later d,");
	assert_string_equal(hear(b), "4:OK x,");
	/* Twice, and when nothing waits. */
	say(a, "7:later e,");
	step();
	wake('e');
	wake('e');
	next();
	assert_string_equal(hear(a), "10:OK later e,");
	wake('e');
	step();
	assert_string_equal(hear(a), "");
	/* For nothing: it is asked again, and waits on. */
	say(a, "7:later f,1:y,");
	step();
	at.q['f'].waiter->wake(at.q['f'].waiter);
	next();
	step();
	step();
	assert_string_equal(hear(a), "");
	assert_int_equal(at.q['f'].asked, 2);
	wake('f');
	step();
	assert_string_equal(hear(a), "10:OK later f,4:OK y,");
}

static void
forgotten_when_closed(void **state)
{
	size_t gone = add("7:later a,", true), half = add("7:later b,", true);
	size_t shut = add("7:later c,", true), last = add("7:later d,", true);

	(void)state;
	step();
	/* Woken and gone in the same turn. */
	wake('a');
	close(at.fd[gone]);
	at.fd[gone] = -1;
	shutdown(at.fd[half], SHUT_WR);
	step();
	assert_int_equal(open_connections(), 3);
	step();
	assert_string_equal(hear(half), "");
	/* A client who only ends his requests is answered. */
	wake('b');
	step();
	assert_string_equal(hear(half), "10:OK later b,");
	assert_string_equal(hear(half), "end");
	assert_string_equal(at.forgotten, "");
	close(at.fd[shut]);
	at.fd[shut] = -1;
	step();
	assert_string_equal(at.forgotten, "c");
	assert_int_equal(open_connections(), 1);
	turns_free(at.turns);
	at.turns = NULL;
	assert_string_equal(at.forgotten, "cd");
	assert_string_equal(hear(last), "end");
}

static void
woken_while_forgotten(void **state)
{
	size_t a, b = add("7:later b,", true);

	(void)state;
	for (const char *p = "ab"; *p; p++) {
		a = add("7:later a,", true);
		at.q['a'].ready = false;
		step();
		at.wake_in_forget = *p;
		close(at.fd[a]);
		at.fd[a] = -1;
		step();
	}
	at.wake_in_forget = 0;
	assert_string_equal(at.forgotten, "aa");
	step();
	assert_string_equal(hear(b), "10:OK later b,");
}

/* Whoever is queued is still there, or not, when his turn comes. */
static void
purge_now(struct ev_loop *loop, struct ev_check *w, int events)
{
	(void)events;
	turns_purge(at.turns);
	ev_check_stop(loop, w);
}

static void
purged(void **state)
{
	size_t waits = add("7:later a,", true), idle = add("", true);
	size_t asks = add("", true), half = add("3:m", true);

	(void)state;
	step();
	say(asks, "1:x,");
	call_before_answers(purge_now);
	assert_string_equal(at.forgotten, "a");
	assert_string_equal(hear(waits), "end");
	assert_string_equal(hear(asks), "end");
	assert_int_equal(open_connections(), 2);
	say(half, " a,");
	say(idle, "1:x,");
	step();
	assert_string_equal(hear(half), "6:OK m a,");
	assert_string_equal(hear(idle), "4:OK x,");
}

static void
finish_now(struct ev_loop *loop, struct ev_check *w, int events)
{
	(void)events;
	turns_finish(at.turns);
	ev_check_stop(loop, w);
}

static void
finished_before_the_answer(void **state)
{
	size_t asks = add("1:x,", false);

	(void)state;
	call_before_answers(finish_now);
	assert_string_equal(hear(asks), "4:OK x,");
	assert_string_equal(hear(asks), "end");
}

static void
finished(void **state)
{
	size_t waits = add("7:later a,1:x,", true), idle = add("", true);
	size_t asks = add("1:y,", true);

	(void)state;
	step();
	assert_string_equal(hear(asks), "4:OK y,");
	say(asks, "1:y,");
	turns_finish(at.turns);
	assert_string_equal(hear(idle), "end");
	step();
	assert_string_equal(hear(asks), "4:OK y,");
	assert_string_equal(hear(asks), "end");
	assert_int_equal(open_connections(), 1);
	wake('a');
	step();
	assert_string_equal(hear(waits), "10:OK later a,4:OK x,");
	assert_string_equal(hear(waits), "end");
	assert_string_equal(at.forgotten, "");
}

static void
another_answerer(void **state)
{
	size_t a = add("7:later a,1:x,", true);
	struct server_options o = at.options;

	(void)state;
	step();
	o.answer = answer_other;
	turns_configure(at.turns, &o);
	step();
	assert_string_equal(hear(a), "");
	wake('a');
	step();
	assert_string_equal(hear(a), "8:OK other,8:OK other,");
	assert_string_equal(at.forgotten, "");
}

/* An answerer that breaks the contract ends the connection. */
static void
wrong_answers(void **state)
{
	static const char *const requests[] = { "4:none,", "4:both,", "1:x," };
	struct server_options o = at.options;

	(void)state;
	o.answer = answer_wrongly;
	o.forget = forget;
	log_level(LEVEL_ERROR);
	turns_configure(at.turns, &o);
	for (size_t i = 0; i < 3; i++) {
		size_t a = add(requests[i], true);

		step();
		assert_string_equal(hear(a), "end");
	}
	assert_int_equal(at.nforgotten, 2);
}

/* Of a client that waits and sends on not all is read. */
static void
waits_and_sends(void **state)
{
	size_t a = add("7:later a,", true), sent = 0, n = 0;
	ssize_t r;

	(void)state;
	step();
	while ((r = send(at.fd[a], "2:xy,", 5, MSG_NOSIGNAL)) == 5) {
		sent++;
		if (sent % 64 == 0)
			step();
	}
	assert_int_equal(r, -1);
	/* Nothing goes round in a circle either. */
	assert_int_equal(at.q['a'].asked, 1);
	assert_int_equal(requests(), 0);
	wake('a');
	step();
	assert_true(str_starts(str_from(hear(a)), "10:OK later a,5:OK xy,"));
	for (n = CONN_FRAMES - 1; n < sent;) {
		const char *p;

		step();
		for (p = hear(a); *p; p += 8, n++)
			assert_memory_equal(p, "5:OK xy,", 8);
	}
	assert_int_equal(requests(), 1 + sent);
}

static void
pass(double seconds)
{
	at.ahead += seconds;
}

/* What comes while a request waits may have been sent with it. */
static void
age_of_what_waits(void **state)
{
	size_t a = add("7:later a,", true);

	(void)state;
	step();
	pass(DEADLINE * 0.5);
	step();
	say(a, "7:later b,");
	step();
	wake('a');
	step();
	assert_true(at.q['b'].since == at.q['a'].since);
	wake('b');
	step();
	say(a, "7:later c,");
	step();
	assert_true(at.q['c'].since == at.q['a'].since + DEADLINE * 0.5);
}

/* Turns that are not late themselves may add up. */
static void
late_in_the_end(void **state)
{
	char bytes[4 * 100 + 1] = "";
	size_t a, b;

	(void)state;
	for (size_t i = 0; i < 100; i++)
		memcpy(bytes + 4 * i, "1:x,", 5);
	a = add(bytes, true);
	b = add("7:later a,1:y,", true);
	step();
	assert_int_equal(strlen(hear(a)), 7 * CONN_FRAMES);
	/* It came before the first turn, as far as one knows. */
	pass(DEADLINE * 0.7);
	assert_false(turns_begin(at.turns));
	pass(DEADLINE * 0.7);
	assert_false(turns_begin(at.turns));
	wake('a');
	ev_run(at.loop, EVRUN_NOWAIT);
	assert_string_equal(hear(a), "end");
	/* The answerer of who waited has his own deadline. */
	assert_string_equal(hear(b), "10:OK later a,4:OK y,");
	assert_true(at.q['a'].since <= clock_seconds() - DEADLINE * 1.4);
}

/* A client who reads late is answered however old his request is. */
static void
late_reader(void **state)
{
	size_t a, asked, heard = 0;
	static char bytes[10000];

	(void)state;
	memcpy(bytes, "9000:", 5);
	memset(bytes + 5, 'x', 9000);
	memcpy(bytes + 9005, ",", 2);
	a = add("", true);
	for (asked = 0; asked < 1000 && send(at.fd[a], bytes, 9006,
	    MSG_NOSIGNAL) == 9006; asked++)
		step();
	assert_true(asked < 1000);
	for (int i = 0; i < 3; i++) {
		pass(DEADLINE * 0.7);
		assert_false(turns_begin(at.turns));
	}
	while (heard < (asked - 1) * 9009) {
		const char *reply = hear(a);

		assert_string_not_equal(reply, "end");
		heard += strlen(reply);
		ev_run(at.loop, EVRUN_NOWAIT);
	}
	assert_int_equal(open_connections(), 1);
}

/* When the time of half a frame is over as its rest comes, it is answered. */
static void
rest_comes_in_time(void **state)
{
	struct server_options o = at.options;
	struct timespec longer = { .tv_nsec = 20000000 };
	size_t a;

	(void)state;
	o.frame = 0.001;
	turns_configure(at.turns, &o);
	for (int i = 0; i < 5; i++) {
		a = add("3:m", true);
		step();
		nanosleep(&longer, NULL);
		/* As if it had been received in this turn. */
		say(a, " a,1:");
		o.frame = 3600;
		turns_configure(at.turns, &o);
		step();
		assert_string_equal(hear(a), "6:OK m a,");
		o.frame = 0.001;
		turns_configure(at.turns, &o);
		close(at.fd[a]);
		at.fd[a] = -1;
		step();
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(received_with_accept),
		TEST(received_before_the_turn),
		TEST(many_at_once),
		TEST(memory_is_full),
		TEST(waits_in_order),
		TEST(woken_in_any_order),
		TEST(woken_from_anywhere),
		TEST(forgotten_when_closed),
		TEST(woken_while_forgotten),
		TEST(purged),
		TEST(finished),
		TEST(finished_before_the_answer),
		TEST(another_answerer),
		TEST(wrong_answers),
		TEST(waits_and_sends),
		TEST(age_of_what_waits),
		TEST(late_in_the_end),
		TEST(late_reader),
		TEST(rest_comes_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
