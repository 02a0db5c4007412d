#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cache/gone.h"

#define NAMES_MAX 16

/* Which names are marked as quick when they went at these times, as the watch
 * marks them: "s" and "q", one for each. */
static const char *
marks(const double *at, size_t n)
{
	static char text[NAMES_MAX + 1];
	struct gone_burst burst = { 0 };

	for (size_t i = 0; i < n; i++) {
		double from;

		text[i] = 's';
		gone_burst_add(&burst, at[i], &from);
		for (size_t k = 0; k <= i; k++)
			if (at[k] >= from)
				text[k] = 'q';
	}
	text[n] = '\0';
	return text;
}

#define MARKS(...)                                            \
	marks((const double[]){ __VA_ARGS__ },                \
	    sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double))

static void
test_marks(void **state)
{
	(void)state;
	assert_string_equal(MARKS(7), "s");
	/* Three at a stroke are none. */
	assert_string_equal(MARKS(7, 7, 7), "sss");
	assert_string_equal(MARKS(7, 7, 7, 7), "qqqq");
	assert_string_equal(MARKS(7, 7.01, 7.02, 7.03, 7.04), "qqqqq");
	/* By strokes, as rm -r on a machine that has little time for it. */
	assert_string_equal(MARKS(7, 7, 7, 7.04, 7.04, 7.04), "qqqqqq");
	assert_string_equal(MARKS(7, 7, 7.04, 7.04, 7.08, 7.08), "qqqqqq");
	/* As quickly as rmlist can be run. */
	assert_string_equal(MARKS(7, 7.1, 7.2, 7.3, 7.4, 7.5), "ssssss");
	assert_string_equal(MARKS(7, 7, 7, 7.1, 7.1, 7.1), "ssssss");
	/* The first ones of an rm -r may go slowly, and so may others. */
	assert_string_equal(MARKS(1, 7, 8, 8, 8, 8), "sqqqqq");
	assert_string_equal(MARKS(7, 7, 7, 7, 8, 8.5, 30), "qqqqqqs");
	/* Only a quick one prolongs it. */
	assert_string_equal(MARKS(7, 7, 7, 7, 8, 8.9, 9.5), "qqqqqqs");
}

static bool
runs(const double *at, size_t n, double now)
{
	struct gone_burst burst = { 0 };
	double from;

	for (size_t i = 0; i < n; i++)
		gone_burst_add(&burst, at[i], &from);
	return gone_burst_runs(&burst, now);
}

static void
test_runs(void **state)
{
	static const double quick[] = { 7, 7, 7, 7 };
	static const double brisk[] = { 7, 7.5, 8, 8.5 };
	static const double slow[] = { 7, 8, 9, 10 };

	(void)state;
	assert_false(runs(quick, 0, 7));
	assert_false(runs(quick, 3, 7));
	assert_true(runs(quick, 4, 7));
	assert_true(runs(quick, 4, 8.9));
	assert_false(runs(quick, 4, 9.1));
	assert_true(runs(brisk, 4, 8.6));
	assert_false(runs(brisk, 4, 10.6));
	assert_false(runs(slow, 4, 10));
}

static void
test_find(void **state)
{
	struct gone_name names[] = {
		{ gone_hash(STR("single")), 5, false },
		{ gone_hash(STR("quick")), 5, true },
		{ gone_hash(STR("late")), 8, false },
	};
	struct gone g = { .name = names, .n = 3 };

	(void)state;
	qsort(names, 3, sizeof(names[0]), gone_compare);
	assert_int_equal(gone_find(&g, STR("single")), GONE_SINGLY);
	assert_int_equal(gone_find(&g, STR("quick")), GONE_QUICKLY);
	assert_int_equal(gone_find(&g, STR("nosuch")), GONE_UNSEEN);
	g.running = true;
	g.since = 7;
	assert_int_equal(gone_find(&g, STR("single")), GONE_SINGLY);
	assert_int_equal(gone_find(&g, STR("late")), GONE_JUST_NOW);
	assert_int_equal(gone_find(&g, STR("quick")), GONE_JUST_NOW);
	assert_int_equal(gone_find(&(struct gone){ 0 }, STR("x")), GONE_UNSEEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
