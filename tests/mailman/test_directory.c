#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "mailman/directory.h"
#include "mailman/list_info.h"
#include "mailman/mailman.h"
#include "tests/fixture.h"
#include "tests/patience.h"

/* In the place of the library's: a filesystem on which the case of letters does
 * not matter, and that has no flag to say so. */
static bool folds;

int
fstatat(int dir, const char *name, struct stat *st, int flags)
{
	char folded[1024];
	int fd, result;
	size_t i;

	for (i = 0; name[i] != '\0' && i < sizeof(folded) - 1; i++)
		folded[i] = folds ? (char)tolower(name[i]) : name[i];
	folded[i] = '\0';
	fd = openat(dir, folded, O_PATH |
	    ((flags & AT_SYMLINK_NOFOLLOW) != 0 ? O_NOFOLLOW : 0));
	if (fd == -1)
		return -1;
	result = fstat(fd, st);
	close(fd);
	return result;
}

/* In the place of the library's, of which openat2() alone is asked for: it
 * fails so often with EAGAIN. */
static int refusals;

long
syscall(long number, ...)
{
	typedef long openat2_fn(long, int, const char *, const void *, size_t);
	openat2_fn *real = (openat2_fn *)dlsym(RTLD_NEXT, "syscall");
	const char *path;
	const void *how;
	va_list ap;
	int dir;

	errno = number == SYS_openat2 ? EAGAIN : ENOSYS;
	if (number != SYS_openat2 || refusals-- > 0)
		return -1;
	va_start(ap, number);
	dir = va_arg(ap, int);
	path = va_arg(ap, const char *);
	how = va_arg(ap, const void *);
	number = real(SYS_openat2, dir, path, how, va_arg(ap, size_t));
	va_end(ap);
	return number;
}

static enum lists_found
ask(const struct directory_id *must_be, const char *name)
{
	return directory_find(&mailman2, fixture_path("lists"), must_be,
	    str_from(name), NULL);
}

static void
test_names(void **state)
{
	static const struct {
		const char *name;
		enum lists_found found;
	} cases[] = {
		{ "foo", LISTS_FOUND },
		{ "linked", LISTS_FOUND },
		{ "nosuch", LISTS_ABSENT },
		{ "half-made", LISTS_ABSENT },
		{ "dangling", LISTS_ABSENT },
		{ "circle", LISTS_ABSENT },
		{ "file", LISTS_ABSENT },
		{ "Foo", LISTS_ABSENT },
		{ "..", LISTS_ABSENT },
		{ ".", LISTS_ABSENT },
		{ "", LISTS_ABSENT },
		{ "../lists/foo", LISTS_ABSENT },
		{ "foo/", LISTS_ABSENT },
		{ "locked", LISTS_NO_ANSWER },
	};
	size_t i;

	(void)state;
	fixture_list("lists", "foo");
	fixture_list("lists", "locked");
	fixture_mkdir(fixture_path("lists/half-made"));
	fixture_file(fixture_path("lists/file"), "");
	assert_int_equal(symlink("foo", fixture_path("lists/linked")), 0);
	assert_int_equal(symlink("no", fixture_path("lists/dangling")), 0);
	assert_int_equal(symlink("circle", fixture_path("lists/circle")), 0);
	assert_int_equal(chmod(fixture_path("lists/locked"), 0), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (ask(NULL, cases[i].name) != cases[i].found)
			fail_msg("%s: not %d", cases[i].name, cases[i].found);
}

static void
test_long_names(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[256] = '\0';
	assert_int_equal(ask(NULL, name), LISTS_ABSENT);
	name[255] = '\0';
	assert_int_equal(ask(NULL, name), LISTS_ABSENT);
	fixture_mkdir(fixture_path("lists/%s", name));
	fixture_file(fixture_path("lists/%s/config.pck", name), "");
	assert_int_equal(ask(NULL, name), LISTS_FOUND);
}

static void
test_identity(void **state)
{
	struct directory_id id, other;

	(void)state;
	fixture_list("lists", "foo");
	assert_int_equal(directory_identify(fixture_path("lists"), &id), 0);
	assert_int_equal(directory_identify(fixture_path("cache"), &other), 0);
	assert_int_equal(ask(&id, "foo"), LISTS_FOUND);
	assert_int_equal(ask(&id, "bar"), LISTS_ABSENT);
	/* What is there is not believed, and is not absent either. */
	assert_int_equal(ask(&other, "foo"), LISTS_NO_ANSWER);
	assert_int_equal(ask(&other, "bar"), LISTS_AWAY);
	assert_int_equal(directory_identify(fixture_path("no"), &id), -1);
	fixture_file(fixture_path("file"), "");
	assert_int_equal(directory_identify(fixture_path("file"), &id), -1);
}

static void
test_stat_of_what_was_found(void **state)
{
	struct stat st, must;

	(void)state;
	fixture_list("lists", "foo");
	assert_int_equal(stat(fixture_path("lists/foo/config.pck"), &must),
	    0);
	assert_int_equal(directory_find(&mailman2, fixture_path("lists"), NULL,
	                     STR("foo"), &st), LISTS_FOUND);
	assert_true(st.st_ino == must.st_ino && st.st_size == must.st_size);
	/* To know that a list is there nobody reads it. */
	assert_int_equal(chmod(fixture_path("lists/foo/config.pck"), 0), 0);
	assert_int_equal(ask(NULL, "foo"), LISTS_FOUND);
}

static bool
read_list(const char *name, struct list_info *p)
{
	return directory_read(&mailman2, fixture_path("lists"),
	    str_from(name), DIRECTORY_READ_MAX, p) == 0;
}

static void
test_particulars(void **state)
{
	static const char pickle[] = "}(S'host_name'\nS'A.Test'\n"
	    "S'web_page_url'\nS'http://a/'\nS'advertised'\nI01\nu.";
	struct list_info p;
	char wide[300];

	(void)state;
	fixture_list("lists", "foo");
	fixture_file(fixture_path("lists/foo/config.pck"), pickle);
	assert_true(read_list("foo", &p));
	assert_string_equal(p.host, "a.test");
	assert_string_equal(p.url, "http://a/listinfo");
	/* So large that it would take too long. */
	assert_int_equal(truncate(fixture_path("lists/foo/config.pck"),
	                     DIRECTORY_READ_MAX), 0);
	assert_true(read_list("foo", &p));
	assert_string_equal(p.host, "a.test");
	assert_int_equal(truncate(fixture_path("lists/foo/config.pck"),
	                     DIRECTORY_READ_MAX + 1), 0);
	assert_false(read_list("foo", &p));
	assert_int_equal(errno, EFBIG);
	assert_string_equal(p.host, "");
	/* What may not be read now may say something later. */
	assert_int_equal(chmod(fixture_path("lists/foo/config.pck"), 0), 0);
	assert_false(read_list("foo", &p));
	assert_int_equal(errno, EACCES);
	assert_string_equal(p.host, "");
	assert_false(read_list("nosuch", &p));
	assert_false(read_list("..", &p));
	memset(wide, 'a', sizeof(wide));
	wide[256] = '\0';
	assert_false(read_list(wide, &p));
	/* Broken ones, one that the one before stands in for, and one that
	 * Mailman kept in another way in 2002. */
	fixture_mkdir(fixture_path("lists/broken"));
	fixture_file(fixture_path("lists/broken/config.pck"), "");
	assert_false(read_list("broken", &p));
	assert_int_equal(errno, LIST_INFO_BROKEN);
	fixture_file(fixture_path("lists/broken/config.pck.last"), pickle);
	assert_true(read_list("broken", &p));
	assert_string_equal(p.host, "a.test");
	fixture_mkdir(fixture_path("lists/link"));
	assert_int_equal(symlink("nowhere",
	                     fixture_path("lists/link/config.pck")), 0);
	assert_false(read_list("link", &p));
	assert_int_equal(errno, LIST_INFO_BROKEN);
	fixture_mkdir(fixture_path("lists/marshal"));
	fixture_file(fixture_path("lists/marshal/config.db"), "{");
	assert_true(read_list("marshal", &p));
	assert_string_equal(p.host, "");
	assert_int_equal(rename(fixture_path("lists"), fixture_path("moved")),
	    0);
	assert_false(read_list("foo", &p));
	assert_int_equal(errno, ENOENT);
	assert_string_equal(p.host, "");
}

static void
test_directory_away(void **state)
{
	(void)state;
	fixture_list("lists", "foo");
	assert_int_equal(chmod(fixture_path("lists"), 0), 0);
	assert_int_equal(ask(NULL, "foo"), LISTS_AWAY);
	assert_int_equal(ask(NULL, "bar"), LISTS_AWAY);
	/* Readable alone does not let anybody in. */
	assert_int_equal(chmod(fixture_path("lists"), 0444), 0);
	assert_int_equal(ask(NULL, "bar"), LISTS_AWAY);
	/* Names can be asked for where they cannot be listed. */
	assert_int_equal(chmod(fixture_path("lists"), 0111), 0);
	assert_int_equal(ask(NULL, "foo"), LISTS_FOUND);
	assert_int_equal(ask(NULL, "bar"), LISTS_ABSENT);
	assert_int_equal(chmod(fixture_path("lists"), 0755), 0);
	assert_int_equal(rename(fixture_path("lists"), fixture_path("moved")),
	    0);
	assert_int_equal(ask(NULL, "foo"), LISTS_AWAY);
	fixture_file(fixture_path("lists"), "a file");
	assert_int_equal(ask(NULL, "foo"), LISTS_AWAY);
}

static enum directory_kind
kind_of(const char *path)
{
	return directory_kind_of(path);
}

/* Where the tests run there is a filesystem that inotify sees all of, or else
 * one that shows nothing of it. */
static void
test_kinds(void **state)
{
	(void)state;
	assert_int_equal(kind_of("/proc"), DIRECTORY_SLOW);
	assert_int_equal(kind_of(fixture_path("nosuch")), DIRECTORY_UNKNOWN);
	fixture_file(fixture_path("file"), "");
	assert_int_equal(kind_of(fixture_path("file")), DIRECTORY_UNKNOWN);
	if (kind_of(fixture_path("lists")) != DIRECTORY_SEEN) {
		print_message("# the tests' own filesystem is another kind\n");
		skip();
	}
	/* Names that look alike are two entries each. */
	fixture_mkdir(fixture_path("lists/a"));
	fixture_mkdir(fixture_path("lists/A"));
	assert_int_equal(kind_of(fixture_path("lists")), DIRECTORY_SEEN);
	fixture_file(fixture_path("cache/a"), "");
	assert_int_equal(link(fixture_path("cache/a"), fixture_path("cache/A")),
	    0);
	assert_int_equal(kind_of(fixture_path("cache")), DIRECTORY_SEEN);
	/* Who may not read it sees neither flags nor entries. */
	assert_int_equal(chmod(fixture_path("lists"), 0311), 0);
	assert_int_equal(kind_of(fixture_path("lists")), DIRECTORY_UNSEEN);
	assert_int_equal(chmod(fixture_path("lists"), 0), 0);
	assert_int_equal(kind_of(fixture_path("lists")), DIRECTORY_UNSEEN);
	assert_int_equal(chmod(fixture_path("lists"), 0755), 0);
}

static void
test_no_flag_for_case(void **state)
{
	(void)state;
	if (kind_of(fixture_path("lists")) != DIRECTORY_SEEN) {
		print_message("# the tests' own filesystem is another kind\n");
		skip();
	}
	folds = true;
	assert_int_equal(kind_of(fixture_path("lists")), DIRECTORY_SEEN);
	fixture_file(fixture_path("lists/a"), "");
	fixture_mkdir(fixture_path("lists/1"));
	assert_int_equal(kind_of(fixture_path("lists")), DIRECTORY_SEEN);
	fixture_mkdir(fixture_path("lists/1-b"));
	assert_int_equal(kind_of(fixture_path("lists")), DIRECTORY_UNSEEN);
	folds = false;
	assert_int_equal(kind_of(fixture_path("lists")), DIRECTORY_SEEN);
}

/* Mounts TYPE at DIR with OPTIONS; false where that cannot be had here. */
static bool
mounted(const char *type, const char *dir, const char *options)
{
	bool done = fixture_own_mounts() && fixture_root() &&
	    mount("none", dir, type, 0, options) == 0;

	fixture_nobody();
	return done;
}

static void
unmount(const char *dir)
{
	assert_true(fixture_root());
	assert_int_equal(umount2(dir, MNT_DETACH), 0);
	fixture_nobody();
}

/* A lower layer changes and nobody is told. */
static void
test_overlay(void **state)
{
	const char *dir = fixture_path("lists"), *tmp = fixture_path("cache");
	char layers[2048];

	(void)state;
	if (!mounted("tmpfs", tmp, "mode=0777")) {
		print_message("# no mounts of our own: needs root\n");
		skip();
	}
	assert_int_equal(kind_of(tmp), DIRECTORY_SEEN);
	fixture_mkdir(fixture_path("cache/lower"));
	fixture_mkdir(fixture_path("cache/upper"));
	fixture_mkdir(fixture_path("cache/work"));
	snprintf(layers, sizeof(layers), "lowerdir=%s,upperdir=%s,workdir=%s",
	    fixture_path("cache/lower"), fixture_path("cache/upper"),
	    fixture_path("cache/work"));
	if (mounted("overlay", dir, layers)) {
		assert_int_equal(kind_of(dir), DIRECTORY_UNSEEN);
		unmount(dir);
	}
	unmount(tmp);
}

/* The kernel takes a directory for it that is empty, on a filesystem that was
 * made for it. */
static void
test_case_folded(void **state)
{
	const char *dir = fixture_path("lists");
	int flags = FS_CASEFOLD_FL, fd;
	bool set;

	(void)state;
	if (!mounted("tmpfs", dir, "mode=0777,casefold")) {
		print_message("# no tmpfs that folds case here\n");
		skip();
	}
	fixture_mkdir(fixture_path("lists/folded"));
	fd = open(fixture_path("lists/folded"), O_RDONLY | O_DIRECTORY);
	assert_int_not_equal(fd, -1);
	set = ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
	close(fd);
	assert_int_equal(kind_of(fixture_path("lists/folded")),
	    set ? DIRECTORY_UNSEEN : DIRECTORY_SEEN);
	assert_int_equal(kind_of(dir), DIRECTORY_SEEN);
	unmount(dir);
}

/* As directory_identify_cached(), for what the kernel surely has in memory: it
 * would have to ask all the same where a filesystem is mounted just then,
 * anywhere on the machine. */
static int
identify_known(const char *path, struct directory_id *id)
{
	const time_t end = time(NULL) + PATIENCE;
	int result;

	do
		result = directory_identify_cached(path, id);
	while (result == -1 && errno == EAGAIN && time(NULL) <= end);
	return result;
}

/* What test_identity_cached() must hold, whether the kernel has it cached or
 * the calls that ask for that are missing. */
static bool
is_cached_right(void)
{
	struct directory_id id, cached = { 0 };

	if (directory_identify(fixture_path("lists"), &id) == -1 ||
	    identify_known(fixture_path("lists"), &cached) == -1 ||
	    cached.dev != id.dev || cached.ino != id.ino)
		return false;
	if (identify_known(fixture_path("link"), &cached) == -1 ||
	    cached.ino != id.ino)
		return false;
	if (identify_known(fixture_path("file"), &cached) != -1 ||
	    errno != ENOTDIR)
		return false;
	return directory_identify(fixture_path("no"), &id) == -1 &&
	    directory_identify_cached(fixture_path("no"), &cached) == -1 &&
	    (errno == ENOENT || errno == EAGAIN);
}

static void
forbid_openat2(int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
		    SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog all = { 4, code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) == -1)
		_exit(2);
}

static void
test_identity_cached(void **state)
{
	static const int errors[] = { ENOSYS, EINVAL, E2BIG, EPERM };
	size_t i;

	(void)state;
	assert_int_equal(symlink("lists", fixture_path("link")), 0);
	fixture_file(fixture_path("file"), "");
	/* Each in a process of its own, for it is found out once. */
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		int status;
		pid_t pid = fork();

		assert_int_not_equal(pid, -1);
		if (pid == 0) {
			forbid_openat2(errors[i]);
			_exit(is_cached_right() && is_cached_right() ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WEXITSTATUS(status) == 2)
			continue; /* no filters here */
		assert_int_equal(status, 0);
	}
	assert_true(is_cached_right());
}

/* Mounts and unmounts until it is killed, where nobody else sees it. */
static _Noreturn void
mount_without_pause(const char *on)
{
	if (!fixture_root() || prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 ||
	    unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		_exit(2);
	while (mount("/", on, NULL, MS_BIND, NULL) == 0)
		if (umount2(on, MNT_DETACH) == -1)
			_exit(2);
	_exit(2);
}

/* Beside mounts the kernel may forget at any time what it has in memory: then
 * nobody knows, and nothing else comes of it. */
static void
test_identity_beside_mounts(void **state)
{
	struct directory_id id, cached;
	int i, known = 0, status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0)
		mount_without_pause(fixture_path("cache"));
	assert_int_equal(directory_identify(fixture_path("lists"), &id), 0);
	for (i = 0; i < 100000; i++) {
		cached = (struct directory_id){ 0 };
		if (directory_identify_cached(fixture_path("lists"),
		        &cached) == -1) {
			assert_int_equal(errno, EAGAIN);
			continue;
		}
		known++;
		assert_int_equal(cached.dev, id.dev);
		assert_int_equal(cached.ino, id.ino);
	}
	assert_int_not_equal(known, 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status)) {
		print_message("# may not mount here\n");
		skip();
	}
}

static int
errno_of_cached(const char *path)
{
	struct directory_id id;

	return directory_identify_cached(path, &id) == 0 ? 0 : errno;
}

/* What gets in the way of one look does not of some; but there is an end. */
static void
test_refused_now_and_then(void **state)
{
	(void)state;
	UNTIL((refusals = 3, errno_of_cached(fixture_path("lists"))) == 0);
	refusals = 1000;
	assert_int_equal(errno_of_cached(fixture_path("lists")), EAGAIN);
	assert_true(refusals > 900);
	refusals = 0;
}

/* What it says of a directory whose file server was stopped. */
static void
test_stopped_file_server(void **state)
{
	struct directory_id id;
	char far[1024];
	pid_t server;

	(void)state;
	snprintf(far, sizeof(far), "%s", fixture_path("cache"));
	fixture_mkdir(fixture_path("lists/l"));
	server = fixture_file_server(fixture_path("lists"), far);
	if (server == -1) {
		print_message("# no file server: needs root, FUSE, bindfs\n");
		skip();
	}
	assert_int_equal(kind_of(far), DIRECTORY_SLOW);
	assert_int_equal(directory_identify(fixture_path("cache/l"), &id), 0);
	assert_int_equal(kill(server, SIGSTOP), 0);
	/* The kernel believes it for a second; none of these ever hangs. */
	UNTIL(errno_of_cached(fixture_path("cache/l")) == EAGAIN);
	UNTIL(errno_of_cached(fixture_path("lists/l")) == 0);
	assert_int_equal(kill(server, SIGCONT), 0);
	assert_int_equal(directory_identify(fixture_path("cache/l"), &id), 0);
	fixture_end_file_server(server, far);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_long_names),
		TEST(test_identity),
		TEST(test_stat_of_what_was_found),
		TEST(test_particulars),
		TEST(test_directory_away),
		TEST(test_kinds),
		TEST(test_no_flag_for_case),
		TEST(test_overlay),
		TEST(test_case_folded),
		TEST(test_identity_cached),
		TEST(test_identity_beside_mounts),
		TEST(test_refused_now_and_then),
		TEST(test_stopped_file_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
