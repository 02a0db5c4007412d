#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache/lock.h"
#include "tests/fixture.h"
#include "tests/patience.h"

static const char *path;
static pid_t other; /* the process that has the lock; 0: there is none */
static int release; /* closed: it ends */
static int told;
static char holder[64];

static int
setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	path = fixture_path("cache/s.lock");
	told = 0;
	return 0;
}

static void
let_it_end(void)
{
	if (other == 0)
		return;
	close(release);
	assert_int_equal(waitpid(other, NULL, 0), other);
	other = 0;
}

static int
teardown(void **state)
{
	let_it_end();
	return fixture_teardown(state);
}

static void
hold_path(void)
{
	int ready[2], end[2], fd;
	char c;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(end, O_CLOEXEC), 0);
	other = fork();
	assert_int_not_equal(other, -1);
	if (other == 0) {
		close(end[1]);
		fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd == -1 || flock(fd, LOCK_EX) == -1 ||
		    write(ready[1], "", 1) != 1 || read(end[0], &c, 1) != 0)
			_exit(1);
		_exit(0);
	}
	close(ready[1]);
	close(end[0]);
	release = end[1];
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
}

/* Whether TEXT names the process that has the lock. */
static int
names_it(const char *text)
{
	char want[64];

	snprintf(want, sizeof(want), "process %ld (", (long)other);
	return strncmp(text, want, strlen(want)) == 0 &&
	    strstr(text, "test_lock)") != NULL;
}

static int
take(double patience)
{
	const struct lock_wait w = { .patience = patience };

	return lock_take(path, &w, holder, sizeof(holder));
}

static void
test_nobody_has_it(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	fixture_file(path, "");
	assert_int_equal(chmod(path, 0644), 0);
	fd = take(0);
	assert_int_not_equal(fd, -1);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	lock_release(fd);
	fd = take(0);
	assert_int_not_equal(fd, -1);
	lock_release(fd);
}

/* As a child has it that was made meanwhile. */
static void
test_released_though_open_elsewhere(void **state)
{
	int fd, elsewhere;

	(void)state;
	fd = take(0);
	elsewhere = dup(fd);
	lock_release(fd);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	fd = take(0);
	assert_int_not_equal(fd, -1);
	lock_release(fd);
	close(elsewhere);
}

static void
test_no_such_file(void **state)
{
	(void)state;
	assert_int_equal(symlink("elsewhere", path), 0);
	assert_int_equal(take(PATIENCE), -1);
	assert_int_equal(errno, ELOOP);
}

static void
test_held(void **state)
{
	(void)state;
	hold_path();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(take(i * 0.3), -1);
		assert_int_equal(errno, EWOULDBLOCK);
		assert_true(names_it(holder));
	}
}

static void
on_alarm(int sig)
{
	(void)sig;
}

static void
test_leaves_the_timer_as_it_was(void **state)
{
	const struct itimerval hour = { .it_value.tv_sec = 3600 };
	struct sigaction act = { .sa_handler = on_alarm }, now;
	struct itimerval left;

	(void)state;
	hold_path();
	assert_int_equal(sigaction(SIGALRM, &act, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &hour, NULL), 0);
	assert_int_equal(take(0.1), -1);
	assert_int_equal(getitimer(ITIMER_REAL, &left), 0);
	assert_int_equal(alarm(0) > 3000, 1);
	assert_true(left.it_value.tv_sec > 3000);
	assert_int_equal(left.it_interval.tv_usec, 0);
	assert_int_equal(sigaction(SIGALRM, NULL, &now), 0);
	assert_ptr_equal(now.sa_handler, on_alarm);
}

static void
free_it_when_told(void *arg, const char *text)
{
	int *n = arg;

	assert_true(names_it(text));
	++*n;
	let_it_end();
}

static void
test_says_for_whom_it_waits(void **state)
{
	const struct lock_wait w = { PATIENCE, free_it_when_told, &told };
	int fd;

	(void)state;
	hold_path();
	fd = lock_take(path, &w, holder, sizeof(holder));
	assert_int_not_equal(fd, -1);
	assert_int_equal(told, 1);
	close(fd);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nobody_has_it),
		TEST(test_released_though_open_elsewhere),
		TEST(test_no_such_file),
		TEST(test_held),
		TEST(test_leaves_the_timer_as_it_was),
		TEST(test_says_for_whom_it_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
