#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture.h"
#include "programs/handover.h"

static struct handover
begin(void)
{
	struct handover h;

	assert_int_equal(handover_init(&h, fixture_path("cache")), 0);
	return h;
}

static void
nobody_came(void **state)
{
	struct handover h = begin();

	(void)state;
	assert_false(handover_lost(&h));
	assert_int_equal(handover_claim(&h), 0);
	assert_false(handover_lost(&h));
	handover_clear(&h);
	/* A file of the days before is nobody's claim. */
	h = begin();
	assert_false(handover_lost(&h));
	handover_clear(&h);
}

static void
each_successor_is_seen(void **state)
{
	struct handover first = begin(), second = begin(), third;

	(void)state;
	assert_int_equal(handover_claim(&second), 0);
	assert_true(handover_lost(&first));
	assert_false(handover_lost(&second));
	third = begin();
	assert_false(handover_lost(&third));
	assert_int_equal(handover_claim(&third), 0);
	assert_true(handover_lost(&first));
	assert_true(handover_lost(&second));
	assert_false(handover_lost(&third));
	handover_clear(&first);
	handover_clear(&second);
	handover_clear(&third);
}

static void
a_vanished_file_is_no_claim(void **state)
{
	struct handover h = begin();

	(void)state;
	assert_int_equal(handover_claim(&h), 0);
	assert_int_equal(unlink(fixture_path("cache/take-over")), 0);
	assert_false(handover_lost(&h));
	handover_clear(&h);
}

static void
a_missing_directory_is_an_error(void **state)
{
	struct handover h;

	(void)state;
	assert_int_equal(handover_init(&h, fixture_path("nowhere")), 0);
	assert_int_equal(handover_claim(&h), -1);
	assert_int_equal(errno, ENOENT);
	assert_false(handover_lost(&h));
	handover_clear(&h);
	handover_clear(&h);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_came),
		TEST(each_successor_is_seen),
		TEST(a_vanished_file_is_no_claim),
		TEST(a_missing_directory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
