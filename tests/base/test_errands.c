#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/errands.h"
#include "base/str.h"
#include "tests/patience.h"

#define MANY 200

static struct errand errand[MANY];
static struct errands all;
static char heard[MANY][64];
static int over[MANY];
static int awaited; /* a descriptor that the test process has */

static void
note_message(void *arg, size_t i, struct str s)
{
	(void)arg;
	assert_true(s.n < sizeof(heard[i]));
	memcpy(heard[i], s.p, s.n);
	heard[i][s.n] = '\0';
}

static void
note_end(void *arg, size_t i)
{
	(void)arg;
	over[i]++;
}

static void
run(void (*in_child)(void *, size_t, int), size_t n, double seconds)
{
	memset(errand, 0, sizeof(errand));
	memset(heard, 0, sizeof(heard));
	memset(over, 0, sizeof(over));
	for (size_t i = 0; i < n; i++)
		errand[i].seconds = seconds;
	all = (struct errands){ in_child, note_message, note_end, NULL, errand,
		n };
	errands_run(&all);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(over[i], 1);
}

static void
say_number(void *arg, size_t i, int fd)
{
	char text[32];

	(void)arg;
	snprintf(text, sizeof(text), "number %zu", i);
	errands_say(fd, text, strlen(text));
}

static void
test_more_than_run_at_once(void **state)
{
	char text[32];

	(void)state;
	run(say_number, MANY, PATIENCE);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "number %zu", i);
		assert_string_equal(heard[i], text);
		assert_int_equal(errand[i].state, ERRAND_ENDED);
		assert_int_equal(errand[i].status, 0);
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void
hang_first(void *arg, size_t i, int fd)
{
	errands_say(fd, "here", 4);
	while (i == 0)
		pause();
	if (i == 1)
		abort();
	say_number(arg, i, fd);
}

/* One that hangs keeps nobody, and is killed. */
static void
test_left_behind(void **state)
{
	int status;

	(void)state;
	run(hang_first, 3, 0.5);
	assert_int_equal(errand[0].state, ERRAND_LEFT);
	assert_string_equal(heard[0], "here");
	assert_int_equal(errand[1].state, ERRAND_ENDED);
	assert_true(WIFSIGNALED(errand[1].status));
	assert_int_equal(errand[2].state, ERRAND_ENDED);
	assert_string_equal(heard[2], "number 2");
	assert_int_equal(waitpid(errand[0].pid, &status, 0), errand[0].pid);
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void
spare_it(void *arg, size_t i, struct str s)
{
	note_message(arg, i, s);
	errand[i].spared = true;
	errand[i].until = clock_seconds();
}

static void
test_spared(void **state)
{
	int status;

	(void)state;
	memset(errand, 0, sizeof(errand));
	errand[0].seconds = PATIENCE;
	all = (struct errands){ hang_first, spare_it, NULL, NULL, errand, 1 };
	errands_run(&all);
	assert_int_equal(errand[0].state, ERRAND_LEFT);
	assert_int_equal(waitpid(errand[0].pid, &status, WNOHANG), 0);
	assert_int_equal(kill(errand[0].pid, SIGTERM), 0);
	assert_int_equal(waitpid(errand[0].pid, &status, 0), errand[0].pid);
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

static void
on_signal(int sig)
{
	(void)sig;
}

static void
look_around(void *arg, size_t i, int fd)
{
	struct sigaction act;
	bool well;

	(void)arg, (void)i;
	well = fcntl(awaited, F_GETFD) == -1 && fd == 3 &&
	    fcntl(4, F_GETFD) == -1 && isatty(0) == 0 &&
	    write(1, "lost\n", 5) == 5 && write(2, "lost\n", 5) == 5 &&
	    sigaction(SIGUSR1, NULL, &act) == 0 && act.sa_handler == SIG_DFL &&
	    sigaction(SIGUSR2, NULL, &act) == 0 && act.sa_handler == SIG_IGN;
	errands_say(fd, well ? "well" : "not well", well ? 4 : 8);
}

static void
test_has_nothing_of_its_parent(void **state)
{
	int fds[2];
	char c;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	awaited = fcntl(fds[1], F_DUPFD, 20);
	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, SIG_IGN);
	run(look_around, 1, PATIENCE);
	assert_string_equal(heard[0], "well");
	/* One that hangs holds no pipe. */
	run(hang_first, 1, 0.2);
	close(awaited);
	close(fds[1]);
	assert_int_equal(read(fds[0], &c, 1), 0);
	close(fds[0]);
}

static void
say_number_and_hang(void *arg, size_t i, int fd)
{
	const pid_t pid = getpid();

	(void)arg, (void)i;
	errands_say(fd, &pid, sizeof(pid));
	for (;;)
		pause();
}

static void
tell_grandparent(void *arg, size_t i, struct str s)
{
	int *fd = arg;

	(void)i;
	if (write(*fd, s.p, s.n) != (ssize_t)s.n)
		_exit(1);
}

/* Nobody may wait for it where it goes to when its parent is gone. */
static bool
is_dead(pid_t pid)
{
	char path[64], line[512];
	FILE *f;
	bool dead;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	f = fopen(path, "r");
	dead = !f || !fgets(line, sizeof(line), f) || strstr(line, ") Z ") ||
	    strstr(line, ") X ");
	if (f)
		fclose(f);
	return dead;
}

/* Its parent is killed, and it with it. */
static void
test_dies_with_its_parent(void **state)
{
	pid_t pid, child;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		memset(errand, 0, sizeof(errand));
		errand[0].seconds = PATIENCE;
		all = (struct errands){ say_number_and_hang, tell_grandparent,
			NULL, &fds[1], errand, 1 };
		errands_run(&all);
		_exit(1);
	}
	assert_int_equal(read(fds[0], &child, sizeof(child)), sizeof(child));
	assert_false(is_dead(child));
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	UNTIL(is_dead(child));
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_more_than_run_at_once),
		cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_spared),
		cmocka_unit_test(test_has_nothing_of_its_parent),
		cmocka_unit_test(test_dies_with_its_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
