#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/replace.h"
#include "tests/fixture.h"

/*
 * What reaches the disk, and when: in this program the C library's fsync() is
 * this one.
 */
static struct {
	int files, directories;
	ino_t file, directory;     /* the last ones */
	ino_t place, place_then;   /* what "cache/file" was at either time */
	bool file_fails, directory_fails, pretends;
} syncs;

static ino_t
in_place(void)
{
	struct stat st;

	return stat(fixture_path("cache/file"), &st) == 0 ? st.st_ino : 0;
}

int
fsync(int fd)
{
	struct stat st = { 0 };
	bool fails;

	if (syncs.pretends)
		return 0;
	(void)fstat(fd, &st);
	if (S_ISDIR(st.st_mode)) {
		syncs.directories++;
		syncs.directory = st.st_ino;
		syncs.place_then = in_place();
		fails = syncs.directory_fails;
	} else {
		syncs.files++;
		syncs.file = st.st_ino;
		syncs.place = in_place();
		fails = syncs.file_fails;
	}
	if (fails) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

static int
setup(void **state)
{
	memset(&syncs, 0, sizeof(syncs));
	return fixture_setup(state);
}

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

/* A file whose name is on the disk before its bytes are is lost in a crash. */
static void
syncs_the_file_then_the_name(void **state)
{
	struct stat file, directory;
	struct replace r;
	ino_t old;

	(void)state;
	fixture_file(fixture_path("cache/file"), "old");
	old = in_place();
	begin(&r, "new", 0644);
	assert_int_equal(fstat(r.fd, &file), 0);
	assert_int_equal(stat(fixture_path("cache"), &directory), 0);
	assert_int_equal(syncs.files + syncs.directories, 0);
	assert_int_equal(replace_commit(&r), 0);
	assert_int_equal(syncs.files, 1);
	assert_true(syncs.file == file.st_ino && syncs.place == old);
	assert_int_equal(syncs.directories, 1);
	assert_true(syncs.directory == directory.st_ino &&
	    syncs.place_then == file.st_ino);
}

static void
what_is_not_on_the_disk_is_not_used(void **state)
{
	struct replace r;

	(void)state;
	fixture_file(fixture_path("cache/file"), "old");
	syncs.file_fails = true;
	begin(&r, "new", 0644);
	assert_int_equal(replace_commit(&r), -1);
	assert_int_equal(errno, EIO);
	assert_content(fixture_path("cache/file"), "old");
	assert_int_equal(fixture_count(fixture_path("cache"), "file"), 1);

	/* Some filesystems tell of it only when the file is closed. */
	begin(&r, "new", 0644);
	syncs.pretends = true;
	close(r.fd);
	assert_int_equal(replace_commit(&r), -1);
	assert_int_equal(errno, EBADF);
	assert_content(fixture_path("cache/file"), "old");
	assert_int_equal(fixture_count(fixture_path("cache"), "file"), 1);

	/* It is there, but nobody may rely on that. */
	syncs.pretends = syncs.file_fails = false;
	syncs.directory_fails = true;
	begin(&r, "new", 0644);
	assert_int_equal(replace_commit(&r), -1);
	assert_int_equal(errno, EIO);
	assert_content(fixture_path("cache/file"), "new");
	assert_int_equal(fixture_count(fixture_path("cache"), "file"), 1);
}

/* What the daemon or mm-handler runs has no business with it. */
static void
no_program_inherits_it(void **state)
{
	struct replace r;

	(void)state;
	begin(&r, "new", 0644);
	assert_int_equal(fcntl(r.fd, F_GETFD), FD_CLOEXEC);
	replace_cancel(&r);
}

/* A rename would make a file of /dev/null, for every program of the host. */
static void
device_is_no_target(void **state)
{
	const char *link = fixture_path("cache/device");
	struct replace r;

	(void)state;
	assert_int_equal(symlink("/dev/null", link), 0);
	assert_int_equal(replace_open(&r, link, 0644), -1);
	assert_int_equal(errno, ENOTSUP);
	assert_null(r.temporary);
	assert_int_equal(replace_open(&r, "", 0644), -1);
	assert_int_equal(errno, ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)

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
		TEST(syncs_the_file_then_the_name),
		TEST(what_is_not_on_the_disk_is_not_used),
		TEST(no_program_inherits_it),
		TEST(device_is_no_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
