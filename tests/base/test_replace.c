#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/replace.h"
#include "tests/fixture.h"

static void
assert_content(const char *path, const char *content)
{
	char text[256];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	assert_string_equal(text, content);
}

static void
begin(struct replace *r, const char *text, mode_t mode)
{
	assert_int_equal(replace_open(r, fixture_path("cache/file"), mode), 0);
	assert_int_equal(replace_write(r->fd, str_from(text)), 0);
}

static void
makes_a_file(void **state)
{
	static const mode_t modes[] = { 0600, 0644, 0666 };
	struct replace r;
	struct stat st;

	(void)state;
	umask(077);
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		begin(&r, "new", modes[i]);
		assert_int_equal(replace_commit(&r), 0);
		assert_content(fixture_path("cache/file"), "new");
		assert_int_equal(stat(fixture_path("cache/file"), &st), 0);
		assert_int_equal(st.st_mode & 07777, modes[i]);
	}
	assert_int_equal(fixture_count(fixture_path("cache"), "file"), 1);
}

static void
old_stays_until_the_end(void **state)
{
	struct replace r;
	int fd;

	(void)state;
	fixture_file(fixture_path("cache/file"), "old");
	fd = open(fixture_path("cache/file"), O_RDONLY);
	begin(&r, "new", 0644);
	assert_content(fixture_path("cache/file"), "old");
	/* The new one lies beside it, so that rename() can be atomic. */
	assert_int_equal(fixture_count(fixture_path("cache"), "file"), 2);
	assert_int_equal(replace_commit(&r), 0);
	assert_content(fixture_path("cache/file"), "new");
	assert_int_equal(fixture_count(fixture_path("cache"), "file"), 1);
	/* Who had the old one open still has it. */
	{
		char text[4] = "";

		assert_int_equal(read(fd, text, 3), 3);
		assert_string_equal(text, "old");
	}
	close(fd);
}

static void
cancel_leaves_nothing(void **state)
{
	struct replace r;

	(void)state;
	fixture_file(fixture_path("cache/file"), "old");
	begin(&r, "new", 0644);
	errno = EDOM;
	replace_cancel(&r);
	assert_int_equal(errno, EDOM);
	assert_content(fixture_path("cache/file"), "old");
	assert_int_equal(fixture_count(fixture_path("cache"), "file"), 1);
}

static void
two_writers_do_not_meet(void **state)
{
	struct replace a, b;

	(void)state;
	begin(&a, "a", 0644);
	begin(&b, "b", 0644);
	assert_int_equal(replace_commit(&a), 0);
	assert_content(fixture_path("cache/file"), "a");
	assert_int_equal(replace_commit(&b), 0);
	assert_content(fixture_path("cache/file"), "b");
	assert_int_equal(fixture_count(fixture_path("cache"), "file"), 1);
}

static void
errors_leave_the_old_one(void **state)
{
	struct replace r;

	(void)state;
	assert_int_equal(replace_open(&r, fixture_path("nowhere/file"), 0644),
	    -1);
	assert_int_equal(errno, ENOENT);

	/* A directory cannot be replaced by a file. */
	fixture_mkdir(fixture_path("cache/file"));
	begin(&r, "new", 0644);
	assert_int_equal(replace_commit(&r), -1);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(fixture_count(fixture_path("cache"), "file"), 1);

	/* A disk that is full when it counts. */
	begin(&r, "new", 0644);
	close(r.fd);
	r.fd = open("/dev/full", O_WRONLY);
	assert_int_equal(replace_write(r.fd, STR("more")), -1);
	assert_int_equal(errno, ENOSPC);
	replace_cancel(&r);
	assert_int_equal(fixture_count(fixture_path("cache"), "file"), 1);
}

static void
no_permission_is_an_error(void **state)
{
	struct replace r;

	(void)state;
	assert_int_equal(chmod(fixture_path("cache"), 0500), 0);
	assert_int_equal(replace_open(&r, fixture_path("cache/file"), 0644),
	    -1);
	assert_int_equal(errno, EACCES);
}

static void
writes_all(void **state)
{
	size_t n = 1 << 20;
	char *bytes = calloc(1, n);
	struct replace r;
	struct stat st;

	(void)state;
	begin(&r, "", 0644);
	assert_int_equal(replace_write(r.fd, (struct str){ bytes, n }), 0);
	assert_int_equal(replace_commit(&r), 0);
	assert_int_equal(stat(fixture_path("cache/file"), &st), 0);
	assert_int_equal(st.st_size, n);
	free(bytes);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_a_file),
		TEST(old_stays_until_the_end),
		TEST(cancel_leaves_nothing),
		TEST(two_writers_do_not_meet),
		TEST(errors_leave_the_old_one),
		TEST(no_permission_is_an_error),
		TEST(writes_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
