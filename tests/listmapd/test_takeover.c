#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "listmapd/takeover.h"
#include "tests/fixture.h"

static struct takeover
begin(void)
{
	struct takeover h;

	assert_int_equal(takeover_init(&h, fixture_path("cache")), 0);
	return h;
}

static void
nobody_came(void **state)
{
	struct takeover h = begin();

	(void)state;
	assert_false(takeover_lost(&h));
	assert_int_equal(takeover_claim(&h), 0);
	assert_false(takeover_lost(&h));
	takeover_clear(&h);
	/* A file of the days before is nobody's claim. */
	h = begin();
	assert_false(takeover_lost(&h));
	takeover_clear(&h);
}

/* A successor that claims and lives until the returned descriptor closes. */
static pid_t
succeed(int *life)
{
	int claimed[2], ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(claimed), 0);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct takeover h;

		close(ends[1]);
		if (takeover_init(&h, fixture_path("cache")) == -1 ||
		    takeover_claim(&h) == -1 || takeover_lost(&h))
			_exit(1);
		(void)!write(claimed[1], "", 1);
		(void)!read(ends[0], &byte, 1);
		_exit(0);
	}
	close(claimed[1]);
	close(ends[0]);
	assert_int_equal(read(claimed[0], &byte, 1), 1);
	close(claimed[0]);
	*life = ends[1];
	return pid;
}

static void
a_successor_is_seen(void **state)
{
	struct takeover first = begin(), second;
	int life, status;
	pid_t pid;

	(void)state;
	pid = succeed(&life);
	assert_true(takeover_lost(&first));
	/* Who starts now knows it already. */
	second = begin();
	assert_false(takeover_lost(&second));
	close(life);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* One that is dead serves nobody. */
	assert_false(takeover_lost(&first));
	takeover_clear(&first);
	takeover_clear(&second);
}

static void
write_file(const char *text)
{
	FILE *f = fopen(fixture_path("cache/take-over"), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
what_else_happens_is_no_claim(void **state)
{
	static const char *const texts[] = { "", "\n", "x\n", "1", "0\n",
		"-1\n", "2147483647\n", "99999999999999999999\n" };
	struct takeover h = begin();
	char own[32];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		write_file(texts[i]);
		assert_false(takeover_lost(&h));
	}
	snprintf(own, sizeof(own), "%ld\n", (long)getpid());
	write_file(own);
	assert_false(takeover_lost(&h));
	/* Of the file that was there: whatever is done to it. */
	takeover_clear(&h);
	h = begin();
	snprintf(own, sizeof(own), "%ld\n", (long)getppid());
	write_file(own);
	assert_int_equal(chmod(fixture_path("cache/take-over"), 0600), 0);
	assert_false(takeover_lost(&h));
	takeover_clear(&h);
}

/* Whoever the successor runs as, it is alive; it may be nobody we may ask. */
static void
a_successor_of_another_account(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		struct takeover h;

		/* Of root's real identity there is nobody that may not. */
		if (fixture_root() && setuid(65534) == -1)
			_exit(1);
		if (takeover_init(&h, fixture_path("cache")) == -1)
			_exit(2);
		write_file("1\n");
		_exit(takeover_lost(&h) ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
a_vanished_file_is_no_claim(void **state)
{
	struct takeover h = begin();

	(void)state;
	assert_int_equal(takeover_claim(&h), 0);
	assert_int_equal(unlink(fixture_path("cache/take-over")), 0);
	assert_false(takeover_lost(&h));
	takeover_clear(&h);
}

static void
a_missing_directory_is_an_error(void **state)
{
	struct takeover h;

	(void)state;
	assert_int_equal(takeover_init(&h, fixture_path("nowhere")), 0);
	assert_int_equal(takeover_claim(&h), -1);
	assert_int_equal(errno, ENOENT);
	assert_false(takeover_lost(&h));
	takeover_clear(&h);
	takeover_clear(&h);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_came),
		TEST(a_successor_is_seen),
		TEST(what_else_happens_is_no_claim),
		TEST(a_successor_of_another_account),
		TEST(a_vanished_file_is_no_claim),
		TEST(a_missing_directory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
