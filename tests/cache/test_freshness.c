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
	freshness_scan_well(&f, false, 100, 10);
	return f;
}

static void
test_what_a_start_knows(void **state)
{
	struct freshness f;

	(void)state;
	freshness_start(&f, false);
	assert_true(!f.whole && !f.complete && !f.away && !f.trusted);
	freshness_start(&f, true);
	assert_true(!f.whole && !f.complete && f.away && !f.trusted);
}

static void
test_a_good_scan(void **state)
{
	struct freshness f = good();

	(void)state;
	assert_true(f.whole && f.complete && !f.away && f.trusted);
	freshness_aged(&f, 109);
	assert_true(f.trusted);
	freshness_aged(&f, 110);
	assert_true(!f.trusted && f.whole && f.complete);
	/* Once more, and it is back. */
	freshness_scan_began(&f, true);
	freshness_scan_away(&f);
	assert_true(f.away && f.whole && f.complete);
	freshness_scan_began(&f, true);
	freshness_scan_well(&f, false, 200, 10);
	assert_true(!f.away && f.trusted);
}

static void
test_what_a_scan_may_have_missed(void **state)
{
	struct freshness f = good();

	(void)state;
	/* An entry that changed was touched: the snapshot has all the rest. */
	freshness_changed(&f);
	assert_true(f.whole && !f.complete && f.changed);
	freshness_scan_began(&f, true);
	assert_false(f.changed);
	freshness_changed(&f);
	freshness_scan_well(&f, false, 100, 10);
	assert_true(f.whole && !f.complete);
	freshness_scan_began(&f, true);
	freshness_scan_well(&f, false, 100, 10);
	assert_true(f.whole && f.complete);
	/* Entries that no event will tell of have records. */
	freshness_scan_began(&f, true);
	freshness_scan_well(&f, true, 100, 10);
	assert_true(f.whole && !f.complete);
	/* Nobody watched when it began. */
	freshness_scan_began(&f, false);
	freshness_scan_well(&f, false, 100, 10);
	assert_true(!f.whole && !f.complete);
}

static void
test_what_nobody_saw(void **state)
{
	struct freshness f = good();

	(void)state;
	freshness_unseen(&f);
	assert_true(!f.whole && !f.complete && f.trusted);
	freshness_scan_began(&f, true);
	freshness_scan_well(&f, false, 100, 10);
	assert_true(f.whole && f.complete);
	/* While it scans. */
	freshness_scan_began(&f, true);
	freshness_unseen(&f);
	freshness_scan_well(&f, false, 100, 10);
	assert_true(!f.whole && !f.complete);
	f = good();
	freshness_scan_began(&f, true);
	freshness_suspect(&f);
	freshness_scan_well(&f, false, 100, 10);
	assert_true(!f.whole && !f.complete);
	/* A scan that is not believed, or fails, brings nothing back. */
	f = good();
	freshness_unseen(&f);
	freshness_scan_began(&f, true);
	freshness_scan_away(&f);
	assert_true(!f.whole && !f.complete);
}

static void
test_a_directory_that_went(void **state)
{
	struct freshness f = good();

	(void)state;
	/* What happens to another directory says nothing of this one. */
	freshness_suspect(&f);
	freshness_changed(&f);
	assert_true(!f.whole && f.complete);
	freshness_unseen(&f);
	assert_true(!f.whole && f.complete);
	f = good();
	freshness_scan_away(&f);
	freshness_changed(&f);
	assert_true(f.complete);
	/* It is closed to us, and open again. */
	f = good();
	freshness_touched(&f);
	assert_true(!f.whole && f.complete);
	freshness_scan_began(&f, true);
	freshness_touched(&f);
	freshness_scan_well(&f, false, 100, 10);
	assert_true(f.whole && f.complete);
	/* A scan accepts it: from then on its events count. */
	f = good();
	freshness_suspect(&f);
	freshness_scan_began(&f, true);
	freshness_scan_well(&f, false, 100, 10);
	assert_true(f.whole && f.complete && !f.suspect);
	freshness_changed(&f);
	assert_true(!f.complete);
}

static void
test_nobody_watches(void **state)
{
	struct freshness f = good();

	(void)state;
	freshness_stop(&f);
	assert_true(!f.whole && !f.complete && f.trusted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_start_knows),
		cmocka_unit_test(test_a_good_scan),
		cmocka_unit_test(test_what_a_scan_may_have_missed),
		cmocka_unit_test(test_what_nobody_saw),
		cmocka_unit_test(test_a_directory_that_went),
		cmocka_unit_test(test_nobody_watches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
