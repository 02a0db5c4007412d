#include <ev.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "cache/cache.h"
#include "cache/cdbfile.h"
#include "cache/record.h"
#include "cache/snapshot.h"
#include "cache/swap.h"
#include "tests/fixture.h"
#include "tests/patience.h"

/* A megabyte and more: several steps. */
#define LISTS 20000

static struct ev_loop *loop;
static struct swap *swap;
static struct cache *in_use;
static int taken;
static int hold[2]; /* a pipe whose writing end the swap holds */

static struct cache *
take(void *arg, struct cache *fresh)
{
	struct cache *old = in_use;

	(void)arg;
	taken++;
	in_use = fresh;
	return old;
}

static struct cache *
given_snapshot(void)
{
	const char *err, *path = fixture_path("s.cdb");
	struct cdbmake *m = cdbmake_new(path, 0644, &err);
	struct cache *c, *given;
	char name[32];
	int fd = memfd_create("given", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_non_null(m);
	assert_int_equal(cdbmake_put(m, STR(":listmap"), STR("3\t"
	    SNAPSHOT_UNSEALED "\t20000\t1\t1\t0\t0\t\ts")), 0);
	for (int i = 0; i < LISTS; i++) {
		snprintf(name, sizeof(name), "list-%d", i);
		assert_int_equal(cdbmake_put(m, str_from(name),
		                     STR("d\ta.test\t1\t2\t3")), 0);
	}
	assert_int_equal(snapshot_commit(m, &err), 0);
	c = cache_open(path, &err);
	assert_non_null(c);
	assert_int_equal(cache_give(c, fd), 0);
	given = cache_take(fd, &err);
	assert_non_null(given);
	cache_close(c);
	close(fd);
	return given;
}

static void
make_hold(void)
{
	assert_int_equal(pipe2(hold, O_CLOEXEC | O_NONBLOCK), 0);
}

/* Whether the swap has closed what it held. */
static bool
is_released(void)
{
	char c;

	return read(hold[0], &c, 1) == 0;
}

static int
setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	loop = ev_default_loop(0);
	swap = swap_new(loop, take, NULL);
	in_use = NULL;
	taken = 0;
	make_hold();
	return swap == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	swap_free(swap);
	cache_close(in_use);
	close(hold[0]);
	return fixture_teardown(state);
}

static void
test_in_steps(void **state)
{
	struct cache *old = given_snapshot(), *fresh = given_snapshot();
	struct record r;
	int turns = 0;

	(void)state;
	in_use = old;
	swap_begin(swap, fresh, hold[1]);
	/* The old one answers until the new one is ready, in the first step
	 * even where that needs one only. */
	while (taken == 0) {
		assert_true(swap_runs(swap) && in_use == old);
		assert_false(is_released());
		ev_run(loop, EVRUN_ONCE);
		turns++;
	}
	assert_true(turns > 3);
	assert_false(swap_runs(swap));
	assert_ptr_equal(in_use, fresh);
	assert_int_equal(cache_find(in_use, STR("list-19999"), &r), 1);
	for (turns = 0; !is_released(); turns++)
		ev_run(loop, EVRUN_ONCE);
	assert_true(turns > 3);
	/* Nothing is left to do. */
	assert_int_equal(ev_run(loop, EVRUN_ONCE), 0);
	assert_int_equal(taken, 1);
}

static void
test_first(void **state)
{
	(void)state;
	swap_begin(swap, given_snapshot(), -1);
	while (ev_run(loop, EVRUN_ONCE) != 0)
		;
	assert_int_equal(taken, 1);
	assert_non_null(in_use);
	close(hold[1]);
}

static void
test_cancelled(void **state)
{
	(void)state;
	swap_cancel(swap);
	swap_begin(swap, given_snapshot(), hold[1]);
	ev_run(loop, EVRUN_ONCE);
	swap_cancel(swap);
	assert_false(swap_runs(swap));
	while (!is_released())
		ev_run(loop, EVRUN_ONCE);
	assert_int_equal(taken, 0);
	assert_int_equal(ev_run(loop, EVRUN_ONCE), 0);
}

/* Once in use it stays so. */
static void
test_cancelled_too_late(void **state)
{
	(void)state;
	swap_begin(swap, given_snapshot(), hold[1]);
	while (taken == 0)
		ev_run(loop, EVRUN_ONCE);
	swap_cancel(swap);
	while (!is_released())
		ev_run(loop, EVRUN_ONCE);
	assert_non_null(in_use);
}

static void
test_begun_anew(void **state)
{
	struct cache *second;
	int first;

	(void)state;
	swap_begin(swap, given_snapshot(), hold[1]);
	ev_run(loop, EVRUN_ONCE);
	first = hold[0];
	make_hold();
	second = given_snapshot();
	swap_begin(swap, second, hold[1]);
	assert_int_equal(read(first, &(char){ 0 }, 1), 0);
	close(first);
	while (!is_released())
		ev_run(loop, EVRUN_ONCE);
	assert_int_equal(taken, 1);
	assert_ptr_equal(in_use, second);
}

static void
test_freed(void **state)
{
	(void)state;
	swap_begin(swap, given_snapshot(), hold[1]);
	ev_run(loop, EVRUN_ONCE);
	swap_free(swap);
	swap = NULL;
	assert_true(is_released());
	assert_int_equal(taken, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_in_steps),
		TEST(test_first),
		TEST(test_cancelled),
		TEST(test_cancelled_too_late),
		TEST(test_begun_anew),
		TEST(test_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
