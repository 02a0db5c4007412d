#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache/scan_schedule.h"

static struct scan_schedule
new_schedule(void)
{
	return (
	    struct scan_schedule){ .longest_delay = 2, .longest_backoff = 5 };
}

/* What a back-off comes to, with that. */
static const double waits[] = { 1, 2, 4, 5, 5 };
#define WAITS (sizeof(waits) / sizeof(waits[0]))

/* A scan that ends at NOW and took no time. */
static void
scan_at(struct scan_schedule *p, double now)
{
	scan_schedule_began(p);
	scan_schedule_ended(p, now, 0);
}

static void
test_debounce_is_capped(void **state)
{
	struct scan_schedule p = new_schedule();

	(void)state;
	assert_true(scan_schedule_ask(&p, 100, 0.5) == 100.5);
	assert_true(scan_schedule_ask(&p, 101, 0.5) == 101.5);
	assert_true(scan_schedule_ask(&p, 101.75, 0.5) == 102);
	assert_true(scan_schedule_ask(&p, 103, 0.5) == 103);
	/* Something urgent comes sooner. */
	scan_schedule_began(&p);
	assert_true(scan_schedule_ask(&p, 200, 0.5) == 200.5);
	assert_true(scan_schedule_ask(&p, 200, 0) == 200);
}

static void
test_half_of_the_time(void **state)
{
	struct scan_schedule p = new_schedule();

	(void)state;
	scan_schedule_began(&p);
	scan_schedule_ended(&p, 100, 3);
	assert_true(scan_schedule_ask(&p, 100, 0.5) == 103);
	assert_true(scan_schedule_ask(&p, 102.75, 0.5) == 103);
	assert_true(scan_schedule_ask(&p, 120, 0.5) == 120);
	/* It took so long because its file server did not answer. */
	scan_schedule_began(&p);
	scan_schedule_ended(&p, 200, 1000);
	assert_true(scan_schedule_ask(&p, 200, 0) == 205);
}

static void
test_back_off(void **state)
{
	struct scan_schedule p = new_schedule();

	(void)state;
	for (size_t i = 0; i < WAITS; i++) {
		scan_at(&p, 100);
		scan_schedule_failed(&p, 100);
		assert_true(scan_schedule_ask(&p, 100, 0) == 100 + waits[i]);
	}
	scan_at(&p, 200);
	scan_schedule_well(&p);
	assert_true(scan_schedule_ask(&p, 200, 0) == 200);
	scan_schedule_failed(&p, 200);
	assert_true(scan_schedule_ask(&p, 200, 0) == 201);
}

/* Gaps have a back-off of their own, for which no other scan waits. */
static void
test_gaps_are_retried(void **state)
{
	struct scan_schedule p = new_schedule();

	(void)state;
	for (size_t i = 0; i < WAITS; i++) {
		scan_at(&p, 100);
		assert_true(scan_schedule_retry(&p, 1) == waits[i]);
		scan_schedule_well(&p);
		assert_true(scan_schedule_ask(&p, 100, 0) == 100);
	}
	/* What is new does not wait as long as what is old. */
	assert_true(scan_schedule_retry(&p, 2) == 1);
	assert_true(scan_schedule_retry(&p, 1) == 2);
	assert_true(scan_schedule_retry(&p, 0) == 0);
	assert_true(scan_schedule_retry(&p, 1) == 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_debounce_is_capped),
		cmocka_unit_test(test_half_of_the_time),
		cmocka_unit_test(test_back_off),
		cmocka_unit_test(test_gaps_are_retried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
