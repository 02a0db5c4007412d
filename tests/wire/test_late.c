#include <sys/socket.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "wire/late.h"

static void
pass_some_time(void)
{
	struct timespec t = { .tv_nsec = 2000000 };

	nanosleep(&t, NULL);
}

static void
measures_from_the_previous_turn(void **state)
{
	struct late l;

	(void)state;
	late_init(&l);
	pass_some_time();
	assert_false(late_turn(&l, 1000));
	assert_false(late_now(l.previous, 1000));
	assert_true(late_now(l.previous, 0.001));
	assert_false(late_turn(&l, 1000));
	assert_true(l.previous < l.current);
}

static void
after_a_late_turn_things_are_fresh(void **state)
{
	struct late l;

	(void)state;
	late_init(&l);
	pass_some_time();
	assert_true(late_turn(&l, 0.001));
	assert_true(l.previous == l.current);
	pass_some_time();
	assert_true(late_now(l.previous, 0.001));
}

static void
continuing_cuts_only_a_late_answer(void **state)
{
	struct late l;
	int a[2], b[2];
	char c;

	(void)state;
	late_init(&l);
	pass_some_time();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, b), 0);
	late_catch();
	raise(SIGCONT);
	late_answering(l.previous, 0.001, a[0]);
	late_answered();
	raise(SIGCONT);
	/* Not every stop makes an answer late. */
	late_answering(l.previous, 1000, a[0]);
	raise(SIGCONT);
	late_answered();
	assert_int_equal(send(a[0], "x", 1, MSG_NOSIGNAL), 1);
	assert_int_equal(read(a[1], &c, 1), 1);
	late_answering(l.previous, 0.001, b[0]);
	raise(SIGCONT);
	late_answered();
	assert_int_equal(send(b[0], "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(read(b[1], &c, 1), 0);
	assert_int_equal(send(a[0], "x", 1, MSG_NOSIGNAL), 1);
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(measures_from_the_previous_turn),
		cmocka_unit_test(after_a_late_turn_things_are_fresh),
		cmocka_unit_test(continuing_cuts_only_a_late_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
