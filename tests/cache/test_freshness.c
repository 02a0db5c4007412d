#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache/freshness.h"

/* A snapshot that holds all there is, of a directory that is watched. */
static struct freshness
good(void)
{
	struct freshness f;

	freshness_start(&f, false);
	freshness_scan_began(&f, true);
	freshness_scan_well(&f, true, false, 100, 10);
	return f;
}

static void
test_what_a_start_knows(void **state)
{
	struct freshness f;

	(void)state;
	freshness_start(&f, false);
	assert_true(f.behind && !f.complete && !f.away && !f.trusted);
	freshness_start(&f, true);
	assert_true(f.behind && !f.complete && f.away && !f.trusted);
}

static void
test_a_good_scan(void **state)
{
	struct freshness f = good();

	(void)state;
	assert_true(!f.behind && f.complete && !f.away && f.trusted);
	freshness_aged(&f, 109);
	assert_true(f.trusted);
	freshness_aged(&f, 110);
	assert_true(!f.trusted && !f.behind && f.complete);
	/* Once more, and it is back. */
	freshness_scan_began(&f, true);
	freshness_scan_away(&f);
	assert_true(f.away && !f.behind && f.complete);
	freshness_scan_began(&f, true);
	freshness_scan_well(&f, true, false, 200, 10);
	assert_true(!f.away && f.trusted);
}

static void
test_what_a_scan_may_have_missed(void **state)
{
	struct freshness f = good();

	(void)state;
	/* A change before a scan is in its result, one during it may not be. */
	freshness_changed(&f);
	assert_true(f.behind && !f.complete);
	freshness_scan_began(&f, true);
	freshness_changed(&f);
	freshness_scan_well(&f, true, false, 100, 10);
	assert_true(f.behind && !f.complete);
	freshness_scan_began(&f, true);
	freshness_scan_well(&f, true, false, 100, 10);
	assert_true(!f.behind && f.complete);
	/* Entries that no event will tell of. */
	freshness_scan_began(&f, true);
	freshness_scan_well(&f, true, true, 100, 10);
	assert_true(f.behind && !f.complete);
	/* Nobody watches, or did when it began, or all the time. */
	freshness_scan_began(&f, true);
	freshness_scan_well(&f, false, false, 100, 10);
	assert_true(f.behind && !f.complete);
	freshness_scan_began(&f, false);
	freshness_scan_well(&f, true, false, 100, 10);
	assert_true(!f.behind && !f.complete);
	freshness_scan_began(&f, true);
	freshness_rewatched(&f, true);
	freshness_scan_well(&f, true, false, 100, 10);
	assert_true(!f.behind && !f.complete);
	freshness_scan_began(&f, true);
	freshness_suspect(&f);
	freshness_scan_well(&f, true, false, 100, 10);
	assert_true(!f.behind && !f.complete);
}

static void
test_a_directory_that_went(void **state)
{
	struct freshness f = good();

	(void)state;
	/* What happens to another directory says nothing of this one. */
	freshness_suspect(&f);
	freshness_changed(&f);
	assert_true(f.behind && f.complete);
	f = good();
	freshness_scan_away(&f);
	freshness_changed(&f);
	assert_true(f.behind && f.complete);
	/* A scan accepts it: from then on its events count. */
	f = good();
	freshness_suspect(&f);
	freshness_scan_began(&f, true);
	freshness_scan_well(&f, true, false, 100, 10);
	assert_true(f.complete);
	freshness_changed(&f);
	assert_true(!f.complete);
}

static void
test_nobody_watches(void **state)
{
	struct freshness f = good();

	(void)state;
	freshness_rewatched(&f, true);
	assert_true(!f.behind && f.complete);
	freshness_rewatched(&f, false);
	assert_true(f.behind && f.complete);
	f = good();
	freshness_stop(&f);
	assert_true(f.behind && !f.complete && f.trusted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_start_knows),
		cmocka_unit_test(test_a_good_scan),
		cmocka_unit_test(test_what_a_scan_may_have_missed),
		cmocka_unit_test(test_a_directory_that_went),
		cmocka_unit_test(test_nobody_watches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
