#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "cache/rebuild.h"
#include "cache/state.h"
#include "tests/fixture.h"

static void
write_state(const struct rebuild_result *r)
{
	assert_int_equal(state_write(fixture_path("cache"), "s", r), 0);
}

static int
read_state(struct state *s)
{
	return state_read(fixture_path("cache"), "s", s);
}

static ino_t
inode(void)
{
	struct stat st;

	assert_int_equal(stat(fixture_path("cache/s.state"), &st), 0);
	return st.st_ino;
}

static void
set_old(void)
{
	struct timespec times[2] = { { 1000, 0 }, { 1000, 0 } };

	assert_int_equal(utimensat(AT_FDCWD, fixture_path("cache/s.state"),
	                     times, 0), 0);
}

static void
test_round_trip(void **state)
{
	struct rebuild_result r = { .status = REBUILD_WRITTEN,
		.milliseconds = 12 };
	struct state s;

	(void)state;
	assert_int_equal(read_state(&s), -1);
	write_state(&r);
	assert_int_equal(read_state(&s), 0);
	assert_false(s.away);
	assert_int_equal(s.milliseconds, 12);
	assert_string_equal(s.reason, "");
	r = (struct rebuild_result){ .status = REBUILD_AWAY,
		.reason = "it is\ngone: \xe9" };
	write_state(&r);
	assert_int_equal(read_state(&s), 0);
	assert_true(s.away);
	assert_string_equal(s.reason, "it is gone: \xe9");
	assert_int_equal(fixture_count(fixture_path("cache"), "s.state"), 1);
}

static void
test_longest_reason(void **state)
{
	struct rebuild_result r = { .status = REBUILD_AWAY };
	char text[sizeof(r.reason) + 80];
	struct state s;

	(void)state;
	memset(r.reason, 'x', sizeof(r.reason) - 1);
	write_state(&r);
	assert_int_equal(read_state(&s), 0);
	assert_string_equal(s.reason, r.reason);
	/* One more byte, which somebody else wrote. */
	snprintf(text, sizeof(text),
	    "away no\nlost no\nfailing no\nlists 1\nmilliseconds 1\n"
	    "reason %sx\n", r.reason);
	fixture_file(fixture_path("cache/s.state"), text);
	assert_int_equal(read_state(&s), -1);
}

static void
test_unchanged_sets_the_time_only(void **state)
{
	struct rebuild_result r = { .status = REBUILD_WRITTEN };
	struct state s;
	ino_t before;

	(void)state;
	write_state(&r);
	before = inode();
	set_old();
	r = (struct rebuild_result){ .status = REBUILD_UNCHANGED,
		.milliseconds = 99 };
	write_state(&r);
	assert_int_equal(inode(), before);
	assert_int_equal(read_state(&s), 0);
	assert_true(s.scanned > 1000);
	r.status = REBUILD_AWAY;
	write_state(&r);
	assert_int_equal(read_state(&s), 0);
	assert_true(s.away);
}

/* Who could not write the snapshot has not accepted the directory. */
static void
test_failure_ends_no_absence(void **state)
{
	struct rebuild_result r = { .status = REBUILD_AWAY, .reason = "gone" };
	struct state s;

	(void)state;
	write_state(&r);
	r = (struct rebuild_result){ .status = REBUILD_FAILED,
		.reason = "disk full" };
	write_state(&r);
	assert_int_equal(read_state(&s), 0);
	assert_true(s.away);
	assert_string_equal(s.reason, "disk full");
	r = (struct rebuild_result){ .status = REBUILD_UNCHANGED };
	write_state(&r);
	assert_int_equal(read_state(&s), 0);
	assert_false(s.away);
	r = (struct rebuild_result){ .status = REBUILD_FAILED,
		.reason = "disk full" };
	write_state(&r);
	assert_int_equal(read_state(&s), 0);
	assert_false(s.away);
}

static bool
is_lost_after(const struct rebuild_result *r)
{
	struct state s;

	write_state(r);
	assert_int_equal(read_state(&s), 0);
	return s.lost;
}

/* Only a scan that is believed, and saw all that went, says that all of what
 * was lost is back. */
static void
test_loss_lasts(void **state)
{
	const struct rebuild_result loss = { .status = REBUILD_AWAY,
		.lost = true };
	const struct rebuild_result cases[] = {
		{ .status = REBUILD_AWAY },
		{ .status = REBUILD_AWAY, .denied = true },
		{ .status = REBUILD_AWAY, .failing = true },
		{ .status = REBUILD_FAILED },
		{ .status = REBUILD_WRITTEN, .burst = true },
		{ .status = REBUILD_UNCHANGED, .burst = true },
	};
	struct rebuild_result well = { .status = REBUILD_WRITTEN };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(is_lost_after(&well));
		if (is_lost_after(&cases[i]))
			fail_msg("case %zu: lost before", i);
		assert_true(is_lost_after(&loss));
		if (!is_lost_after(&cases[i]))
			fail_msg("case %zu: forgotten", i);
	}
	well.status = REBUILD_UNCHANGED;
	assert_false(is_lost_after(&well));
}

static void
test_nonsense(void **state)
{
	static const char *const cases[] = {
		"",
		"\n",
		"away\n",
		"away no\nlost no\nfailing no\nmilliseconds 1\nreason \n",
		"away no\nlost no\nfailing no\nlists -1\nmilliseconds 1\nreason \n",
		"away no\nlost no\nfailing 1\nlists 1\nmilliseconds 1\nreason \n",
		"away perhaps\nlost no\nfailing no\nlists 1\nmilliseconds 1\nreason \n",
		"away no\nlost no\nfailing no\nlists 1\nmilliseconds -1\nreason \n",
		"away no\nlost no\nfailing no\nlists 1\nmilliseconds 1\n",
		"away no\nlost no\nfailing no\nlists 1\nmilliseconds 1\nreason no end",
		"lists 1\nmilliseconds 1\naway no\nreason \n",
	};
	struct state s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture_file(fixture_path("cache/s.state"), cases[i]);
		if (read_state(&s) != -1)
			fail_msg("accepted: %s", cases[i]);
	}
	fixture_file(fixture_path("cache/s.state"),
	    "away no\nlost no\nfailing yes\nlists 1\nmilliseconds 1\nreason r\n"
	    "later yes\n");
	assert_int_equal(read_state(&s), 0);
	assert_true(s.failing && !s.away);
	/* As it was before: the guard needs it at an upgrade. */
	fixture_file(fixture_path("cache/s.state"),
	    "away yes\nlists 7\nmilliseconds 1\nreason r\n");
	assert_int_equal(read_state(&s), 0);
	assert_true(s.away && !s.lost && !s.failing && s.lists == 7);
}

static void
test_unwritable(void **state)
{
	struct rebuild_result r = { .status = REBUILD_AWAY };

	(void)state;
	assert_int_equal(chmod(fixture_path("cache"), 0555), 0);
	assert_int_equal(state_write(fixture_path("cache"), "s", &r), -1);
	assert_int_equal(errno, EACCES);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_longest_reason),
		TEST(test_unchanged_sets_the_time_only),
		TEST(test_failure_ends_no_absence),
		TEST(test_loss_lasts),
		TEST(test_nonsense),
		TEST(test_unwritable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
