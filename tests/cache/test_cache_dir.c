#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/privileges.h"
#include "cache/cache_dir.h"
#include "tests/fixture.h"

static const struct account nobody_else = { .change = false };

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
test_mode_is_not_the_umasks(void **state)
{
	static const mode_t masks[] = { 0, 022, 027, 077, 0777 };
	const char *path = fixture_path("made");

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		umask(masks[i]);
		assert_int_equal(cache_dir_make(path, &nobody_else), 0);
		assert_int_equal(umask(022), masks[i]);
		assert_int_equal(mode_of(path), 0755);
		assert_int_equal(rmdir(path), 0);
	}
}

/* Somebody has chosen its mode. */
static void
test_one_that_is_there(void **state)
{
	const char *path = fixture_path("cache");

	(void)state;
	assert_int_equal(chmod(path, 0750), 0);
	assert_int_equal(cache_dir_make(path, &nobody_else), 0);
	assert_int_equal(mode_of(path), 0750);
}

static void
test_owner(void **state)
{
	const struct account a = { .change = true, .uid = 1234, .gid = 4321 };
	const char *path = fixture_path("made");
	struct stat st;

	(void)state;
	if (!fixture_root()) {
		print_message("# only root may give files away\n");
		skip();
	}
	assert_int_equal(cache_dir_make(path, &a), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_uid == 1234 && st.st_gid == 4321);
	assert_int_equal(rmdir(path), 0);
	fixture_nobody();
}

static void
test_errors(void **state)
{
	(void)state;
	assert_int_equal(cache_dir_make(fixture_path("no/such"), &nobody_else),
	    -1);
	assert_int_equal(errno, ENOENT);
	fixture_file(fixture_path("file"), "");
	assert_int_equal(cache_dir_make(fixture_path("file"), &nobody_else),
	    -1);
	assert_int_equal(errno, ENOTDIR);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_mode_is_not_the_umasks),
		TEST(test_one_that_is_there),
		TEST(test_owner),
		TEST(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
