#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache/cdbfile.h"
#include "tests/fixture.h"

static struct cdbmake *
begin(const char *path)
{
	const char *err;
	struct cdbmake *m = cdbmake_new(path, 0640, &err);

	assert_non_null(m);
	return m;
}

/* N records "key-I" with the value "value-I". */
static void
put_some(struct cdbmake *m, int n)
{
	char key[32], value[32];
	int i;

	for (i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		snprintf(value, sizeof(value), "value-%d", i);
		if (cdbmake_put(m, str_from(key), str_from(value)) == -1)
			break;
	}
}

static void
make(const char *path, int n)
{
	struct cdbmake *m = begin(path);
	const char *err;

	put_some(m, n);
	assert_int_equal(cdbmake_commit(m, &err), 0);
}

static int
count_record(void *arg, struct str key, struct str value)
{
	assert_true(str_starts(key, "key-"));
	assert_true(str_starts(value, "value-"));
	assert_true(str_eq(str_tail(key, 4), str_tail(value, 6)));
	++*(int *)arg;
	return 0;
}

static void
test_write_and_read(void **state)
{
	struct cdbfile *f;
	struct stat st;
	struct str value;
	const char *err;
	int n = 0;

	(void)state;
	make(fixture_path("a.cdb"), 1000);
	assert_int_equal(fixture_count(fixture_path("."), "a.cdb"), 1);
	f = cdbfile_open(fixture_path("a.cdb"), &st, &err);
	assert_non_null(f);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(cdbfile_get(f, STR("key-7"), &value), 1);
	assert_true(str_is(value, "value-7"));
	assert_int_equal(cdbfile_get(f, STR("key-1000"), &value), 0);
	assert_int_equal(cdbfile_get(f, STR(""), &value), 0);
	assert_int_equal(cdbfile_get(f, STR("key-7\0"), &value), 0);
	assert_int_equal(cdbfile_each(f, count_record, &n), 0);
	assert_int_equal(n, 1000);
	cdbfile_close(f);
}

static int
stop_at_third(void *arg, struct str key, struct str value)
{
	(void)key;
	(void)value;
	return ++*(int *)arg == 3 ? 42 : 0;
}

static void
test_each_stops(void **state)
{
	struct cdbfile *f;
	const char *err;
	int n = 0;

	(void)state;
	make(fixture_path("a.cdb"), 10);
	f = cdbfile_open(fixture_path("a.cdb"), NULL, &err);
	assert_non_null(f);
	assert_int_equal(cdbfile_each(f, stop_at_third, &n), 42);
	assert_int_equal(n, 3);
	cdbfile_close(f);
}

/* Whether cdbfile_get() finds what tinycdb wrote, however long the key and
 * whatever its bytes; and where a table's last slot is followed by its first.
 */
static void
test_keys_of_all_kinds(void **state)
{
	struct cdbmake *m = begin(fixture_path("a.cdb"));
	char key[300];
	struct cdbfile *f;
	struct str value;
	const char *err;

	(void)state;
	for (size_t n = 0; n < sizeof(key); n++) {
		key[n] = (char)(n * 37 + 255);
		assert_int_equal(cdbmake_put(m, (struct str){ key, n },
		                     (struct str){ key, n / 2 }), 0);
	}
	assert_int_equal(cdbmake_commit(m, &err), 0);
	f = cdbfile_open(fixture_path("a.cdb"), NULL, &err);
	assert_non_null(f);
	for (size_t n = 0; n < sizeof(key); n++) {
		assert_int_equal(cdbfile_get(f, (struct str){ key, n },
		                     &value), 1);
		assert_true(str_eq(value, (struct str){ key, n / 2 }));
	}
	assert_int_equal(cdbfile_get(f, (struct str){ key + 1, 9 }, &value), 0);
	cdbfile_close(f);
}

static void
test_next(void **state)
{
	struct str key, value;
	struct cdbfile *f;
	const char *err;
	size_t pos = 0;

	(void)state;
	make(fixture_path("a.cdb"), 2);
	f = cdbfile_open(fixture_path("a.cdb"), NULL, &err);
	assert_non_null(f);
	assert_int_equal(cdbfile_next(f, &pos, &key, &value), 1);
	assert_true(str_is(key, "key-0") && str_is(value, "value-0"));
	assert_int_equal(cdbfile_next(f, &pos, &key, &value), 1);
	assert_true(str_is(key, "key-1") && str_is(value, "value-1"));
	assert_int_equal(cdbfile_next(f, &pos, &key, &value), 0);
	assert_int_equal(cdbfile_next(f, &pos, &key, &value), 0);
	pos = 2049;
	assert_int_equal(cdbfile_next(f, &pos, &key, &value), -1);
	cdbfile_close(f);
}

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

/* How many of the pages of F this process has. */
static size_t
pages_there(const struct cdbfile *f)
{
	const struct str bytes = cdbfile_bytes(f);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	uint64_t entry;

	assert_int_not_equal(fd, -1);
	for (size_t at = 0; at < bytes.n; at += PAGE) {
		assert_int_equal(pread(fd, &entry, sizeof(entry),
		    (off_t)(((uintptr_t)bytes.p + at) / PAGE * sizeof(entry))),
		    sizeof(entry));
		n += entry >> 63;
	}
	close(fd);
	return n;
}

static struct cdbfile *
take_copy(const char *path)
{
	int fd = memfd_create("given", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct cdbfile *f, *taken;
	const char *err;
	struct stat st;

	f = cdbfile_open(path, &st, &err);
	assert_non_null(f);
	assert_int_equal(cdbfile_give(f, &st, fd), 0);
	cdbfile_close(f);
	taken = cdbfile_take(fd, &st, &err);
	assert_non_null(taken);
	close(fd);
	return taken;
}

static void
test_populate_in_steps(void **state)
{
	struct cdbfile *f;
	size_t steps = 1, all, before;
	const char *err;

	(void)state;
	make(fixture_path("a.cdb"), 20000);
	f = take_copy(fixture_path("a.cdb"));
	all = (cdbfile_bytes(f).n + PAGE - 1) / PAGE;
	assert_true(pages_there(f) < all);
	before = pages_there(f);
	while (!cdbfile_populate(f, 32 * PAGE)) {
		assert_true(pages_there(f) >= before);
		before = pages_there(f);
		steps++;
	}
	assert_int_equal(pages_there(f), all);
	assert_in_range(steps, all / 32, all / 32 + 1);
	assert_true(cdbfile_populate(f, 1));
	cdbfile_close(f);
	/* All at once, and what is there anyway. */
	f = take_copy(fixture_path("a.cdb"));
	assert_true(cdbfile_populate(f, SIZE_MAX));
	assert_int_equal(pages_there(f), all);
	cdbfile_close(f);
	f = cdbfile_open(fixture_path("a.cdb"), NULL, &err);
	assert_non_null(f);
	assert_true(cdbfile_populate(f, 1));
	cdbfile_close(f);
}

static void
test_release_in_steps(void **state)
{
	struct cdbfile *f;
	size_t steps = 1, all;
	const char *err, *p;

	(void)state;
	make(fixture_path("a.cdb"), 20000);
	for (int taken = 0; taken < 2; taken++) {
		f = taken ? take_copy(fixture_path("a.cdb")) :
		    cdbfile_open(fixture_path("a.cdb"), NULL, &err);
		assert_non_null(f);
		p = cdbfile_bytes(f).p;
		all = (cdbfile_bytes(f).n + PAGE - 1) / PAGE;
		assert_false(cdbfile_release(f, PAGE));
		assert_int_equal(msync((void *)p, PAGE, MS_ASYNC), 0);
		assert_int_equal(msync((void *)(p + (all - 1) * PAGE), PAGE,
		                     MS_ASYNC), -1);
		for (steps = 2; !cdbfile_release(f, 10 * PAGE + 1); steps++)
			;
		assert_in_range(steps, all / 11, all / 10 + 2);
		assert_int_equal(msync((void *)p, PAGE, MS_ASYNC), -1);
	}
	f = take_copy(fixture_path("a.cdb"));
	assert_true(cdbfile_release(f, SIZE_MAX));
	/* Less than a page is a page, so that it comes to an end. */
	make(fixture_path("a.cdb"), 200);
	f = take_copy(fixture_path("a.cdb"));
	for (steps = 1; !cdbfile_release(f, 1); steps++)
		assert_true(steps < 10);
}

static void
test_empty_is_valid(void **state)
{
	struct cdbfile *f;
	struct stat st;
	struct str value;
	const char *err;
	int n = 0;

	(void)state;
	make(fixture_path("a.cdb"), 0);
	f = cdbfile_open(fixture_path("a.cdb"), &st, &err);
	assert_non_null(f);
	assert_int_equal(st.st_size, 2048);
	assert_int_equal(cdbfile_get(f, STR("x"), &value), 0);
	assert_int_equal(cdbfile_each(f, count_record, &n), 0);
	assert_int_equal(n, 0);
	cdbfile_close(f);
}

static void
test_truncated_at_every_length(void **state)
{
	struct cdbfile *f;
	const char *path, *err;
	struct stat st;
	off_t n;

	(void)state;
	path = fixture_path("a.cdb");
	make(path, 20);
	assert_int_equal(stat(path, &st), 0);
	for (n = st.st_size - 1; n >= 0; n--) {
		assert_int_equal(truncate(path, n), 0);
		err = NULL;
		errno = 0;
		f = cdbfile_open(path, NULL, &err);
		assert_null(f);
		assert_int_not_equal(errno, ENOENT);
		/* Shorter than its head it has no sign of a CDB at all. */
		assert_string_equal(err, n < 2048 ? "no CDB" : "truncated");
	}
}

static void
expect_no_cdb(const char *path)
{
	const char *err = NULL;

	assert_null(cdbfile_open(path, NULL, &err));
	assert_string_equal(err, "no CDB");
	assert_int_not_equal(errno, ENOENT);
}

static void
test_no_cdb(void **state)
{
	const char *path, *err = NULL;
	char text[5001];
	FILE *f;

	(void)state;
	path = fixture_path("a.cdb");
	assert_null(cdbfile_open(path, NULL, &err));
	assert_int_equal(errno, ENOENT);
	assert_string_equal(err, "No such file or directory");
	fixture_file(path, "");
	expect_no_cdb(path);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fixture_file(path, text);
	expect_no_cdb(path);
	memset(text, '\n', sizeof(text) - 1);
	fixture_file(path, text);
	expect_no_cdb(path);
	/* All zeroes, as a crash of the machine leaves them. */
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(truncate(path, 4096), 0);
	expect_no_cdb(path);
	/* Something behind the last table. */
	make(path, 10);
	f = fopen(path, "a");
	assert_non_null(f);
	assert_int_equal(fputc('x', f), 'x');
	assert_int_equal(fclose(f), 0);
	expect_no_cdb(path);
	expect_no_cdb(fixture_path("lists"));
	assert_int_equal(mkfifo(fixture_path("fifo"), 0600), 0);
	expect_no_cdb(fixture_path("fifo"));
}

/* Whether S lies in the file that is open. */
static bool
is_inside(const struct cdbfile *f, struct str s)
{
	struct str all = cdbfile_bytes(f);

	return s.p >= all.p && s.p + s.n <= all.p + all.n;
}

static int
expect_inside(void *arg, struct str key, struct str value)
{
	assert_true(is_inside(arg, key) && is_inside(arg, value));
	return 0;
}

static void
look_into_damaged(const char *path)
{
	const char *err;
	struct cdbfile *f = cdbfile_open(path, NULL, &err);
	struct str value;
	char key[32];

	if (f == NULL)
		return;
	for (int i = 0; i < 4; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		if (cdbfile_get(f, str_from(key), &value) == 1)
			assert_true(is_inside(f, value));
	}
	assert_int_not_equal(cdbfile_get(f, STR("nosuch"), &value), 1);
	assert_in_range(cdbfile_each(f, expect_inside, f) + 1, 0, 1);
	cdbfile_close(f);
}

/* Whatever byte is wrong, and whatever number: nothing is read beside the file,
 * and no key is there that was not put. */
static void
test_damaged_bytes(void **state)
{
	static const uint32_t numbers[] = { 0, 1, 2040, 2048, 2049, 2100,
		0x7fffffff, 0xfffffff8, UINT32_MAX };
	const char *path = fixture_path("a.cdb"), *err;
	uint32_t before;
	struct cdbfile *f;
	struct stat st;
	size_t i;
	off_t at;
	int fd;

	(void)state;
	make(path, 3);
	assert_int_equal(stat(path, &st), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	for (at = 0; at + 4 <= st.st_size; at++) {
		assert_int_equal(pread(fd, &before, 4, at), 4);
		assert_int_equal(pwrite(fd, "\xff", 1, at), 1);
		look_into_damaged(path);
		/* Numbers are where these are, in the head and elsewhere. */
		for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
			if (at < 2048 && at % 4 != 0)
				break;
			assert_int_equal(pwrite(fd, &numbers[i], 4, at), 4);
			look_into_damaged(path);
		}
		assert_int_equal(pwrite(fd, &before, 4, at), 4);
	}
	close(fd);
	f = cdbfile_open(path, NULL, &err);
	assert_non_null(f);
	cdbfile_close(f);
}

/* Whatever becomes of the file, what is open stays what it was. */
static void
test_written_and_cut_while_open(void **state)
{
	const char *path = fixture_path("a.cdb"), *err;
	char zeroes[4096] = "";
	struct cdbfile *f;
	struct str value;
	int fd, n = 0;

	(void)state;
	make(path, 1000);
	f = cdbfile_open(path, NULL, &err);
	assert_non_null(f);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	for (int i = 0; i < 4; i++)
		assert_int_equal(write(fd, zeroes, sizeof(zeroes)),
		    sizeof(zeroes));
	close(fd);
	assert_int_equal(cdbfile_get(f, STR("key-7"), &value), 1);
	assert_true(str_is(value, "value-7"));
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(cdbfile_each(f, count_record, &n), 0);
	assert_int_equal(n, 1000);
	cdbfile_close(f);
}

static void
test_replaced_while_open(void **state)
{
	struct cdbfile *old, *new;
	struct str value;
	const char *path, *err;

	(void)state;
	path = fixture_path("a.cdb");
	make(path, 10);
	old = cdbfile_open(path, NULL, &err);
	make(path, 5);
	new = cdbfile_open(path, NULL, &err);
	assert_non_null(old);
	assert_non_null(new);
	assert_int_equal(cdbfile_get(old, STR("key-7"), &value), 1);
	assert_int_equal(cdbfile_get(new, STR("key-7"), &value), 0);
	cdbfile_close(old);
	cdbfile_close(new);
}

static void
test_finish_and_overwrite(void **state)
{
	const char *err, *path = fixture_path("a.cdb");
	struct cdbmake *m = begin(path);
	struct cdbfile *f;
	struct str value;
	size_t at;

	(void)state;
	put_some(m, 10);
	f = cdbmake_finish(m, &err);
	assert_non_null(f);
	assert_int_equal(cdbfile_get(f, STR("key-7"), &value), 1);
	at = (size_t)(value.p - cdbfile_bytes(f).p);
	cdbfile_close(f);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(cdbmake_overwrite(m, at, STR("VALUE")), 0);
	assert_int_equal(cdbmake_commit(m, &err), 0);
	f = cdbfile_open(path, NULL, &err);
	assert_non_null(f);
	assert_int_equal(cdbfile_get(f, STR("key-7"), &value), 1);
	assert_true(str_is(value, "VALUE-7"));
	cdbfile_close(f);
	/* Nothing is left of one that was finished and not wanted. */
	m = begin(fixture_path("b.cdb"));
	cdbfile_close(cdbmake_finish(m, &err));
	cdbmake_cancel(m);
	assert_int_equal(fixture_count(fixture_path("."), "b.cdb"), 0);
}

static void
test_cancel(void **state)
{
	struct cdbmake *m;

	(void)state;
	m = begin(fixture_path("a.cdb"));
	put_some(m, 100);
	assert_int_equal(fixture_count(fixture_path("."), "a.cdb"), 1);
	cdbmake_cancel(m);
	assert_int_equal(fixture_count(fixture_path("."), "a.cdb"), 0);
	cdbmake_cancel(NULL);
}

static void
test_unwritable_directory(void **state)
{
	const char *err = NULL;

	(void)state;
	assert_int_equal(chmod(fixture_path("cache"), 0555), 0);
	assert_null(cdbmake_new(fixture_path("cache/a.cdb"), 0644, &err));
	assert_string_equal(err, "Permission denied");
	assert_null(cdbmake_new(fixture_path("no/a.cdb"), 0644, &err));
	assert_string_equal(err, "No such file or directory");
}

/* The old file is what it was, and nothing is left over. */
static void
expect_failed_write(const char *dir, const char *expected)
{
	char path[1024];
	struct cdbfile *f;
	struct cdbmake *m;
	struct str value;
	const char *err = NULL;

	snprintf(path, sizeof(path), "%s/a.cdb", dir);
	m = begin(path);
	put_some(m, 20000);
	assert_int_equal(cdbmake_commit(m, &err), -1);
	assert_string_equal(err, expected);
	assert_int_equal(fixture_count(dir, "a.cdb"), 1);
	f = cdbfile_open(path, NULL, &err);
	assert_non_null(f);
	assert_int_equal(cdbfile_get(f, STR("key-9"), &value), 1);
	cdbfile_close(f);
}

static void
test_file_too_large(void **state)
{
	struct rlimit before, low;

	(void)state;
	make(fixture_path("cache/a.cdb"), 10);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	low = before;
	low.rlim_cur = 65536;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	expect_failed_write(fixture_path("cache"), "File too large");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
}

static void
test_disk_full(void **state)
{
	const char *dir = fixture_path("cache");

	(void)state;
	if (!fixture_own_mounts()) {
		print_message("# not allowed to mount a small filesystem\n");
		skip();
	}
	assert_true(fixture_root());
	assert_int_equal(mount("none", dir, "tmpfs", 0, "size=128k,mode=777"),
	    0);
	fixture_nobody();
	make(fixture_path("cache/a.cdb"), 10);
	expect_failed_write(dir, "No space left on device");
	assert_true(fixture_root());
	assert_int_equal(umount(dir), 0);
	fixture_nobody();
}

static void
test_too_large_for_a_cdb(void **state)
{
	struct str huge = { "", (size_t)UINT32_MAX - 100 };
	struct cdbmake *m;
	const char *err = NULL;

	(void)state;
	m = begin(fixture_path("a.cdb"));
	assert_int_equal(cdbmake_put(m, STR("key"), STR("value")), 0);
	assert_int_equal(cdbmake_put(m, STR("huge"), huge), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(cdbmake_put(m, STR("key-2"), STR("value")), -1);
	assert_null(cdbmake_finish(m, &err));
	assert_string_equal(err, "too large for a CDB (4 GB)");
	assert_int_equal(cdbmake_overwrite(m, 0, STR("x")), -1);
	assert_int_equal(errno, EFBIG);
	err = NULL;
	assert_int_equal(cdbmake_commit(m, &err), -1);
	assert_string_equal(err, "too large for a CDB (4 GB)");
	assert_int_equal(fixture_count(fixture_path("."), "a.cdb"), 0);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_write_and_read),
		TEST(test_each_stops),
		TEST(test_keys_of_all_kinds),
		TEST(test_next),
		TEST(test_populate_in_steps),
		TEST(test_release_in_steps),
		TEST(test_empty_is_valid),
		TEST(test_truncated_at_every_length),
		TEST(test_no_cdb),
		TEST(test_damaged_bytes),
		TEST(test_replaced_while_open),
		TEST(test_written_and_cut_while_open),
		TEST(test_finish_and_overwrite),
		TEST(test_cancel),
		TEST(test_unwritable_directory),
		TEST(test_file_too_large),
		TEST(test_disk_full),
		TEST(test_too_large_for_a_cdb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
