#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"
#include "mm-handler/deliver.h"
#include "mm-handler/wrapper_output.h"
#include "mm-handler/writer.h"
#include "tests/fixture.h"
#include "tests/patience.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FIELDS "A: 1\n"
#define MEGABYTES (3 * 1024 * 1024 + 7)
/* As long as whoever hangs may. */
#define SHORT 0.3
#define TOO_LONG "the wrapper took longer than 0.3 s"

/* Of a message whose end nobody doubts. */
static const struct writer certain = { .file = true };
static struct delivery_result last;
static char wrapper[1024];
static sigset_t mask;

/* deliver() blocks signals, for its process is to end. */
static int
setup(void **state)
{
	sigprocmask(SIG_SETMASK, NULL, &mask);
	if (fixture_setup(state) != 0)
		return -1;
	snprintf(wrapper, sizeof(wrapper), "%s", fixture_path("wrapper"));
	return 0;
}

static int
teardown(void **state)
{
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return fixture_teardown(state);
}

/* A wrapper that writes beside itself. */
static void
make_wrapper(const char *script)
{
	char text[2048];

	snprintf(text, sizeof(text), "#!/bin/sh\ncd \"${0%%/*}\" || exit 99\n"
	    "%s\n", script);
	fixture_file(wrapper, text);
	assert_int_equal(chmod(wrapper, 0755), 0);
}

static bool
run(int from, double timeout)
{
	const struct deliver_order o = { .wrapper = wrapper, .action = "post",
		.list = "foo", .delivery = { STR(FIELDS), timeout, from,
		    &certain } };

	return deliver(&o, &last);
}

static bool
run_with(struct str message, double timeout)
{
	int fd = fixture_input(message);
	bool ok = run(fd, timeout);

	close(fd);
	assert_int_equal(ok, *last.reason == '\0');
	return ok;
}

static bool
exists(const char *name)
{
	return access(fixture_path("%s", name), F_OK) == 0;
}

/* The content of a file of the fixture; the caller clears it. */
static struct buf
content(const char *name)
{
	return fixture_content(fixture_path("%s", name));
}

static void
expect_content(const char *name, struct str want)
{
	struct buf b = content(name);

	if (!str_eq(buf_get(&b), want))
		fail_msg("%s: %zu bytes, not %zu: %.200s", name, b.n, want.n,
		    buf_cstr(&b));
	buf_clear(&b);
}

/* Whether the file is there and has something in it. */
static bool
has_content(const char *name)
{
	struct stat st;

	return stat(fixture_path("%s", name), &st) == 0 && st.st_size > 0;
}

/* A message with every byte and no period of a power of two. */
static struct str
large(void)
{
	static char bytes[MEGABYTES];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i % 251 + i / 65521);
	return (struct str){ bytes, sizeof(bytes) };
}

static void
test_stores(void **state)
{
	(void)state;
	make_wrapper("cat >stored");
	assert_true(run_with(STR("From a\nH: v\n\n\0body"), PATIENCE));
	assert_int_equal(last.size, 18);
	expect_content("stored", STR("From a\n" FIELDS "H: v\n\n\0body"));
	assert_true(run_with(STR("x"), PATIENCE));
	assert_int_equal(last.size, 1);
	expect_content("stored", STR(FIELDS "x"));
}

static void
test_megabytes(void **state)
{
	struct str message = large();
	struct buf b;

	(void)state;
	make_wrapper("cat >stored");
	assert_true(run_with(message, PATIENCE));
	assert_int_equal(last.size, message.n);
	b = content("stored");
	assert_int_equal(b.n, message.n + strlen(FIELDS));
	assert_memory_equal(b.p, FIELDS, strlen(FIELDS));
	assert_memory_equal(b.p + strlen(FIELDS), message.p, message.n);
	buf_clear(&b);
}

/* What the wrapper is given besides the message. */
static void
test_surroundings(void **state)
{
	char want[2048];
	sigset_t some;
	struct buf b;

	(void)state;
	sigemptyset(&some);
	sigaddset(&some, SIGUSR1);
	sigprocmask(SIG_BLOCK, &some, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* Else nobody would learn how the wrapper ended. */
	signal(SIGCHLD, SIG_IGN);
	umask(027);
	make_wrapper(
	    "printf '%s|' \"$0\" \"$@\" >args\n"
	    "tr '\\0' '\\n' </proc/$$/environ >env\n"
	    "read -r pid comm state ppid group rest </proc/$$/stat\n"
	    "read -r pid comm state parent ours rest </proc/$ppid/stat\n"
	    "[ $ours = $group ] || echo own >group\n"
	    /* No other program: the shell blocks signals while it starts one. */
	    "while read -r name value; do case $name in\n"
	    "SigBlk:) echo $value >blocked;; SigIgn:) echo $value >ignored;;\n"
	    "NoNewPrivs:) echo $value >privileges;;\n"
	    "esac; done </proc/$$/status\n"
	    "umask >umask; cat >stored");
	assert_true(run_with(STR("x"), PATIENCE));
	snprintf(want, sizeof(want), "%s|post|foo|", wrapper);
	expect_content("args", str_from(want));
	expect_content("env", STR("PATH=/usr/bin:/bin\n"));
	expect_content("group", STR("own\n"));
	expect_content("blocked", STR("0000000000000000\n"));
	snprintf(want, sizeof(want), "%d\n",
	    prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L));
	expect_content("privileges", str_from(want));
	b = content("ignored");
	/* Two above 31 are the C library's own. */
	assert_int_equal(strtoull(buf_cstr(&b), NULL, 16) & 0x7fffffff, 0);
	assert_int_equal(b.n, 17);
	buf_clear(&b);
	expect_content("umask", STR("0027\n"));
	signal(SIGPIPE, SIG_DFL);
}

/* No shell looks at what comes from outside. */
static void
test_no_shell(void **state)
{
	const struct deliver_order o = { .wrapper = wrapper,
		.action = "po st", .list = "$(touch run) `touch run` '*; a\"b",
		.delivery = { STR(FIELDS), PATIENCE, fixture_input(STR("x")),
		    &certain } };

	(void)state;
	make_wrapper("printf '%s|' \"$@\" >args; cat >stored");
	assert_true(deliver(&o, &last));
	close(o.delivery.from);
	expect_content("args",
	    STR("po st|$(touch run) `touch run` '*; a\"b|"));
	assert_false(exists("run"));
}

static const struct {
	const char *script;
	const char *reason; /* how it begins; "": delivered */
} ends[] = {
	{ "cat >stored; echo of no interest", "" },
	{ "exec cat >/dev/null", "" },
	{ "cat >stored; exit 1", "the wrapper ended with status 1" },
	{ "cat >stored; exit 67", "the wrapper ended with status 67" },
	{ "exit 75", "the wrapper ended with status 75" },
	{ "exit 0", "the wrapper says that all is well, but did not take" },
	{ "exec 0<&-; exit 0", "the wrapper says that all is well, but did " },
	{ "head -c 10 >stored", "the wrapper says that all is well, but did " },
	{ "exec <&- >&- 2>&-; kill -KILL $$", "the wrapper died by signal 9" },
	{ "cat >stored; kill -SEGV $$", "the wrapper died by signal 11" },
	{ "kill -TERM $$", "the wrapper died by signal 15" },
	/* What it says. */
	{ "cat >stored; echo one; echo two >&2; exit 3",
	    "the wrapper ended with status 3: one two" },
	{ "cat >stored; printf 'no end'; exit 3",
	    "the wrapper ended with status 3: no end" },
	{ "cat >stored; printf '\\n\\n'; exit 3",
	    "the wrapper ended with status 3" },
	{ "printf 'a\\tb\\033\\377\\\\'; exit 1",
	    "the wrapper ended with status 1: a\tb\033\377\\" },
	{ "echo why; kill -KILL $$", "the wrapper died by signal 9: why" },
	{ "echo why; exit 0", "the wrapper says that all is well, but did "
	    "not take all of the message: why" },
	/* Without a reader it would stop for ever. */
	{ "cat >stored; yes | head -c 3000000", "" },
	{ "yes | head -c 3000000; yes | head -c 3000000 >&2; cat >stored", "" },
};

static void
check_end(size_t i, struct str message)
{
	const char *reason = ends[i].reason;
	bool ok;

	make_wrapper(ends[i].script);
	ok = run_with(message, PATIENCE);
	if (ok != (*reason == '\0') ||
	    !str_starts(str_from(last.reason), reason))
		fail_msg("%s: %s", ends[i].script, last.reason);
	/* With what is said it ends. */
	if (strstr(reason, "status 3") && strcmp(last.reason, reason))
		fail_msg("%s: %s", ends[i].script, last.reason);
	/* All is read in any case. */
	assert_int_equal(last.size, message.n);
}

static void
test_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		check_end(i, STR("From a\nH: v\n\nsome text\n"));
		check_end(i, large());
	}
}

/* Its beginning says what it is, its end has the reason of a traceback. */
static void
test_much_to_say(void **state)
{
	(void)state;
	make_wrapper("cat >stored; seq 1 500000; printf 'Error: %s' that; "
	    "exit 1");
	assert_false(run_with(STR("x"), PATIENCE));
	assert_true(str_starts(str_from(last.reason),
	    "the wrapper ended with status 1: 1 2 3 4 "));
	assert_non_null(strstr(last.reason, "..."));
	assert_true(str_ends(str_from(last.reason),
	    " 499999 500000 Error: that"));
	/* All of it where it fits, in however many pieces. */
	make_wrapper("cat >stored; for i in 1 2 3 4; do printf %s$i "
	    "0123456789012345678901234567890123456789; done; exit 1");
	assert_false(run_with(STR("x"), PATIENCE));
	assert_string_equal(last.reason, "the wrapper ended with status 1: "
	    "01234567890123456789012345678901234567891"
	    "01234567890123456789012345678901234567892"
	    "01234567890123456789012345678901234567893"
	    "01234567890123456789012345678901234567894");
	/* However little is readable. */
	make_wrapper("cat >stored; head -c 100000 /dev/zero; exit 1");
	assert_false(run_with(STR("x"), PATIENCE));
	assert_true(str_starts(str_from(last.reason),
	    "the wrapper ended with status 1: "));
	assert_true(strlen(last.reason) < sizeof(last.reason));
}

static void
test_no_wrapper(void **state)
{
	static const char *const reasons[] = { "No such file or directory",
		"Permission denied", "Exec format error",
		"No such file or directory", "Permission denied" };

	(void)state;
	for (size_t i = 0; i < COUNT(reasons); i++) {
		switch (i) {
		case 1:
			fixture_file(wrapper, "neither script nor program");
			break;
		case 2:
			assert_int_equal(chmod(wrapper, 0755), 0);
			break;
		case 3:
			fixture_file(wrapper, "#!/nonexistent\n");
			break;
		case 4:
			unlink(wrapper);
			fixture_mkdir(wrapper);
		}
		assert_false(run_with(large(), PATIENCE));
		assert_true(str_starts(str_from(last.reason), "cannot run "));
		assert_non_null(strstr(last.reason, wrapper));
		if (!str_ends(str_from(last.reason), reasons[i]))
			fail_msg("case %zu: %s", i, last.reason);
		assert_int_equal(last.size, large().n);
	}
}

static void
test_nothing_to_deliver(void **state)
{
	int fd;

	(void)state;
	make_wrapper("echo >ran; cat >stored");
	assert_false(run_with(STR(""), PATIENCE));
	assert_string_equal(last.reason,
	    "there is no message on standard input");
	/* Not readable at all. */
	fd = open(fixture_path("lists"), O_RDONLY | O_CLOEXEC);
	assert_false(run(fd, PATIENCE));
	assert_string_equal(last.reason,
	    "the message cannot be read: Is a directory");
	close(fd);
	fd = open(wrapper, O_WRONLY | O_CLOEXEC);
	assert_false(run(fd, PATIENCE));
	assert_string_equal(last.reason,
	    "the message cannot be read: Bad file descriptor");
	close(fd);
	assert_false(exists("ran"));
}

/* A descriptor that may say "later" is not at its end. */
static void
test_nothing_to_deliver_yet(void **state)
{
	int fds[2];
	pid_t pid;

	(void)state;
	make_wrapper("echo >ran; cat >stored");
	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		/* There is nothing in it, and somebody waits for more. */
		fixture_wait_asleep(getppid());
		_exit(0);
	}
	close(fds[1]);
	assert_false(run(fds[0], PATIENCE));
	close(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(exists("ran"));
}

/* Whoever writes the message sees no broken pipe. */
static void
test_writer_can_finish(void **state)
{
	static const char *const scripts[] = { "exit 1", "exit 0",
		"head -c 70000 >stored; exit 75", "kill -KILL $$" };
	struct str message = large();

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		int fds[2], status;
		pid_t pid;

		make_wrapper(scripts[i]);
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		pid = fork();
		if (pid == 0) {
			ssize_t n;

			close(fds[0]);
			n = write(fds[1], message.p, message.n);
			_exit(n != (ssize_t)message.n);
		}
		close(fds[1]);
		assert_false(run(fds[0], PATIENCE));
		close(fds[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		assert_int_equal(last.size, message.n);
	}
}

/*
 * In a process of its own: starts one that delivers what it writes, writes the
 * half, and dies.  What came of the delivery goes to REPORT.
 */
static void __attribute__((noreturn))
write_half_and_die(int report)
{
	const struct writer writer = { .pid = getpid(),
		.stat = open("/proc/self/stat", O_RDONLY | O_CLOEXEC) };
	int fds[2];

	if (writer.stat == -1 || pipe2(fds, O_CLOEXEC) == -1)
		_exit(1);
	if (fork() == 0) {
		const struct deliver_order o = { .wrapper = wrapper,
			.action = "post", .list = "foo", .delivery = {
			    STR(FIELDS), PATIENCE, fds[0], &writer } };
		bool ok;

		close(fds[1]);
		ok = deliver(&o, &last);
		dprintf(report, "%d %s", ok, last.reason);
		_exit(0);
	}
	close(fds[0]);
	if (write(fds[1], "H: v\n\nhalf", 10) != 10)
		_exit(1);
	kill(writer.pid, SIGKILL);
	_exit(1);
}

/* The end of its pipe is not the end of the message. */
static void
test_writer_dies(void **state)
{
	(void)state;
	make_wrapper("cat >stored.new && mv stored.new stored");
	for (int i = 0; i < 100; i++) {
		char text[256];
		int report[2];
		ssize_t n;
		pid_t pid;

		assert_int_equal(pipe2(report, O_CLOEXEC), 0);
		pid = fork();
		if (pid == 0)
			write_half_and_die(report[1]);
		close(report[1]);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		n = read(report[0], text, sizeof(text) - 1);
		assert_true(n > 0);
		text[n] = '\0';
		assert_string_equal(text, "0 who sent the message died");
		close(report[0]);
		assert_false(exists("stored"));
	}
}

/* Somebody else keeps what it printed to open, and its input. */
static void
test_child_in_the_background(void **state)
{
	struct buf b;
	pid_t pid;

	(void)state;
	for (int i = 0; i < 2; i++) {
		make_wrapper(i ? "cat >stored; echo why\n"
		    "sleep 1000 & echo $! >pid; exit 9" :
		    "cat >stored; sleep 1000 & echo $! >pid");
		assert_int_equal(run_with(STR("x"), PATIENCE), i == 0);
		b = content("pid");
		pid = (pid_t)strtol(buf_cstr(&b), NULL, 10);
		assert_true(pid > 0);
		/* Nobody waited for it, nor has anybody to end it. */
		assert_true(kill(pid, SIGKILL) == 0 || i == 1);
		buf_clear(&b);
	}
	assert_string_equal(last.reason,
	    "the wrapper ended with status 9: why");
}

/* In a process of its own: waits until PID has ended, and then until whoever
 * reads from FD waits for more; writes the message. */
static void __attribute__((noreturn))
write_after(pid_t pid, int fd)
{
	struct pollfd p = { .fd = (int)syscall(SYS_pidfd_open, pid, 0),
		.events = POLLIN };

	if (p.fd == -1 || poll(&p, 1, -1) != 1)
		_exit(1);
	fixture_wait_asleep(getppid());
	_exit(write(fd, "x", 1) != 1);
}

/* A child that is not the wrapper ends before the wrapper is started. */
static void
test_another_child_ends_first(void **state)
{
	(void)state;
	make_wrapper("cat >stored");
	for (int i = 0; i < 10; i++) {
		int fds[2], status;
		pid_t other, writer;

		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		other = fork();
		if (other == 0) {
			fixture_wait_asleep(getppid());
			_exit(0);
		}
		writer = fork();
		if (writer == 0)
			write_after(other, fds[1]);
		close(fds[1]);
		if (!run(fds[0], PATIENCE))
			fail_msg("%s", last.reason);
		close(fds[0]);
		expect_content("stored", STR(FIELDS "x"));
		assert_int_equal(waitpid(other, NULL, 0), other);
		assert_int_equal(waitpid(writer, &status, 0), writer);
		assert_int_equal(status, 0);
	}
}

/*
 * Messages that are cut: the wrapper must not see their end.
 */

#define STORES "cat >part; echo >end"

/* More than any pipe holds, and then an error in the place of its end. */
static int
failing_input(void)
{
	int pair[2], size = 1024 * 1024;
	char bytes[100000];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	                     pair), 0);
	assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size,
	                     sizeof(size)), 0);
	memset(bytes, 'x', sizeof(bytes));
	/* What is left unread at a close makes it a reset. */
	assert_int_equal(write(pair[0], "x", 1), 1);
	assert_int_equal(write(pair[1], bytes, sizeof(bytes)), sizeof(bytes));
	close(pair[1]);
	return pair[0];
}

static void
test_input_that_fails(void **state)
{
	static const char *const scripts[] = { STORES,
		"trap '' TERM HUP INT PIPE; " STORES,
		/* Somebody else reads on: of its process group, of none. */
		"exec 3<&0; (" STORES ") <&3 & wait",
		"exec 3<&0; setsid sh -c '" STORES "' <&3 & wait",
		"exec 3<&0; setsid sh -c '(" STORES ") <&3 & wait' & wait" };

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		int fd = failing_input();

		make_wrapper(scripts[i]);
		assert_false(run(fd, PATIENCE));
		close(fd);
		assert_string_equal(last.reason, "the message cannot be read: "
		    "Connection reset by peer");
		assert_int_equal(last.size, 100000);
		assert_false(exists("end"));
	}
}

/* Until nobody has the FIFO open for writing. */
static void
wait_for_end(int fifo)
{
	struct pollfd p = { .fd = fifo, .events = POLLIN };
	char c;

	assert_int_equal(poll(&p, 1, PATIENCE * 1000), 1);
	assert_int_equal(read(fifo, &c, 1), 0);
}

/* Whoever the wrapper leaves behind would store the half of it. */
#define LATER "exec 3<&0 4>fifo; (trap '' TERM; echo $$ >began\n" \
	"until [ -e go -o ! -e wrapper ]; do sleep 0.01; done\n" STORES \
	") <&3 &\n" \
	"until [ -s began ]; do sleep 0.01; done; "

/* It has left the group, with or without its parent. */
#define FAR_LATER "exec 3<&0 4>fifo; setsid sh -c 'echo $$ >began\n" \
	"until [ -e go -o ! -e wrapper ]; do sleep 0.01; done\n" STORES \
	"' <&3 &\n" \
	"until [ -s began ]; do sleep 0.01; done; "
#define FARTHER "exec 3<&0 4>fifo; setsid sh -c 'setsid sh -c \"echo x >began\n" \
	"until [ -e go -o ! -e wrapper ]; do sleep 0.01; done\n" STORES \
	"\" <&3 & wait' &\n" \
	"until [ -s began ]; do sleep 0.01; done; "

static void
test_rest_of_the_group(void **state)
{
	static const char *const scripts[] = { LATER "exit 1",
		LATER "exit 0", LATER "kill -KILL $$", FAR_LATER "exit 1",
		FAR_LATER "exit 0", FARTHER "exit 1", FARTHER "exit 0",
		LATER "wait", FAR_LATER "wait", FARTHER "wait" };
	int fifo;

	(void)state;
	assert_int_equal(mkfifo(fixture_path("fifo"), 0600), 0);
	fifo = open(fixture_path("fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_not_equal(fifo, -1);
	for (size_t i = 0; i < COUNT(scripts); i++) {
		unlink(fixture_path("began"));
		unlink(fixture_path("go"));
		make_wrapper(scripts[i]);
		assert_false(run_with(large(), i > 6 ? SHORT : PATIENCE));
		fixture_file(fixture_path("go"), "");
		wait_for_end(fifo);
		if (exists("end"))
			fail_msg("%s: %s", scripts[i], last.reason);
	}
	/* A message that is small enough to wait in the pipe for them. */
	for (size_t i = 0; i < 7; i++) {
		unlink(fixture_path("began"));
		unlink(fixture_path("go"));
		make_wrapper(scripts[i]);
		assert_false(run_with(STR("small\n"), PATIENCE));
		fixture_file(fixture_path("go"), "");
		wait_for_end(fifo);
		if (exists("end"))
			fail_msg("small: %s: %s", scripts[i], last.reason);
	}
	close(fifo);
}

/* A child that delivers what comes from FROM, and ends as that does. */
static pid_t
deliver_in_child(int from, int other_end)
{
	pid_t pid = fork();
	int status;

	assert_int_not_equal(pid, -1);
	if (pid != 0)
		return pid;
	close(other_end);
	status = run(from, PATIENCE) ? 0 :
	    str_starts(str_from(last.reason), "ended by signal") ? 75 : 1;
	_exit(status);
}

static int
end_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };

static void
test_signal_in_the_middle(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT(signals); i++) {
		int fds[2];
		pid_t pid;

		unlink(fixture_path("part"));
		make_wrapper(i % 2 ? STORES :
		    "trap '' TERM HUP INT QUIT; " STORES);
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		pid = deliver_in_child(fds[0], fds[1]);
		close(fds[0]);
		assert_int_equal(write(fds[1], "half", 4), 4);
		UNTIL(has_content("part"));
		assert_int_equal(kill(pid, signals[i / 2]), 0);
		/* sendmail's end of it goes as well. */
		close(fds[1]);
		assert_int_equal(end_of(pid), 75);
		assert_false(exists("end"));
	}
}

/* What the wrapper has, it has. */
static void
test_signal_at_the_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT(signals); i++) {
		int fd = fixture_input(STR("all of it\n"));
		pid_t pid;

		unlink(fixture_path("all"));
		unlink(fixture_path("go"));
		make_wrapper(i % 2 ? "cat >stored; echo >all\n"
		    "until [ -e go -o ! -e wrapper ]; do sleep 0.01; done" :
		    "cat >stored; echo >all\n"
		    "until [ -e go -o ! -e wrapper ]; do sleep 0.01; done\n"
		    "exit 1");
		pid = deliver_in_child(fd, -1);
		UNTIL(has_content("all"));
		assert_int_equal(kill(pid, signals[i / 2]), 0);
		fixture_file(fixture_path("go"), "");
		assert_int_equal(end_of(pid), i % 2 ? 0 : 1);
		close(fd);
	}
}

/*
 * Time.
 */

/* Whether the time of a wrapper that hangs was over; on a busy machine it may
 * be before there is a wrapper. */
static bool
took_too_long(int from)
{
	assert_false(run(from, SHORT));
	return strcmp(last.reason, "the message did not come in time") != 0;
}

static bool
hangs(struct str message)
{
	int fd = fixture_input(message);
	bool late = took_too_long(fd);

	close(fd);
	return late;
}

static void
test_hangs(void **state)
{
	static const char *const scripts[] = { "exec sleep 1000",
		"cat >stored; exec sleep 1000", "sleep 1000",
		"cat >stored; sleep 1000; exit 0" };

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		make_wrapper(scripts[i]);
		UNTIL(hangs(STR("x")));
		assert_string_equal(last.reason, TOO_LONG);
		UNTIL(hangs(large()));
		assert_string_equal(last.reason, TOO_LONG);
	}
}

/* A message that never ends is not a shorter one; it takes SIGKILL here. */
static void
test_message_that_hangs(void **state)
{
	int fds[2];

	(void)state;
	make_wrapper("trap '' TERM; " STORES "; echo still here");
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	UNTIL(write(fds[1], "half", 4) == 4 && took_too_long(fds[0]));
	close(fds[0]);
	close(fds[1]);
	assert_string_equal(last.reason, TOO_LONG);
	assert_int_equal(last.size, 4);
	assert_false(exists("end"));
}

/* Nor is one that never begins: whoever waits for it ends at his time. */
static void
test_message_that_does_not_come(void **state)
{
	int fds[2], status;
	pid_t pid;

	(void)state;
	make_wrapper("echo >ran; cat >stored");
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(run(fds[0], SHORT) ? 0 : 75);
	}
	UNTIL(waitpid(pid, &status, WNOHANG) == pid);
	close(fds[0]);
	close(fds[1]);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 75);
	assert_false(exists("ran"));
}

/* A run that comes as far as to make the file DONE before it is ended; with
 * more time, where the machine needs more. */
static bool
run_until_done(void)
{
	double timeout = 0.5;
	bool ok;

	do {
		timeout *= 4;
		unlink(fixture_path("done"));
		ok = run_with(STR("x"), timeout);
	} while (!exists("done") && timeout < PATIENCE);
	assert_true(exists("done"));
	return ok;
}

#define SAYS_WELL "trap 'echo >done; exit 0' TERM; "
#define FOR_EVER "\nwhile :; do sleep 0.05; done"

/* The message is in Mailman's queue, whatever it does so long after that. */
static void
test_says_well_when_time_is_over(void **state)
{
	(void)state;
	make_wrapper("cat >stored; " SAYS_WELL FOR_EVER);
	if (!run_until_done())
		fail_msg("%s", last.reason);
	expect_content("stored", STR(FIELDS "x"));
	/* Unless it has not all of it. */
	make_wrapper(SAYS_WELL FOR_EVER);
	assert_false(run_until_done());
	if (!strstr(last.reason, "did not take all"))
		fail_msg("%s", last.reason);
}

/* A byte behind the reason stays what it is. */
static void
test_quote_fills_the_reason(void **state)
{
	char text[64], reason[32 + 1];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t n = 0; n <= sizeof(text); n++) {
		struct wrapper_output o = { .head_n = 0 };

		snprintf(reason, sizeof(reason), "why");
		reason[32] = '#';
		wrapper_output_add(&o, (struct str){ text, n });
		wrapper_output_quote(&o, reason, 32);
		assert_int_equal(reason[32], '#');
		assert_int_equal(strlen(reason), n == 0 || n > 26 ? 3 : n + 5);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_stores),
		TEST(test_megabytes),
		TEST(test_surroundings),
		TEST(test_no_shell),
		TEST(test_ends),
		TEST(test_much_to_say),
		TEST(test_no_wrapper),
		TEST(test_nothing_to_deliver),
		TEST(test_nothing_to_deliver_yet),
		TEST(test_writer_can_finish),
		TEST(test_child_in_the_background),
		TEST(test_another_child_ends_first),
		TEST(test_input_that_fails),
		TEST(test_rest_of_the_group),
		TEST(test_signal_in_the_middle),
		TEST(test_signal_at_the_end),
		TEST(test_writer_dies),
		TEST(test_hangs),
		TEST(test_message_that_hangs),
		TEST(test_message_that_does_not_come),
		TEST(test_says_well_when_time_is_over),
		TEST(test_quote_fills_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
