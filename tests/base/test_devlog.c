#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/devlog.h"
#include "tests/fixture.h"
#include "tests/patience.h"

/* The log daemon: a socket of TYPE at the path "log". */
static int
log_daemon(int type)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	assert_int_not_equal(fd, -1);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", fixture_path("log"));
	unlink(a.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static bool
says(struct devlog *d, const char *line)
{
	return devlog_send(d, 0, LOG_MAIL | LOG_WARNING, "prog", line);
}

/* The next line that arrived; the null byte of a stream stays. */
static size_t
receive_line(int fd, char *text, size_t size)
{
	const ssize_t n = recv(fd, text, size - 1, MSG_DONTWAIT);

	assert_true(n >= 0);
	text[n] = '\0';
	return (size_t)n;
}

/* Whether TEXT is LINE, said by the process PID. */
static bool
is_line(const char *text, const char *line, pid_t pid)
{
	char end[128];
	const char *at;

	snprintf(end, sizeof(end), " prog[%ld]: %s", (long)pid, line);
	at = strstr(text, " prog[");
	/* "<20>Nov 29 10:00:00 prog[1]: line" */
	return !strncmp(text, "<20>", 4) && at == text + 4 + 15 &&
	    !strcmp(at, end);
}

static void
test_datagram(void **state)
{
	struct devlog d = DEVLOG_INIT(fixture_path("log"));
	const int fd = log_daemon(SOCK_DGRAM);
	char text[4096], longer[3000];

	(void)state;
	assert_true(says(&d, "m: one"));
	receive_line(fd, text, sizeof(text));
	assert_true(is_line(text, "m: one", getpid()));
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_true(says(&d, longer));
	receive_line(fd, text, sizeof(text));
	assert_int_equal(strlen(strchr(text, 'x')), 1023);
	close(d.fd);
	close(fd);
}

static void
test_stream(void **state)
{
	struct devlog d = DEVLOG_INIT(fixture_path("log"));
	const int fd = log_daemon(SOCK_STREAM);
	char text[4096];
	size_t n;
	int peer;

	(void)state;
	assert_true(says(&d, "m: one"));
	peer = accept(fd, NULL, NULL);
	n = receive_line(peer, text, sizeof(text));
	assert_true(is_line(text, "m: one", getpid()));
	assert_int_equal(strlen(text) + 1, n);
	/* What ends in the middle of a line ends the connection. */
	while (says(&d, "m: more"))
		;
	close(peer);
	assert_true(says(&d, "m: two"));
	peer = accept(fd, NULL, NULL);
	receive_line(peer, text, sizeof(text));
	assert_true(is_line(text, "m: two", getpid()));
	close(peer);
	close(d.fd);
	close(fd);
}

static void
test_full(void **state)
{
	struct devlog d = DEVLOG_INIT(fixture_path("log"));
	const int fd = log_daemon(SOCK_DGRAM);
	char text[4096];
	int n = 0;

	(void)state;
	while (says(&d, "m: more"))
		assert_true(++n < 1000000);
	assert_false(says(&d, "m: lost"));
	assert_false(devlog_send(&d, 1, LOG_MAIL, "prog", "m: lost"));
	receive_line(fd, text, sizeof(text));
	assert_true(says(&d, "m: taken"));
	while (recv(fd, text, sizeof(text), MSG_DONTWAIT) > 0)
		;
	assert_non_null(strstr(text, "m: taken"));
	close(d.fd);
	close(fd);
}

/* Who may wait waits until the log daemon reads. */
static void
test_full_waits(void **state)
{
	struct devlog d = DEVLOG_INIT(fixture_path("log"));
	const int fd = log_daemon(SOCK_DGRAM);
	int status, n = 0;
	char text[4096];
	pid_t pid;

	(void)state;
	while (says(&d, "m: more"))
		n++;
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		_exit(devlog_send(&d, PATIENCE * 1000, LOG_MAIL | LOG_WARNING,
		    "prog", "m: waited") ? 0 : 1);
	}
	while (n-- > 0)
		assert_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
	text[recv(fd, text, sizeof(text) - 1, 0)] = '\0';
	assert_true(is_line(text, "m: waited", pid));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(d.fd);
	close(fd);
}

static void
test_started_anew(void **state)
{
	struct devlog d = DEVLOG_INIT(fixture_path("log"));
	char text[4096];
	int fd;

	(void)state;
	assert_false(says(&d, "m: nobody"));
	fd = log_daemon(SOCK_DGRAM);
	assert_true(says(&d, "m: one"));
	close(fd);
	assert_false(says(&d, "m: nobody"));
	fd = log_daemon(SOCK_DGRAM);
	assert_true(says(&d, "m: two"));
	receive_line(fd, text, sizeof(text));
	assert_true(is_line(text, "m: two", getpid()));
	close(d.fd);
	close(fd);
}

/* A child may have something else under that number. */
static void
test_in_a_child(void **state)
{
	struct devlog d = DEVLOG_INIT(fixture_path("log"));
	const int fd = log_daemon(SOCK_DGRAM);
	int ends[2], status;
	char text[4096];
	pid_t pid;

	(void)state;
	assert_true(says(&d, "m: parent"));
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		dup2(ends[0], d.fd);
		_exit(says(&d, "m: child") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(recv(ends[1], text, sizeof(text), MSG_DONTWAIT), -1);
	receive_line(fd, text, sizeof(text));
	assert_true(is_line(text, "m: parent", getpid()));
	receive_line(fd, text, sizeof(text));
	assert_true(is_line(text, "m: child", pid));
	close(ends[0]);
	close(ends[1]);
	close(d.fd);
	close(fd);
}

static void
test_long_path(void **state)
{
	char path[200];
	struct devlog d = DEVLOG_INIT(path);

	(void)state;
	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_false(says(&d, "m: one"));
	assert_int_equal(d.fd, -1);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_datagram),
		TEST(test_stream),
		TEST(test_full),
		TEST(test_full_waits),
		TEST(test_started_anew),
		TEST(test_in_a_child),
		TEST(test_long_path),
	};

	return cmocka_run_group_tests_name("devlog", tests, NULL, NULL);
}
