#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/fixture.h"

#define NOBODY 65534

static char top[256];

static bool
sleeps(pid_t pid)
{
	char path[64], line[256] = "";
	const char *after;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	f = fopen(path, "re");
	if (f) {
		(void)!fgets(line, sizeof(line), f);
		fclose(f);
	}
	after = strrchr(line, ')');
	return !after || after[2] == 'S';
}

void
fixture_wait_asleep(pid_t pid)
{
	while (!sleeps(pid))
		usleep(1000);
}

bool
fixture_root(void)
{
	if (getuid() != 0)
		return false;
	assert_int_equal(seteuid(0), 0);
	return true;
}

void
fixture_nobody(void)
{
	if (getuid() == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	prctl(PR_SET_DUMPABLE, 1);
}

/* Leak checkers look at us from another process when all is over. */
static void
be_root_again(void)
{
	if (getuid() == 0 && seteuid(0) == 0)
		prctl(PR_SET_DUMPABLE, 1);
}

bool
fixture_own_mounts(void)
{
	static bool done;

	if (done)
		return true;
	if (!fixture_root())
		return false;
	done = unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0;
	fixture_nobody();
	return done;
}

static bool
is_another_device(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev != y.st_dev;
}

/* -1 where it ended instead. */
static pid_t
await_file_server(pid_t pid, const char *from, const char *to)
{
	while (!is_another_device(from, to)) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return -1;
		usleep(1000);
	}
	return pid;
}

pid_t
fixture_file_server(const char *from, const char *to)
{
	pid_t pid;

	if (!fixture_own_mounts() || access("/dev/fuse", F_OK) == -1)
		return -1;
	assert_true(fixture_root());
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("bindfs", "bindfs", "-f", "-o", "allow_other", from, to,
		    (char *)NULL);
		_exit(127);
	}
	if (pid != -1)
		pid = await_file_server(pid, from, to);
	fixture_nobody();
	return pid;
}

void
fixture_end_file_server(pid_t pid, const char *to)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	(void)fixture_root();
	assert_int_equal(umount2(to, MNT_DETACH), 0);
	fixture_nobody();
}

int
fixture_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	static bool first = true;

	(void)state;
	if (first)
		atexit(be_root_again);
	first = false;
	umask(022);
	fixture_nobody();
	if (tmp == NULL || access(tmp, W_OK) == -1)
		tmp = "/tmp";
	snprintf(top, sizeof(top), "%s/listmap-test.XXXXXX", tmp);
	if (mkdtemp(top) == NULL)
		return -1;
	fixture_mkdir(fixture_path("lists"));
	fixture_mkdir(fixture_path("cache"));
	return 0;
}

static int
open_up(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type == FTW_D || type == FTW_DNR)
		chmod(path, 0700);
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int
fixture_teardown(void **state)
{
	int result;

	(void)state;
	(void)fixture_root();
	/* Twice: what could not be read is only entered after that. */
	nftw(top, open_up, 16, FTW_PHYS);
	nftw(top, open_up, 16, FTW_PHYS);
	result = nftw(top, remove_one, 16, FTW_PHYS | FTW_DEPTH);
	fixture_nobody();
	return result;
}

enum { PATH = 1024 };

static char *
next_path(void)
{
	static char paths[16][PATH];
	static unsigned turn;

	return paths[turn++ % 16];
}

const char *
fixture_path(const char *fmt, ...)
{
	char *path = next_path();
	int n = snprintf(path, PATH, "%s/", top);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path + n, PATH - (size_t)n, fmt, ap);
	va_end(ap);
	return path;
}

const char *
fixture_table(const char *name)
{
	const char *source = getenv("top_srcdir");
	char *path = next_path();

	snprintf(path, PATH, "%s/tests/data/%s", source ? source : ".", name);
	return path;
}

void
fixture_make(const char *what, const char *dir)
{
	const char *make = fixture_table("make");
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		execlp("python3", "python3", make, what, dir, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

void
fixture_mkdir(const char *path)
{
	assert_int_equal(mkdir(path, 0755), 0);
}

void
fixture_file(const char *path, const char *content)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(content, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

void
fixture_list(const char *dir, const char *name)
{
	fixture_mkdir(fixture_path("%s/%s", dir, name));
	/* A pickle of a dictionary that has nothing in it. */
	fixture_file(fixture_path("%s/%s/config.pck", dir, name), "}q\001.");
}

void
fixture_unlist(const char *dir, const char *name)
{
	assert_int_equal(
	    unlink(fixture_path("%s/%s/config.pck", dir, name)), 0);
	assert_int_equal(rmdir(fixture_path("%s/%s", dir, name)), 0);
}

int
fixture_count(const char *dir, const char *prefix)
{
	const struct dirent *e;
	DIR *d = opendir(dir);
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
	closedir(d);
	return n;
}

int
fixture_input(struct str s)
{
	int fd = memfd_create("message", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, s.p, s.n), s.n);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

struct buf
fixture_content(const char *path)
{
	FILE *f = fopen(path, "r");
	char chunk[4096];
	struct buf b;
	size_t n;

	buf_init(&b, 16 * 1024 * 1024);
	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_put(&b, chunk, n);
	fclose(f);
	assert_false(b.failed);
	return b;
}
