#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache/fork.h"
#include "tests/fixture.h"

static bool
is_file(int fd, const struct stat *of)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_dev == of->st_dev &&
	    st.st_ino == of->st_ino;
}

static bool
is_null(int fd)
{
	struct stat st;

	return stat("/dev/null", &st) == 0 && is_file(fd, &st);
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

/* 0 where the child has FIRST and SECOND, which may be NULL, in their places
 * and nothing else of its parent; else what is wrong. */
static int
what_is_wrong(const struct stat *first, const struct stat *second,
    const struct stat *error)
{
	struct sigaction act;
	int fd;

	if (!is_null(STDIN_FILENO) || !is_null(STDOUT_FILENO))
		return 1;
	if (!is_file(STDERR_FILENO, error))
		return 2;
	if (!is_file(FORK_FIRST_FD, first))
		return 3;
	if (second != NULL ? !is_file(FORK_SECOND_FD, second) :
	    is_open(FORK_SECOND_FD))
		return 4;
	for (fd = FORK_SECOND_FD + 1; fd < 256; fd++)
		if (is_open(fd))
			return 5;
	if (sigaction(SIGHUP, NULL, &act) == -1 || act.sa_handler != SIG_DFL)
		return 6;
	return 0;
}

static int
exit_of(pid_t pid)
{
	int status;

	assert_int_not_equal(pid, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The child's exit code, for descriptors A and B (-1: none). */
static int
child_of(int a, int b)
{
	struct stat first, second, error;
	pid_t pid;

	assert_int_equal(fstat(a, &first), 0);
	assert_int_equal(b == -1 ? 0 : fstat(b, &second), 0);
	assert_int_equal(fstat(STDERR_FILENO, &error), 0);
	pid = fork_bare(a, b);
	if (pid == 0)
		_exit(what_is_wrong(&first, b == -1 ? NULL : &second, &error));
	return exit_of(pid);
}

static int
open_file(const char *name)
{
	const char *path = fixture_path("%s", name);
	int fd;

	fixture_file(path, name);
	fd = open(path, O_RDONLY);
	assert_int_not_equal(fd, -1);
	return fd;
}

static void
test_descriptors(void **state)
{
	const int a = open_file("a"), b = open_file("b"), c = open_file("c");

	(void)state;
	signal(SIGHUP, SIG_IGN);
	assert_int_equal(child_of(a, -1), 0);
	assert_int_equal(child_of(c, -1), 0);
	assert_int_equal(child_of(a, b), 0);
	assert_int_equal(child_of(b, a), 0);
	assert_int_equal(child_of(b, c), 0);
	assert_int_equal(child_of(c, a), 0);
	signal(SIGHUP, SIG_DFL);
	close(a);
	close(b);
	close(c);
}

/* The other end sees it, though a process forked meanwhile has it as well. */
static void
test_end(void **state)
{
	int fds[2], later[2];
	char c;
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(pipe(later), 0);
	pid = fork();
	if (pid == 0) {
		close(later[1]);
		_exit(read(later[0], &c, 1) == 0 ? 0 : 1);
	}
	fork_end(fds[0]);
	assert_int_equal(recv(fds[1], &c, 1, 0), 0);
	close(later[1]);
	assert_int_equal(exit_of(pid), 0);
	close(later[0]);
	close(fds[1]);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_descriptors),
		TEST(test_end),
	};

	return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
