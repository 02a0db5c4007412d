#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/str.h"

static struct {
	int n;
	enum log_level level;
	char line[2048];
} got;

static void
sink(void *arg, enum log_level level, const char *line)
{
	assert_ptr_equal(arg, &got);
	got.n++;
	got.level = level;
	snprintf(got.line, sizeof(got.line), "%s", line);
	errno = EIO;
}

static int
setup(void **state)
{
	(void)state;
	got.n = 0;
	log_level(LEVEL_INFO);
	log_sink(sink, &got);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	log_sink(NULL, NULL);
	log_level(LEVEL_INFO);
	return 0;
}

static void
says_what_is_wanted(void **state)
{
	(void)state;
	for (enum log_level level = LEVEL_ERROR; level <= LEVEL_DEBUG;
	     level++) {
		got.n = 0;
		log_level(level);
		log_error("m: %s: %d", "e", 1);
		log_warn("m: w");
		log_info("m: i");
		log_debug("m: d");
		assert_int_equal(got.n, level + 1);
		assert_int_equal(got.level, level);
		assert_true(log_wants(level));
		assert_int_equal(log_wants(LEVEL_DEBUG), level == LEVEL_DEBUG);
	}
	log_error("m: %s: %d", "e", 1);
	assert_string_equal(got.line, "m: e: 1");
}

static void
keeps_errno(void **state)
{
	(void)state;
	errno = ENOENT;
	log_warn("m: w");
	assert_int_equal(errno, ENOENT);
	assert_int_equal(got.n, 1);
}

static void
cuts_long_lines(void **state)
{
	char wide[4096];

	(void)state;
	memset(wide, 'w', sizeof(wide));
	wide[sizeof(wide) - 1] = '\0';
	log_warn("m: %s", wide);
	assert_int_equal(strlen(got.line), 1023);
}

static void
keeps_the_first_error(void **state)
{
	char text[16], wide[4096];

	(void)state;
	log_keep_error(text, sizeof(text));
	assert_string_equal(text, "");
	log_warn("m: w");
	assert_string_equal(text, "");
	log_error("m: one");
	log_error("m: two");
	assert_string_equal(text, "m: one");
	assert_int_equal(got.n, 3);
	log_keep_error(NULL, 0);
	log_error("m: three");
	assert_string_equal(text, "m: one");
	memset(wide, 'w', sizeof(wide));
	wide[sizeof(wide) - 1] = '\0';
	log_keep_error(text, sizeof(text));
	log_error("%s", wide);
	log_keep_error(NULL, 0);
	assert_int_equal(strlen(text), sizeof(text) - 1);
}

static void
limits_what_peers_can_cause(void **state)
{
	struct log_limit l = { 0 };
	unsigned long before = 99;

	(void)state;
	assert_true(log_limit(&l, &before));
	assert_int_equal(before, 0);
	before = 99;
	assert_false(log_limit(&l, &before));
	assert_false(log_limit(&l, &before));
	assert_int_equal(before, 99);
	/* As if that had been a while ago. */
	l.last -= LOG_LIMIT_SECONDS;
	assert_true(log_limit(&l, &before));
	assert_int_equal(before, 2);
	l.last -= LOG_LIMIT_SECONDS;
	assert_true(log_limit(&l, &before));
	assert_int_equal(before, 0);
}

/* What CALL writes to stderr in a child, and how the child ends. */
static int
in_child(void (*call)(void), char *text, size_t size)
{
	int ends[2], status;
	size_t length = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		log_sink(NULL, NULL);
		call();
		_exit(0);
	}
	close(ends[1]);
	while (length < size - 1 &&
	    (n = read(ends[0], text + length, size - 1 - length)) > 0)
		length += (size_t)n;
	close(ends[0]);
	text[length] = '\0';
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
one_line(void)
{
	log_to_stderr("prog");
	log_info("m: said");
	log_debug("m: not said");
}

/* Fills stderr, a pipe that nobody reads now; then says something. */
static void
says_into_a_full_pipe(void)
{
	char page[4096] = "";
	const int flags = fcntl(STDERR_FILENO, F_GETFL);

	alarm(60);
	(void)fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK);
	while (write(STDERR_FILENO, page, sizeof(page)) > 0)
		;
	(void)fcntl(STDERR_FILENO, F_SETFL, flags);
	log_never_wait();
	log_to_stderr("prog");
	log_info("m: one");
	log_info("m: two");
}

static void
says_what_was_lost(void)
{
	int ends[2];
	const int kept = dup(STDERR_FILENO);

	if (pipe(ends) == -1)
		_exit(1);
	dup2(ends[1], STDERR_FILENO);
	says_into_a_full_pipe();
	dup2(kept, STDERR_FILENO);
	log_info("m: three");
	log_info("m: four");
}

static void
ends(void)
{
	log_to_stderr("prog");
	/* Without atexit()'s doings, which belong to the parent's tests. */
	fflush(NULL);
	fatal(EX_CONFIG, "m: %s", "over");
}

static void
ends_as_always(void)
{
	fatal_always(EX_TEMPFAIL);
	ends();
}

static void
ends_as_told_again(void)
{
	fatal_always(EX_TEMPFAIL);
	fatal_always(EX_SOFTWARE);
	ends();
}

static void
writes_to_stderr(void **state)
{
	char text[256];

	(void)state;
	assert_int_equal(in_child(one_line, text, sizeof(text)), 0);
	assert_string_equal(text, "prog: m: said\n");
}

static void
fatal_ends_with_the_code(void **state)
{
	char text[256];

	(void)state;
	assert_int_equal(in_child(ends, text, sizeof(text)), EX_CONFIG);
	assert_true(str_starts(str_from(text), "prog: m: over\n"));
}

/* For sendmail every code but a few is a bounce. */
static void
fatal_ends_with_one_code_always(void **state)
{
	char text[256];

	(void)state;
	assert_int_equal(in_child(ends_as_always, text, sizeof(text)),
	    EX_TEMPFAIL);
	assert_true(str_starts(str_from(text), "prog: m: over\n"));
	assert_int_equal(in_child(ends_as_told_again, text, sizeof(text)),
	    EX_SOFTWARE);
	/* That was the children's. */
	assert_int_equal(in_child(ends, text, sizeof(text)), EX_CONFIG);
}

static void
never_waits_for_a_reader(void **state)
{
	char text[256];

	(void)state;
	assert_int_equal(in_child(says_what_was_lost, text, sizeof(text)), 0);
	assert_string_equal(text, "prog: log: 2 lines were lost: standard "
	    "error did not take them\nprog: m: three\nprog: m: four\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(says_what_is_wanted),
		TEST(keeps_errno),
		TEST(cuts_long_lines),
		TEST(keeps_the_first_error),
		TEST(limits_what_peers_can_cause),
		TEST(writes_to_stderr),
		TEST(never_waits_for_a_reader),
		TEST(fatal_ends_with_the_code),
		TEST(fatal_ends_with_one_code_always),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
