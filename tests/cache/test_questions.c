#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "mailman/directory.h"
#include "mailman/mailman.h"
#include "cache/crew.h"
#include "cache/questions.h"
#include "cache/watch.h"
#include "tests/fixture.h"
#include "tests/patience.h"
#include "tests/slow_mailman.h"

#define WAIT(condition) UNTIL_BY(condition, ev_run(loop, EVRUN_ONCE))

/* Seconds. */
#define LONG 600.0
#define SHORT 0.1

static struct ev_loop *loop;
static struct ev_timer heartbeat; /* so that WAIT looks again */
static struct questions *questions;
static char lists_dir[1024], other_dir[1024], lines[65536];

/* What happened to one question. */
struct asked {
	int times;
	bool told; /* false: nobody can tell */
	struct entry_facts entry;
	struct place_facts place;
};

/* In the place of the library's: SIGKILL does not end a process before its
 * system call ends. */
static bool unkillable;
static pid_t survivors[16];
static int nsurvivors;

int
kill(pid_t pid, int sig)
{
	if (unkillable && sig == SIGKILL) {
		survivors[nsurvivors++] = pid;
		return 0;
	}
	return (int)syscall(SYS_kill, pid, sig);
}

/* No socket can be had; a question finds no room; a worker says what it was not
 * asked. */
static bool no_sockets, no_room, garbles;
static int starts; /* of workers */

int
socketpair(int domain, int type, int protocol, int fds[2])
{
	if (no_sockets) {
		errno = EMFILE;
		return -1;
	}
	starts++;
	return (int)syscall(SYS_socketpair, domain, type, protocol, fds);
}

ssize_t
send(int fd, const void *message, size_t n, int flags)
{
	const bool question = (flags & MSG_DONTWAIT) != 0;
	char copy[4096];

	if (question && no_room) {
		errno = ENOBUFS;
		return -1;
	}
	assert_true(n <= sizeof(copy));
	memcpy(copy, message, n);
	if (!question && garbles)
		copy[0] ^= 1;
	return syscall(SYS_sendto, fd, copy, n, flags, NULL, 0);
}

static void
on_heartbeat(struct ev_loop *l, struct ev_timer *w, int events)
{
	(void)l, (void)w, (void)events;
}

static void
take_line(void *arg, enum log_level level, const char *line)
{
	size_t n = strlen(lines);

	(void)arg, (void)level;
	snprintf(lines + n, sizeof(lines) - n, "%s\n", line);
}

static int
logged(const char *text)
{
	const char *p = lines;
	int n = 0;

	while ((p = strstr(p, text)) != NULL) {
		p += strlen(text);
		n++;
	}
	return n;
}

static struct questions_options
options(double deadline)
{
	return (struct questions_options){ .mailman = &slow_mailman,
		.site = "s", .lists_dir = lists_dir, .deadline = deadline,
		.inotify = -1 };
}

static void
begin(double deadline)
{
	const struct questions_options o = options(deadline);

	questions = questions_new(loop, &o);
	assert_non_null(questions);
}

static int
setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	slow_mailman_reset();
	unkillable = no_sockets = no_room = garbles = false;
	nsurvivors = starts = 0;
	lines[0] = '\0';
	log_sink(take_line, NULL);
	loop = ev_default_loop(0);
	ev_timer_init(&heartbeat, on_heartbeat, 0.005, 0.005);
	ev_timer_start(loop, &heartbeat);
	fixture_mkdir(fixture_path("other"));
	snprintf(lists_dir, sizeof(lists_dir), "%s", fixture_path("lists"));
	snprintf(other_dir, sizeof(other_dir), "%s", fixture_path("other"));
	fixture_mkdir(fixture_path("lists/die"));
	for (int i = 0; i < 40; i++)
		fixture_list("lists", (char[]){ 'a' + (char)(i / 10),
		                          '0' + (char)(i % 10), '\0' });
	return 0;
}

static int
teardown(void **state)
{
	unkillable = false;
	slow->hangs = false;
	questions_free(questions);
	questions = NULL;
	ev_timer_stop(loop, &heartbeat);
	log_sink(NULL, NULL);
	/* libev has not reaped those whose end it was not told of. */
	while (waitpid(-1, NULL, 0) > 0)
		;
	return fixture_teardown(state);
}

static void
note_entry(void *arg, const struct entry_facts *f)
{
	struct asked *a = arg;

	a->times++;
	a->told = f != NULL;
	if (f != NULL)
		a->entry = *f;
}

static void
note_place(void *arg, const struct place_facts *f)
{
	struct asked *a = arg;

	a->times++;
	a->told = f != NULL;
	if (f != NULL)
		a->place = *f;
}

static struct question *
ask(const char *name, struct asked *a)
{
	*a = (struct asked){ 0 };
	return questions_ask_entry(questions, str_from(name), note_entry, a);
}

static struct question *
ask_place(struct asked *a)
{
	const struct place_watched nothing = { .wd = -1, .files_wd = -1 };

	*a = (struct asked){ 0 };
	return questions_ask_place(questions, &nothing, note_place, a);
}

/* As an operator, or the kernel where memory is out. */
static void
end_worker(int sig)
{
	assert_int_equal(syscall(SYS_kill, slow->last, sig), 0);
}

static void
test_answers(void **state)
{
	struct asked found, absent, place;
	struct directory_id id;
	pid_t worker;

	(void)state;
	begin(LONG);
	assert_non_null(ask("a0", &found));
	assert_int_equal(found.times, 0);
	assert_non_null(ask("nosuch", &absent));
	assert_non_null(ask_place(&place));
	WAIT(found.times && absent.times && place.times);
	assert_true(found.told && absent.told && place.told);
	assert_int_equal(found.entry.found, LISTS_FOUND);
	assert_int_equal(absent.entry.found, LISTS_ABSENT);
	assert_int_equal(directory_identify(lists_dir, &id), 0);
	assert_true(place.place.ino == id.ino && found.entry.ino == id.ino);
	/* The same worker answers what comes later. */
	worker = slow->last;
	assert_non_null(ask("a1", &found));
	WAIT(found.times);
	assert_int_equal(slow->last, worker);
	assert_false(questions_hang(questions));
	assert_string_equal(lines, "");
}

static void
test_what_cannot_be_asked(void **state)
{
	char name[257];
	struct asked a;

	(void)state;
	begin(LONG);
	memset(name, 'a', sizeof(name));
	name[256] = '\0';
	assert_null(ask("", &a));
	assert_null(ask(name, &a));
	name[255] = '\0';
	assert_non_null(ask(name, &a));
	WAIT(a.times);
	assert_true(a.told && a.entry.found == LISTS_ABSENT);
}

static void
test_budget(void **state)
{
	static struct asked all[QUESTIONS_MAX], more, place;
	struct question *last = NULL, *first = NULL;
	int told = 0;

	(void)state;
	begin(LONG);
	slow->hangs = true;
	for (int i = 0; i < QUESTIONS_MAX; i++) {
		last = ask("a0", &all[i]);
		assert_non_null(last);
		first = first == NULL ? last : first;
	}
	WAIT(slow->looks == 1);
	assert_null(ask("a0", &more));
	/* What no worker has yet is forgotten at once, */
	question_forget(last);
	assert_non_null(ask("a0", &all[QUESTIONS_MAX - 1]));
	/* and the worker cannot be told to forget. */
	question_forget(first);
	assert_null(ask("a0", &more));
	/* The place is asked for whatever waits, and before that. */
	assert_non_null(ask_place(&place));
	slow->hangs = false;
	WAIT(place.times);
	for (int i = 0; i < QUESTIONS_MAX; i++)
		told += all[i].times;
	assert_true(told < QUESTIONS_MAX / 2);
	WAIT(all[QUESTIONS_MAX - 1].times);
	for (int i = 1; i < QUESTIONS_MAX; i++)
		assert_true(all[i].times == 1 && all[i].told);
	assert_int_equal(all[0].times, 0);
	assert_non_null(ask("a0", &more));
	WAIT(more.times);
}

static void
test_forget(void **state)
{
	static struct asked all[40];
	struct question *q[40];
	struct asked end;

	(void)state;
	begin(LONG);
	slow->hangs = true;
	for (int i = 0; i < 40; i++)
		q[i] = ask("a0", &all[i]);
	WAIT(slow->looks == 1);
	for (int i = 0; i < 40; i++)
		question_forget(q[i]);
	question_forget(NULL);
	assert_non_null(ask("a1", &end));
	slow->hangs = false;
	WAIT(end.times);
	/* Most of them nobody looked for. */
	assert_true(slow->looks < 20);
	/* The next worker does not look for what the last one had. */
	slow->looks = 0;
	slow->hangs = true;
	for (int i = 0; i < 10; i++)
		q[i] = ask("a0", &all[i]);
	WAIT(slow->looks == 1);
	for (int i = 0; i < 10; i++)
		question_forget(q[i]);
	end_worker(SIGKILL);
	slow->hangs = false;
	assert_non_null(ask("a1", &end));
	WAIT(end.times);
	for (int i = 0; i < 40; i++)
		assert_int_equal(all[i].times, 0);
	assert_int_equal(slow->looks, 2);
}

/* The entry ends whoever looks at it: the ones behind it are answered, and
 * there is an end to it. */
static void
test_dies_twice(void **state)
{
	struct asked die, behind[20];

	(void)state;
	begin(LONG);
	assert_non_null(ask("die", &die));
	for (int i = 0; i < 20; i++)
		assert_non_null(ask("a0", &behind[i]));
	WAIT(die.times && behind[19].times);
	assert_int_equal(die.times, 1);
	assert_false(die.told);
	for (int i = 0; i < 20; i++)
		assert_true(behind[i].times == 1 && behind[i].told);
	/* Two ended at it, and a third one looked at the others. */
	assert_int_equal(slow->looks, 2 + 20);
	WAIT(logged("crew: worker ended with status 3: s") == 1);
	assert_false(questions_hang(questions));
}

/* An operator ends it: what it had in hand is looked at once more. */
static void
test_ended_from_outside(void **state)
{
	struct asked a, b;

	(void)state;
	begin(LONG);
	slow->hangs = true;
	assert_non_null(ask("a0", &a));
	assert_non_null(ask("a1", &b));
	WAIT(slow->looks == 1);
	slow->hangs = false;
	end_worker(SIGTERM);
	WAIT(a.times && b.times);
	assert_true(a.told && b.told && a.times == 1 && b.times == 1);
	/* Nobody asks, and nobody is started; the next question is answered. */
	end_worker(SIGKILL);
	WAIT(logged("crew: worker ended by signal 15: s (0 more") == 1);
	assert_non_null(ask("a2", &a));
	WAIT(a.times);
	assert_true(a.told);
}

/* A worker is started when it can be. */
static void
test_cannot_start(void **state)
{
	struct asked a;

	(void)state;
	begin(LONG);
	no_sockets = true;
	assert_non_null(ask("a0", &a));
	assert_int_equal(logged("crew: cannot start a worker: s: Too many open "
	                        "files (0 more before)"), 1);
	no_sockets = false;
	WAIT(a.times);
	assert_true(a.told);
	assert_int_equal(logged("\n"), 1);
}

static void
test_no_room(void **state)
{
	struct asked a, b;

	(void)state;
	begin(LONG);
	no_room = true;
	assert_non_null(ask("a0", &a));
	assert_non_null(ask("a1", &b));
	for (int i = 0; i < 5; i++)
		ev_run(loop, EVRUN_ONCE);
	assert_true(a.times == 0 && b.times == 0);
	no_room = false;
	WAIT(a.times && b.times);
	assert_true(a.told && b.told);
	assert_string_equal(lines, "");
}

static void
test_says_what_it_was_not_asked(void **state)
{
	struct asked a, b;

	(void)state;
	begin(LONG);
	garbles = true;
	slow->hangs = true;
	assert_non_null(ask("a0", &a));
	assert_non_null(ask("a1", &b));
	WAIT(slow->looks == 1);
	/* This worker keeps on doing so, the next one does not. */
	garbles = false;
	slow->hangs = false;
	WAIT(a.times && b.times);
	assert_true(a.told && b.told);
	WAIT(logged("crew: worker ended") == 1);
}

static void
test_hangs(void **state)
{
	struct asked a, b, c;
	double began;

	(void)state;
	begin(SHORT);
	slow->hangs = true;
	began = clock_seconds();
	assert_non_null(ask("a0", &a));
	assert_non_null(ask("a1", &b));
	WAIT(a.times);
	assert_true(clock_seconds() - began >= SHORT);
	assert_false(a.told);
	assert_true(questions_hang(questions));
	assert_int_equal(logged("questions: the lists directory does not "
	                        "answer: s: "), 1);
	assert_int_equal(logged(lists_dir), 1);
	/* The one behind it, and one that comes later, wait for the next. */
	assert_int_equal(b.times, 0);
	assert_non_null(ask("a2", &c));
	slow->hangs = false;
	WAIT(b.times && c.times);
	assert_true(b.told && c.told);
	assert_false(questions_hang(questions));
	assert_int_equal(logged("questions: the lists directory answers again: "
	                        "s: "), 1);
	assert_int_equal(logged(lists_dir), 2);
	assert_int_equal(logged("\n"), 2);
}

/* A worker that was stopped hangs as well. */
static void
test_stopped(void **state)
{
	struct asked a, b;

	(void)state;
	begin(SHORT);
	assert_non_null(ask("a0", &a));
	WAIT(a.times);
	end_worker(SIGSTOP);
	assert_non_null(ask("a1", &a));
	WAIT(a.times);
	assert_false(a.told);
	assert_non_null(ask("a2", &b));
	WAIT(b.times);
	assert_true(b.told);
}

/* SIGKILL does not end them: two are left behind, and then nobody is started
 * until one has ended.  Each question is given up in its turn. */
static void
test_left_behind(void **state)
{
	struct asked a, b, c, d = { 0 };
	struct questions_options o;
	struct questions *near;

	(void)state;
	begin(SHORT);
	slow->hangs = unkillable = true;
	assert_non_null(ask("a0", &a));
	WAIT(a.times);
	assert_non_null(ask("a1", &b));
	WAIT(b.times);
	assert_false(a.told || b.told);
	assert_int_equal(nsurvivors, CREW_LEFT_MAX);
	assert_int_equal(slow->looks, 2);
	assert_non_null(ask("a2", &c));
	/* A reload does not start one either; another site's is started. */
	o = options(SHORT);
	questions_configure(questions, &o);
	assert_int_equal(starts, CREW_LEFT_MAX);
	o.mailman = &mailman2;
	o.deadline = LONG;
	near = questions_new(loop, &o);
	assert_non_null(questions_ask_entry(near, STR("a0"), note_entry, &d));
	WAIT(d.times);
	assert_true(d.told && c.times == 0);
	assert_true(questions_hang(questions));
	/* Their call returns, and both end at last. */
	unkillable = false;
	for (int i = 0; i < nsurvivors; i++)
		assert_int_equal(kill(survivors[i], SIGKILL), 0);
	slow->hangs = false;
	WAIT(c.times);
	assert_true(c.told);
	assert_int_equal(slow->looks, 3);
	assert_int_equal(nsurvivors, 2);
	assert_false(questions_hang(questions));
	questions_free(near);
	/* They are reaped. */
	WAIT(syscall(SYS_kill, survivors[0], 0) == -1 &&
	    syscall(SYS_kill, survivors[1], 0) == -1);
}

/* One that was in its call for a while after SIGKILL got its answer: the next
 * one does not wait for the pause to be over. */
static void
test_ended_at_last(void **state)
{
	struct asked a, b;
	double lost;

	(void)state;
	begin(SHORT);
	slow->hangs = unkillable = true;
	assert_non_null(ask("a0", &a));
	WAIT(a.times);
	assert_non_null(ask("a1", &b));
	WAIT(b.times);
	lost = clock_seconds();
	assert_non_null(ask("a2", &a));
	WAIT(clock_seconds() - lost > 1.1);
	assert_int_equal(starts, CREW_LEFT_MAX);
	unkillable = false;
	assert_int_equal(kill(survivors[1], SIGKILL), 0);
	WAIT(syscall(SYS_kill, survivors[1], 0) == -1);
	assert_int_equal(starts, CREW_LEFT_MAX + 1);
	WAIT(a.times);
}

/* The pause before the next one doubles. */
static void
test_back_off(void **state)
{
	struct questions_options o;
	struct asked a;
	double began, waits[3];

	(void)state;
	begin(SHORT);
	slow->hangs = true;
	for (int i = 0; i < 3; i++) {
		int looks = slow->looks;

		assert_non_null(ask("a0", &a));
		began = clock_seconds();
		WAIT(slow->looks > looks);
		waits[i] = clock_seconds() - began;
		WAIT(a.times);
	}
	/* It may be longer, on a busy machine; it is never shorter. */
	assert_true(waits[1] >= 0.8 && waits[2] >= 1.8);
	/* A reload does not wait for it. */
	slow->hangs = false;
	began = clock_seconds();
	assert_non_null(ask("a0", &a));
	o = options(SHORT);
	questions_configure(questions, &o);
	WAIT(a.times);
	assert_true(a.told);
}

/* A loop that was stopped has not heard what the worker said, and a worker that
 * was stopped with it has said nothing. */
static void
test_loop_stopped(void **state)
{
	struct asked a;

	(void)state;
	begin(SHORT);
	slow->hangs = true;
	assert_non_null(ask("a0", &a));
	ev_run(loop, EVRUN_NOWAIT);
	UNTIL(slow->looks == 1);
	usleep((useconds_t)(4 * SHORT * 1e6));
	ev_run(loop, EVRUN_NOWAIT);
	assert_false(questions_hang(questions));
	slow->hangs = false;
	WAIT(a.times);
}

static void
test_configure(void **state)
{
	struct questions_options o;
	struct asked a, b, place;
	struct directory_id id;
	uint64_t before;

	(void)state;
	begin(LONG);
	before = questions_generation(questions);
	fixture_list("other", "new");
	fixture_list("other", "a0");
	slow->hangs = true;
	assert_non_null(ask("a0", &a));
	assert_non_null(ask("new", &b));
	WAIT(slow->looks == 1);
	/* What was asked before is asked where the lists are now. */
	o = options(LONG);
	o.lists_dir = other_dir;
	slow->hangs = false;
	questions_configure(questions, &o);
	assert_true(questions_generation(questions) != before);
	assert_non_null(ask_place(&place));
	WAIT(a.times && b.times && place.times);
	assert_int_equal(directory_identify(other_dir, &id), 0);
	assert_true(a.told && b.told && a.entry.ino == id.ino);
	assert_true(b.entry.found == LISTS_FOUND && b.entry.ino == id.ino);
	assert_true(place.place.ino == id.ino);
	assert_string_equal(lines, "");
}

/* The one that is told asks again, and forgets what it was told about. */
struct stubborn {
	struct question *q;
	int times;
	struct asked again;
};

static void
ask_again(void *arg, const struct entry_facts *f)
{
	struct stubborn *s = arg;

	(void)f;
	s->times++;
	question_forget(s->q);
	s->q = ask("a1", &s->again);
}

static void
test_freed(void **state)
{
	struct stubborn s = { 0 }, waiting = { 0 };
	struct asked all[40], place;

	(void)state;
	begin(LONG);
	s.q = questions_ask_entry(questions, STR("a0"), ask_again, &s);
	WAIT(s.times && s.again.times);
	assert_true(s.q != NULL && s.again.told);
	slow->hangs = true;
	s.q = questions_ask_entry(questions, STR("a0"), ask_again, &s);
	assert_non_null(ask_place(&place));
	for (int i = 0; i < 40; i++)
		assert_non_null(ask("a0", &all[i]));
	waiting.q = questions_ask_entry(questions, STR("a0"), ask_again,
	    &waiting);
	WAIT(slow->looks == 3);
	questions_free(questions);
	questions = NULL;
	assert_int_equal(s.times, 2);
	assert_int_equal(waiting.times, 1);
	assert_null(s.q);
	assert_null(waiting.q);
	assert_true(place.times == 1 && !place.told);
	for (int i = 0; i < 40; i++)
		assert_true(all[i].times == 1 && !all[i].told);
	questions_free(NULL);
}

static void
test_idle(void **state)
{
	struct questions_options o = options(LONG);
	struct asked a;
	pid_t worker;

	(void)state;
	o.idle = SHORT;
	questions = questions_new(loop, &o);
	assert_non_null(ask("a0", &a));
	WAIT(a.times);
	worker = slow->last;
	WAIT(syscall(SYS_kill, worker, 0) == -1);
	assert_non_null(ask("a0", &a));
	WAIT(a.times);
	assert_true(a.told && slow->last != worker);
	assert_string_equal(lines, "");
}

/* A worker that is killed in a real call of a file server that does not answer
 * ends when that answers. */
static void
test_stopped_file_server(void **state)
{
	struct asked a, b, place;
	pid_t server = fixture_file_server(lists_dir, other_dir);
	struct questions_options o = options(SHORT);

	(void)state;
	if (server == -1) {
		print_message("# no file server: needs root, FUSE, bindfs\n");
		skip();
	}
	o.lists_dir = other_dir;
	questions = questions_new(loop, &o);
	assert_non_null(ask_place(&place));
	WAIT(place.times);
	assert_int_equal(place.place.kind, DIRECTORY_SLOW);
	assert_int_equal(kill(server, SIGSTOP), 0);
	/* The kernel answers by itself until its cache is old. */
	do {
		assert_non_null(ask("a0", &a));
		WAIT(a.times);
	} while (a.told);
	assert_non_null(ask("a1", &b));
	WAIT(b.times);
	assert_false(b.told);
	assert_true(questions_hang(questions));
	assert_non_null(ask("a2", &b));
	assert_int_equal(kill(server, SIGCONT), 0);
	WAIT(b.times);
	assert_true(b.told && b.entry.found == LISTS_FOUND);
	assert_false(questions_hang(questions));
	questions_free(questions);
	questions = NULL;
	fixture_end_file_server(server, other_dir);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answers),
		TEST(test_what_cannot_be_asked),
		TEST(test_budget),
		TEST(test_forget),
		TEST(test_dies_twice),
		TEST(test_ended_from_outside),
		TEST(test_cannot_start),
		TEST(test_no_room),
		TEST(test_says_what_it_was_not_asked),
		TEST(test_hangs),
		TEST(test_stopped),
		TEST(test_left_behind),
		TEST(test_ended_at_last),
		TEST(test_back_off),
		TEST(test_loop_stopped),
		TEST(test_configure),
		TEST(test_freed),
		TEST(test_idle),
		TEST(test_stopped_file_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
