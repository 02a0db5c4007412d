#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "mailman/mailman.h"
#include "mailman/scan.h"
#include "tests/fixture.h"

static int
scan(struct scan *s, const char **err)
{
	return scan_directory(&mailman2, fixture_path("lists"), NULL, NULL, s,
	    err);
}

/* NAME is a directory with FILE in it, unless that is NULL. */
static void
test_what_is_a_list(void **state)
{
	static const struct {
		const char *name, *file;
		bool is;
	} cases[] = {
		{ "zebra", "config.pck", true },
		{ "foo", "config.pck", true },
		{ "foo-bar", "config.pck.last", true },
		{ "foo.bar", "config.db", true },
		{ "foo_bar", "config.db.last", true },
		{ "a+b=c", "config.pck", true },
		{ ".hidden", "config.pck", true },
		{ "...", "config.pck", true },
		{ "half-made", NULL, false },
		{ "wrong", "request.pck", false },
		{ "has space", "config.pck", true },
		{ "at@home", "config.pck", true },
		{ "art&artists", "config.pck", true },
		{ "Upper", "config.pck", false },
		{ ":colon", "config.pck", false },
		{ "No-List", NULL, false },
	};
	const char *err, *expected[] = { "...", ".hidden", "a+b=c",
		"art&artists", "at@home", "foo", "foo-bar", "foo.bar", "foo_bar",
		"has space", "zebra" };
	const char *others[] = { "a-file", "config.pck", "half-made", "wrong" };
	struct scan s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture_mkdir(fixture_path("lists/%s", cases[i].name));
		if (cases[i].file != NULL)
			fixture_file(fixture_path("lists/%s/%s", cases[i].name,
			                 cases[i].file),
			    "");
	}
	fixture_file(fixture_path("lists/config.pck"), "stray");
	fixture_file(fixture_path("lists/a-file"), "");
	fixture_file(fixture_path("lists/A-File"), "");
	assert_int_equal(scan(&s, &err), 0);
	assert_int_equal(s.n, sizeof(expected) / sizeof(expected[0]));
	for (i = 0; i < s.n; i++)
		assert_string_equal(s.list[i].name, expected[i]);
	for (i = 0; i < s.n; i++)
		assert_int_equal(s.list[i].basis, LISTS_BY_DIRECTORY);
	assert_int_equal(s.nnone, sizeof(others) / sizeof(others[0]));
	for (i = 0; i < s.nnone; i++)
		assert_string_equal(s.none[i].name, others[i]);
	/* No address has these names, which is counted. */
	assert_int_equal(s.odd.misnamed, 2);
	assert_non_null(strstr(s.odd.misnamed_text, "Upper ("));
	assert_non_null(strstr(s.odd.misnamed_text, ":colon ("));
	scan_clear(&s);
	assert_null(s.list);
}

static void
test_links_and_odd_configs(void **state)
{
	const char *err;
	struct scan s;

	(void)state;
	fixture_mkdir(fixture_path("elsewhere"));
	fixture_list("elsewhere", "real");
	assert_int_equal(symlink("../elsewhere/real",
	                     fixture_path("lists/linked")), 0);
	assert_int_equal(symlink("nowhere", fixture_path("lists/dangling")),
	    0);
	assert_int_equal(symlink("circle", fixture_path("lists/circle")), 0);
	fixture_mkdir(fixture_path("lists/away"));
	assert_int_equal(symlink("nowhere/config.pck",
	                     fixture_path("lists/away/config.pck")), 0);
	fixture_mkdir(fixture_path("lists/dir"));
	fixture_mkdir(fixture_path("lists/dir/config.pck"));
	fixture_mkdir(fixture_path("lists/fifo"));
	assert_int_equal(mkfifo(fixture_path("lists/fifo/config.pck"), 0600),
	    0);
	assert_int_equal(scan(&s, &err), 0);
	assert_int_equal(s.n, 4);
	assert_string_equal(s.list[0].name, "away");
	assert_int_equal(s.list[0].basis, LISTS_DOUBTFUL);
	assert_int_equal(s.list[0].error, ENOLINK);
	assert_string_equal(s.list[1].name, "dir");
	assert_string_equal(s.list[2].name, "fifo");
	assert_string_equal(s.list[3].name, "linked");
	assert_int_equal(s.nnone, 2);
	assert_string_equal(s.none[0].name, "circle");
	assert_string_equal(s.none[1].name, "dangling");
	scan_clear(&s);
}

static void
test_stat_data(void **state)
{
	struct timespec times[2] = { { 1, 0 }, { -2, 5 } };
	const char *path, *err;
	struct stat dir, st;
	struct scan s;

	(void)state;
	fixture_list("lists", "foo");
	path = fixture_path("lists/foo/config.pck");
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(stat(fixture_path("lists"), &dir), 0);
	assert_int_equal(scan(&s, &err), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.list[0].ino, st.st_ino);
	assert_int_equal(s.list[0].size, 4);
	assert_true(s.list[0].mtime == -1999999995);
	assert_int_equal(s.dev, dir.st_dev);
	assert_int_equal(s.ino, dir.st_ino);
	scan_clear(&s);
}

/* The clock as the scan sees it, so many nanoseconds off; and 0: the real one.
 */
static int64_t clock_off;

int
clock_gettime(clockid_t clock, struct timespec *t)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, t);
	int64_t ns = t->tv_sec * 1000000000 + t->tv_nsec + clock_off;

	if (clock == CLOCK_REALTIME) {
		t->tv_sec = ns / 1000000000;
		t->tv_nsec = ns % 1000000000;
	}
	return rc;
}

/* The directory's time at the scan, by a clock that is OFF. */
static int64_t
time_when(int64_t off)
{
	const char *err;
	struct scan s;
	int64_t ctime;

	clock_off = off;
	assert_int_equal(scan(&s, &err), 0);
	clock_off = 0;
	ctime = s.ctime;
	scan_clear(&s);
	return ctime;
}

static void
test_time_of_directory(void **state)
{
	const int64_t second = 1000000000;
	struct stat dir;

	(void)state;
	fixture_list("lists", "foo");
	do
		assert_int_equal(chmod(fixture_path("lists"), 0755), 0);
	while (stat(fixture_path("lists"), &dir) == 0 &&
	    dir.st_ctim.tv_nsec == 0);
	/* A change in the same tick would not show, and a clock may be behind
	 * that of the directory. */
	assert_int_equal(time_when(-second), 0);
	assert_true(time_when(second) == scan_ctime(&dir));
	assert_true(scan_ctime(&dir) ==
	    dir.st_ctim.tv_sec * second + dir.st_ctim.tv_nsec);
}

/* Whole seconds mean that the filesystem has no others. */
static bool whole_seconds;

int
fstatat(int dir, const char *path, struct stat *st, int flags)
{
	int rc = (int)syscall(SYS_newfstatat, dir, path, st, flags);

	if (whole_seconds)
		st->st_ctim.tv_nsec = 0;
	return rc;
}

static void
test_time_in_whole_seconds(void **state)
{
	const int64_t second = 1000000000;
	struct stat dir;

	(void)state;
	whole_seconds = true;
	assert_int_equal(chmod(fixture_path("lists"), 0755), 0);
	assert_int_equal(stat(fixture_path("lists"), &dir), 0);
	assert_int_equal(time_when(second / 2), 0);
	assert_true(time_when(3 * second) == dir.st_ctim.tv_sec * second);
	whole_seconds = false;
}

static void
test_find(void **state)
{
	const char *err;
	struct scan s;
	size_t next = 0;

	(void)state;
	fixture_list("lists", "b");
	fixture_list("lists", "d");
	fixture_mkdir(fixture_path("lists/c"));
	assert_int_equal(scan(&s, &err), 0);
	assert_ptr_equal(scan_find_list(&s, STR("b"), &next), &s.list[0]);
	assert_int_equal(next, 1);
	assert_null(scan_find_list(&s, STR("c"), &next));
	assert_null(scan_find_list(&s, STR("a"), NULL));
	assert_null(scan_find_list(&s, STR("e"), NULL));
	assert_ptr_equal(scan_find_list(&s, STR("d"), &next), &s.list[1]);
	assert_int_equal(next, 2);
	assert_ptr_equal(scan_find_list(&s, STR("b"), &next), &s.list[0]);
	assert_ptr_equal(scan_find_none(&s, STR("c"), NULL), &s.none[0]);
	assert_null(scan_find_none(&s, STR("b"), NULL));
	scan_clear(&s);
	assert_null(scan_find_list(&s, STR("b"), NULL));
}

/* A file's time may be anything. */
static void
test_times_without_end(void **state)
{
	struct stat st = { .st_mtim.tv_sec = (time_t)INT64_MAX };

	(void)state;
	if (sizeof(time_t) < sizeof(int64_t))
		skip();
	assert_true(scan_mtime(&st) == INT64_MAX);
	st.st_mtim.tv_sec = (time_t)INT64_MIN;
	assert_true(scan_mtime(&st) == INT64_MIN);
	st.st_mtim.tv_sec = INT64_MAX / 1000000000;
	st.st_mtim.tv_nsec = 854775807;
	assert_true(scan_mtime(&st) == INT64_MAX);
	st.st_mtim.tv_nsec = 854775806;
	assert_true(scan_mtime(&st) == INT64_MAX - 1);
}

/* A list that is being made, by a clock that may be ahead. */
static void
test_unfinished(void **state)
{
	static const struct {
		time_t age;
		size_t unfinished;
	} cases[] = { { 0, 1 }, { 1800, 1 }, { 7200, 0 }, { -7200, 1 } };
	const char *err;
	struct scan s;

	(void)state;
	fixture_mkdir(fixture_path("lists/half"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct timespec times[2] = { { 0 }, { 0 } };

		times[0].tv_sec = times[1].tv_sec = time(NULL) - cases[i].age;
		assert_int_equal(utimensat(AT_FDCWD,
		                     fixture_path("lists/half"), times, 0), 0);
		assert_int_equal(scan(&s, &err), 0);
		assert_int_equal(s.n, 0);
		assert_int_equal(s.unfinished, cases[i].unfinished);
		scan_clear(&s);
	}
}

static void
test_doubtful(void **state)
{
	const char *err;
	struct scan s;

	(void)state;
	fixture_list("lists", "locked");
	fixture_list("lists", "open");
	assert_int_equal(chmod(fixture_path("lists/locked"), 0), 0);
	assert_int_equal(scan(&s, &err), 0);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.list[0].name, "locked");
	assert_int_equal(s.list[0].basis, LISTS_DOUBTFUL);
	assert_int_equal(s.list[0].error, EACCES);
	assert_true(s.list[0].ino == 0 && s.list[0].size == 0);
	assert_int_equal(s.list[1].basis, LISTS_BY_DIRECTORY);
	scan_clear(&s);
}

static void
test_directory_that_cannot_be_read(void **state)
{
	const char *err = NULL;
	struct scan s;

	(void)state;
	fixture_list("lists", "foo");
	assert_int_equal(chmod(fixture_path("lists"), 0), 0);
	assert_int_equal(scan(&s, &err), -1);
	assert_string_equal(err, "Permission denied");
	scan_clear(&s);
	/* Its names alone tell nothing of its lists. */
	assert_int_equal(chmod(fixture_path("lists"), 0644), 0);
	assert_int_equal(scan(&s, &err), -1);
	assert_string_equal(err, "Permission denied");
	scan_clear(&s);
	assert_int_equal(chmod(fixture_path("lists"), 0755), 0);
	assert_int_equal(scan_directory(&mailman2, fixture_path("gone"), NULL,
	                     NULL, &s, &err), -1);
	assert_string_equal(err, "No such file or directory");
	scan_clear(&s);
	assert_int_equal(
	    scan_directory(&mailman2,
	        fixture_path("lists/foo/config.pck"), NULL, NULL, &s, &err),
	    -1);
	assert_string_equal(err, "Not a directory");
	scan_clear(&s);
}

/* The descriptor turns into something that is no directory. */
static int
spoil_directory(int dir, const char *name, struct stat *config)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)name;
	(void)config;
	assert_int_not_equal(null, -1);
	assert_int_equal(dup2(null, dir), dir);
	close(null);
	return 0;
}

static void
test_read_error_is_no_short_list(void **state)
{
	struct mailman spoiler = mailman2;
	const char *err = NULL;
	struct scan s;

	(void)state;
	spoiler.is_list = spoil_directory;
	fixture_list("lists", "foo");
	assert_int_equal(scan_directory(&spoiler, fixture_path("lists"), NULL,
	                     NULL, &s, &err), -1);
	assert_string_equal(err, "Not a directory");
	scan_clear(&s);
}

static void
count_progress(void *arg, size_t seen)
{
	size_t *last = arg;

	assert_true(seen >= *last);
	*last = seen;
}

static void
test_many_and_progress(void **state)
{
	char name[32];
	const char *err;
	struct scan s;
	size_t i, last = 0;

	(void)state;
	for (i = 0; i < 1100; i++) {
		snprintf(name, sizeof(name), "list-%zu", i);
		fixture_list("lists", name);
	}
	assert_int_equal(scan_directory(&mailman2, fixture_path("lists"),
	                     count_progress, &last, &s, &err), 0);
	assert_int_equal(s.n, 1100);
	assert_int_equal(last, 1100);
	for (i = 1; i < s.n; i++)
		assert_true(strcmp(s.list[i - 1].name, s.list[i].name) < 0);
	scan_clear(&s);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_a_list),
		TEST(test_links_and_odd_configs),
		TEST(test_stat_data),
		TEST(test_time_of_directory),
		TEST(test_time_in_whole_seconds),
		TEST(test_find),
		TEST(test_times_without_end),
		TEST(test_unfinished),
		TEST(test_doubtful),
		TEST(test_directory_that_cannot_be_read),
		TEST(test_read_error_is_no_short_list),
		TEST(test_many_and_progress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
