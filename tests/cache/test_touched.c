#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/str.h"
#include "cache/touched.h"

static void
test_a_name_stays_until_a_later_scan_ended_well(void **state)
{
	struct touched t = { 0 };

	(void)state;
	assert_false(touched_has(&t, STR("a")));
	assert_int_equal(touched_add(&t, STR("a")), 0);
	assert_true(touched_has(&t, STR("a")));
	assert_false(touched_has(&t, STR("b")));
	/* A scan that began before it says nothing of it. */
	touched_scan_well(&t);
	assert_true(touched_has(&t, STR("a")));
	touched_scan_began(&t);
	assert_int_equal(touched_add(&t, STR("b")), 0);
	/* One that failed does not either, and the next begins. */
	touched_scan_began(&t);
	assert_int_equal(touched_add(&t, STR("c")), 0);
	touched_scan_well(&t);
	assert_false(touched_has(&t, STR("a")));
	assert_false(touched_has(&t, STR("b")));
	assert_true(touched_has(&t, STR("c")));
	assert_int_equal(t.n, 1);
	touched_clear(&t);
	assert_false(touched_has(&t, STR("c")));
}

static void
test_a_name_that_is_touched_again_stays(void **state)
{
	struct touched t = { 0 };

	(void)state;
	assert_int_equal(touched_add(&t, STR("a")), 0);
	touched_scan_began(&t);
	assert_int_equal(touched_add(&t, STR("a")), 0);
	assert_int_equal(t.n, 1);
	touched_scan_well(&t);
	assert_true(touched_has(&t, STR("a")));
	touched_scan_began(&t);
	touched_scan_well(&t);
	assert_false(touched_has(&t, STR("a")));
	assert_int_equal(t.n, 0);
	touched_clear(&t);
}

static struct str
name_number(int i)
{
	static char text[32];

	snprintf(text, sizeof(text), "list%d", i);
	return str_from(text);
}

static void
test_many_names(void **state)
{
	const int many = 20000;
	struct touched t = { 0 };

	(void)state;
	for (int i = 0; i < many; i++)
		assert_int_equal(touched_add(&t, name_number(i)), 0);
	touched_scan_began(&t);
	for (int i = many; i < many + 300; i++)
		assert_int_equal(touched_add(&t, name_number(i)), 0);
	assert_int_equal(t.n, many + 300);
	for (int i = 0; i < many + 300; i++)
		assert_true(touched_has(&t, name_number(i)));
	touched_scan_well(&t);
	assert_int_equal(t.n, 300);
	/* The memory goes with the names. */
	assert_true(t.size <= 1024);
	for (int i = 0; i < many + 300; i++)
		assert_int_equal(touched_has(&t, name_number(i)), i >= many);
	touched_clear(&t);
}

static void
test_there_is_an_end(void **state)
{
	struct touched t = { 0 };
	int i = 0;

	(void)state;
	while (touched_add(&t, name_number(i)) == 0)
		i++;
	assert_true(i >= TOUCHED_MAX);
	/* What is there already is not one more. */
	assert_true(touched_has(&t, name_number(0)));
	touched_scan_began(&t);
	touched_scan_well(&t);
	assert_int_equal(touched_add(&t, STR("a")), 0);
	touched_clear(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_name_stays_until_a_later_scan_ended_well),
		cmocka_unit_test(test_a_name_that_is_touched_again_stays),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_there_is_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
