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
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"
#include "mm-handler/mailbox.h"
#include "mm-handler/writer.h"
#include "tests/fixture.h"
#include "tests/patience.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FIELDS "A: 1\n"
#define SHORT 0.3
/* What mailbox_append() reads at a time. */
#define PIECE (64 * 1024)

/* Of a message whose end nobody doubts. */
static const struct writer certain = { .file = true };
static struct delivery_result last;
static char path[1024];
static sigset_t mask;

/* In this program the C library's fsync() is this one. */
static off_t synced; /* how long the file was at the last one; -1: none */
static bool sync_fails;

int
fsync(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0)
		synced = st.st_size;
	if (sync_fails) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

static int
setup(void **state)
{
	synced = -1;
	sync_fails = false;
	if (fixture_setup(state) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s", fixture_path("mbox"));
	sigprocmask(SIG_SETMASK, NULL, &mask);
	return 0;
}

/* mailbox_append() blocks signals, for its process is to end. */
static int
teardown(void **state)
{
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return fixture_teardown(state);
}

static bool
append(int from, double timeout)
{
	const struct mailbox_order o = { .path = path, .sender = "me@a.test",
		.delivery = { STR(FIELDS), timeout, from, &certain } };

	return mailbox_append(&o, &last);
}

static bool
append_this(struct str message, double timeout)
{
	int fd = fixture_input(message);
	bool ok = append(fd, timeout);

	close(fd);
	assert_int_equal(ok, *last.reason == '\0');
	return ok;
}

static bool
content_is(struct str want)
{
	struct buf b = fixture_content(path);
	bool same = str_eq(buf_get(&b), want);

	if (!same)
		print_error("%zu bytes, not %zu: %.300s\n", b.n, want.n,
		    buf_cstr(&b));
	buf_clear(&b);
	return same;
}

static bool
no_lock_is_left(void)
{
	return fixture_count(fixture_path("."), "mbox.lock") == 0 &&
	    fixture_count(fixture_path("."), ".lk") == 0;
}

/*
 * What is written.
 */

static const struct {
	struct str in, out;
} cases[] = {
	{ STR("From a b\nH: v\n\nbody\n"),
	    STR("From a b\n" FIELDS "H: v\n\nbody\n\n") },
	/* Each message ends with an empty line. */
	{ STR("From a b\nH: v"), STR("From a b\n" FIELDS "H: v\n\n") },
	{ STR("From a b\nH: v\n\n\n"),
	    STR("From a b\n" FIELDS "H: v\n\n\n\n") },
	{ STR("From a b"), STR("From a b\n" FIELDS "\n") },
	{ STR("From a b\n"), STR("From a b\n" FIELDS "\n") },
	{ STR("From "), STR("From \n" FIELDS "\n") },
	/* Lines that would begin another. */
	{ STR("From a\n\nFrom b\nFrom c\n"),
	    STR("From a\n" FIELDS "\n>From b\n>From c\n\n") },
	{ STR("From a\nFrom b\n"), STR("From a\n" FIELDS ">From b\n\n") },
	{ STR("From a\n\nFrom "), STR("From a\n" FIELDS "\n>From \n\n") },
	{ STR("From a\n\nFrom \nFrom"),
	    STR("From a\n" FIELDS "\n>From \nFrom\n\n") },
	{ STR("From a\n\nF\nFro\nFrom\nFrom: b\nfrom b\n From b\nFFrom b\n"),
	    STR("From a\n" FIELDS
		"\nF\nFro\nFrom\nFrom: b\nfrom b\n From b\nFFrom b\n\n") },
	{ STR("From a\n\n>From b\n>>From b"),
	    STR("From a\n" FIELDS "\n>From b\n>>From b\n\n") },
	{ STR("From a\n\nx From b\nFromFrom b\n"),
	    STR("From a\n" FIELDS "\nx From b\nFromFrom b\n\n") },
	{ STR("From a\r\n\r\nFrom b\r\n"),
	    STR("From a\r\n" FIELDS "\r\n>From b\r\n\n") },
	{ STR("From \0\377\n\nFr\0om b\n\0From b\n"),
	    STR("From \0\377\n" FIELDS "\nFr\0om b\n\0From b\n\n") },
};

static void
test_every_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t cut = 1; cut <= cases[i].in.n; cut++) {
			struct str rest = str_tail(cases[i].in, cut);
			int pair[2];

			/* Each packet is read by itself. */
			assert_int_equal(socketpair(AF_UNIX,
			                     SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			                     pair), 0);
			assert_int_equal(write(pair[1], cases[i].in.p, cut),
			    cut);
			if (rest.n)
				assert_int_equal(write(pair[1], rest.p,
				                     rest.n), rest.n);
			close(pair[1]);
			unlink(path);
			if (!append(pair[0], PATIENCE))
				fail_msg("%s", last.reason);
			close(pair[0]);
			assert_int_equal(last.size, cases[i].in.n);
			if (!content_is(cases[i].out))
				fail_msg("case %zu, cut at %zu", i, cut);
		}
	assert_true(no_lock_is_left());
}

/* Lines that begin at every place around the end of a piece. */
static void
test_large_messages(void **state)
{
	struct buf in, out;

	(void)state;
	buf_init(&in, 4 * PIECE);
	buf_init(&out, 4 * PIECE);
	for (size_t at = PIECE - 7; at <= PIECE + 1; at++) {
		buf_reset(&in);
		buf_reset(&out);
		buf_add(&in, "From a\n\n");
		while (in.n < at - 1)
			buf_char(&in, 'x');
		buf_add(&in, "\nFrom b\n");
		while (in.n < 2 * at)
			buf_add(&in, "From \n");
		buf_add(&out, "From a\n" FIELDS "\n");
		for (size_t i = strlen("From a\n\n"); i < in.n; i++) {
			if (in.p[i - 1] == '\n' && in.p[i] == 'F')
				buf_char(&out, '>');
			buf_char(&out, in.p[i]);
		}
		buf_char(&out, '\n');
		unlink(path);
		assert_true(append_this(buf_get(&in), PATIENCE));
		assert_int_equal(last.size, in.n);
		if (!content_is(buf_get(&out)))
			fail_msg("at %zu", at);
	}
	buf_clear(&in);
	buf_clear(&out);
}

/* No room is missing where each line needs a byte more. */
static void
test_nothing_but_from_lines(void **state)
{
	struct buf in, b;
	size_t quoted = 0;

	(void)state;
	buf_init(&in, 8 * PIECE);
	while (in.n < 4 * PIECE)
		buf_add(&in, "From \n");
	assert_true(append_this(buf_get(&in), PATIENCE));
	b = fixture_content(path);
	for (size_t i = 0; i < b.n; i++)
		quoted += b.p[i] == '>';
	assert_int_equal(quoted, in.n / 6 - 1);
	assert_int_equal(b.n, in.n + strlen(FIELDS) + quoted + 1);
	buf_clear(&in);
	buf_clear(&b);
}

/* Sun Jan  1 00:00:00 2023 */
static bool
is_date(struct str s)
{
	static const char like[] = "Aaa Aaa _9 99:99:99 9999";

	if (s.n != strlen(like))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool digit = c >= '0' && c <= '9';

		if (like[i] == '9' ? !digit : like[i] == '_' ?
		        !digit && c != ' ' : like[i] == 'A' ?
		        c < 'A' || c > 'Z' : like[i] == 'a' ?
		        c < 'a' || c > 'z' : c != like[i])
			return false;
	}
	return true;
}

/* Messages that come without. */
static void
test_makes_a_from_line(void **state)
{
	static const struct {
		const char *sender, *shown;
		struct str in, out;
	} rows[] = {
		{ "me@a.test", "me@a.test", STR("H: v\n\nFrom b\n"),
		    STR(FIELDS "H: v\n\n>From b\n\n") },
		{ "MAILER-DAEMON", "MAILER-DAEMON", STR("x"),
		    STR(FIELDS "x\n\n") },
		{ "a b\n\t\177\377@c", "a?b????@c", STR("\n"),
		    STR(FIELDS "\n\n") },
		{ "a", "a", STR("Fro"), STR(FIELDS "Fro\n\n") },
		{ "a", "a", STR("From: b\n"), STR(FIELDS "From: b\n\n") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct mailbox_order o = { .path = path,
			.sender = rows[i].sender, .delivery = { STR(FIELDS),
			    PATIENCE, fixture_input(rows[i].in), &certain } };
		char begin[64];
		struct buf b;
		struct str s;

		unlink(path);
		assert_true(mailbox_append(&o, &last));
		close(o.delivery.from);
		b = fixture_content(path);
		s = buf_get(&b);
		snprintf(begin, sizeof(begin), "From %s ", rows[i].shown);
		assert_true(str_starts(s, begin));
		s = str_tail(s, strlen(begin));
		assert_true(s.n > 25 && s.p[24] == '\n');
		assert_true(is_date(str_head(s, 24)));
		assert_true(str_eq(str_tail(s, 25), rows[i].out));
		buf_clear(&b);
	}
}

static void
test_appends(void **state)
{
	static const char *const before[] = { "From x\n\nold\n\n",
		"From x\n\nold\n", "From x\n\nold", "", "\n", "From" };
	char want[256];

	(void)state;
	for (size_t i = 0; i < COUNT(before); i++) {
		struct str s = str_from(before[i]);

		fixture_file(path, before[i]);
		assert_true(append_this(STR("From a\n\nb\n"), PATIENCE));
		snprintf(want, sizeof(want), "%s%sFrom a\n" FIELDS "\nb\n\n",
		    before[i], s.n == 0 || str_is(s, "\n") ||
		    str_ends(s, "\n\n") ? "" : str_ends(s, "\n") ? "\n" :
		    "\n\n");
		if (!content_is(str_from(want)))
			fail_msg("after: %s", before[i]);
	}
	assert_true(no_lock_is_left());
}

static void
test_mode(void **state)
{
	struct stat st;

	(void)state;
	umask(007);
	assert_true(append_this(STR("x"), PATIENCE));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0660);
	/* That of one that is there is its owner's affair. */
	assert_int_equal(chmod(path, 0600), 0);
	assert_true(append_this(STR("x"), PATIENCE));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
}

/*
 * What is no mailbox.
 */

#define OLD "From x\n\nold\n\n"

static void
test_no_file(void **state)
{
	static const struct {
		const char *name, *why;
	} rows[] = {
		{ "link", "Too many levels of symbolic links" },
		{ "dangling", "Too many levels of symbolic links" },
		{ "fifo", "is no regular file" },
		{ "lists", "Is a directory" },
		{ "no/mbox", "No such file or directory" },
		{ "closed", "Permission denied" },
		{ "shut/mbox", "Permission denied" },
		{ "readonly/mbox", "Permission denied" },
	};

	(void)state;
	fixture_file(fixture_path("old"), OLD);
	assert_int_equal(symlink("old", fixture_path("link")), 0);
	assert_int_equal(symlink("none", fixture_path("dangling")), 0);
	assert_int_equal(mkfifo(fixture_path("fifo"), 0600), 0);
	fixture_file(fixture_path("closed"), OLD);
	assert_int_equal(chmod(fixture_path("closed"), 0), 0);
	fixture_mkdir(fixture_path("shut"));
	assert_int_equal(chmod(fixture_path("shut"), 0), 0);
	fixture_mkdir(fixture_path("readonly"));
	assert_int_equal(chmod(fixture_path("readonly"), 0555), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(path, sizeof(path), "%s",
		    fixture_path("%s", rows[i].name));
		assert_false(append_this(STR("From a\n\nb\n"), PATIENCE));
		assert_true(str_starts(str_from(last.reason), path));
		if (!str_ends(str_from(last.reason), rows[i].why))
			fail_msg("%s", last.reason);
	}
	assert_int_equal(access(fixture_path("none"), F_OK), -1);
	snprintf(path, sizeof(path), "%s", fixture_path("old"));
	assert_true(content_is(STR(OLD)));
	snprintf(path, sizeof(path), "/dev/null");
	assert_false(append_this(STR("x"), PATIENCE));
	assert_string_equal(last.reason, "/dev/null: is no regular file");
}

/* Where no lock can be made nothing is written. */
static void
test_no_lock(void **state)
{
	(void)state;
	fixture_file(path, OLD);
	fixture_mkdir(fixture_path("mbox.lock"));
	assert_false(append_this(STR("x"), SHORT));
	assert_true(content_is(STR(OLD)));
	assert_int_equal(rmdir(fixture_path("mbox.lock")), 0);
	fixture_mkdir(fixture_path("dir"));
	assert_int_equal(rename(path, fixture_path("dir/mbox")), 0);
	snprintf(path, sizeof(path), "%s", fixture_path("dir/mbox"));
	assert_int_equal(chmod(fixture_path("dir"), 0555), 0);
	assert_false(append_this(STR("x"), SHORT));
	assert_true(str_starts(str_from(last.reason), path));
	assert_true(content_is(STR(OLD)));
}

/*
 * Locks.
 */

/*
 * A child with a lock on the mailbox, until DONE has an end; with WATCH until
 * its parent opens the mailbox, and waits since it is locked.
 */
static pid_t
lock_in_child(int done, int other_end, bool watch, const char *replace)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct pollfd p = { .fd = done, .events = POLLIN };
	int ready[2];
	char c = 0;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		int fd = open(path, O_RDWR | O_CLOEXEC);

		close(other_end);
		if (fcntl(fd, F_SETLK, &whole) == -1)
			_exit(1);
		if (watch) {
			p.fd = inotify_init1(IN_CLOEXEC);
			inotify_add_watch(p.fd, path, IN_OPEN);
		}
		(void)!write(ready[1], "r", 1);
		(void)poll(&p, 1, PATIENCE * 1000);
		if (replace)
			(void)rename(replace, path);
		if (watch)
			fixture_wait_asleep(getppid());
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void
expect_end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_locked(void **state)
{
	int done[2];
	pid_t pid;

	(void)state;
	fixture_file(path, OLD);
	assert_int_equal(pipe2(done, O_CLOEXEC), 0);
	pid = lock_in_child(done[0], done[1], false, NULL);
	assert_false(append_this(STR("From a\n\nb\n"), SHORT));
	assert_true(str_ends(str_from(last.reason), "mbox: is locked"));
	assert_true(content_is(STR(OLD)));
	assert_true(no_lock_is_left());
	close(done[1]);
	expect_end(pid);
	close(done[0]);
	assert_true(append_this(STR("From a\n\nb\n"), PATIENCE));
	assert_true(content_is(STR(OLD "From a\n" FIELDS "\nb\n\n")));
}

static void
test_waits_for_the_lock(void **state)
{
	pid_t pid;

	(void)state;
	fixture_file(path, OLD);
	pid = lock_in_child(-1, -1, true, NULL);
	assert_true(append_this(STR("From a\n\nb\n"), PATIENCE));
	assert_true(content_is(STR(OLD "From a\n" FIELDS "\nb\n\n")));
	expect_end(pid);
}

/* As when a mail reader saves what it read. */
static void
test_replaced_while_it_waits(void **state)
{
	char new[1024];
	pid_t pid;

	(void)state;
	fixture_file(path, OLD);
	snprintf(new, sizeof(new), "%s", fixture_path("new"));
	fixture_file(new, "From x\n\nnew\n\n");
	pid = lock_in_child(-1, -1, true, new);
	assert_false(append_this(STR("From a\n\nb\n"), PATIENCE));
	assert_true(str_ends(str_from(last.reason), ": was replaced"));
	assert_true(content_is(STR("From x\n\nnew\n\n")));
	expect_end(pid);
	assert_true(no_lock_is_left());
	assert_true(append_this(STR("From a\n\nb\n"), PATIENCE));
	assert_true(content_is(STR("From x\n\nnew\n\n"
	    "From a\n" FIELDS "\nb\n\n")));
}

static void
test_dot_lock(void **state)
{
	char text[32];
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	expect_end(pid);
	fixture_file(path, OLD);
	snprintf(text, sizeof(text), "%d\n", (int)getppid());
	fixture_file(fixture_path("mbox.lock"), text);
	assert_false(append_this(STR("From a\n\nb\n"), SHORT));
	assert_true(str_ends(str_from(last.reason), "mbox.lock: is locked"));
	assert_true(content_is(STR(OLD)));
	/* Nobody else's lock is taken away. */
	assert_int_equal(access(fixture_path("mbox.lock"), F_OK), 0);
	/* But for somebody's who is gone. */
	snprintf(text, sizeof(text), "%d\n", (int)pid);
	fixture_file(fixture_path("mbox.lock"), text);
	assert_true(append_this(STR("From a\n\nb\n"), PATIENCE));
	assert_true(content_is(STR(OLD "From a\n" FIELDS "\nb\n\n")));
	assert_true(no_lock_is_left());
}

static struct str
numbered(char *text, size_t size, int child, int n)
{
	size_t used = (size_t)snprintf(text, size, "From %c%d\n\n",
	    'a' + child, n);

	while (used < size - 2)
		text[used++] = (char)('a' + child);
	text[used++] = '\n';
	return (struct str){ text, used };
}

#define WRITERS 5
#define EACH 4

/* Each message is there, in one piece. */
static void
test_many_at_once(void **state)
{
	static char text[3 * PIECE / 2], want[sizeof(text) + 64];
	pid_t pid[WRITERS];
	struct buf b;

	(void)state;
	for (int i = 0; i < WRITERS; i++) {
		pid[i] = fork();
		if (pid[i] != 0)
			continue;
		for (int n = 0; n < EACH; n++) {
			int fd =
			    fixture_input(numbered(text, sizeof(text), i, n));

			if (!append(fd, PATIENCE))
				_exit(1);
			close(fd);
		}
		_exit(0);
	}
	for (int i = 0; i < WRITERS; i++)
		expect_end(pid[i]);
	b = fixture_content(path);
	for (int i = 0; i < WRITERS * EACH; i++) {
		struct str s = numbered(text, sizeof(text), i / EACH,
		    i % EACH);
		size_t head = str_find(s, '\n') + 1;
		int n = snprintf(want, sizeof(want), "%.*s" FIELDS "%.*s\n",
		    (int)head, s.p, (int)(s.n - head), s.p + head);

		assert_non_null(memmem(b.p, b.n, want, (size_t)n));
	}
	assert_int_equal(b.n, WRITERS * EACH *
	    (sizeof(text) - 1 + strlen(FIELDS) + 1));
	buf_clear(&b);
	assert_true(no_lock_is_left());
}

/*
 * What goes wrong: the mailbox is as it was.
 */

static void
test_no_message(void **state)
{
	int fd = open(fixture_path("lists"), O_RDONLY | O_CLOEXEC);

	(void)state;
	fixture_file(path, "From x\n\nno end");
	assert_false(append_this(STR(""), PATIENCE));
	assert_string_equal(last.reason,
	    "there is no message on standard input");
	assert_true(content_is(STR("From x\n\nno end")));
	assert_false(append(fd, PATIENCE));
	assert_string_equal(last.reason,
	    "the message cannot be read: Is a directory");
	assert_true(content_is(STR("From x\n\nno end")));
	close(fd);
	assert_true(no_lock_is_left());
}

/* Some of it comes, and then an error in the place of its end. */
static void
test_input_that_fails(void **state)
{
	static char bytes[3 * PIECE / 2];
	int pair[2], size = 1024 * 1024;

	(void)state;
	fixture_file(path, OLD);
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	                     pair), 0);
	assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size,
	                     sizeof(size)), 0);
	/* What is left unread at a close makes it a reset. */
	assert_int_equal(write(pair[0], "x", 1), 1);
	assert_int_equal(write(pair[1], bytes, sizeof(bytes)), sizeof(bytes));
	close(pair[1]);
	assert_false(append(pair[0], PATIENCE));
	close(pair[0]);
	assert_string_equal(last.reason,
	    "the message cannot be read: Connection reset by peer");
	assert_int_equal(last.size, sizeof(bytes));
	assert_true(content_is(STR(OLD)));
	assert_true(no_lock_is_left());
}

/* Whether half of a message was read before the time was over, as it is but on
 * a busy machine. */
static bool
half_was_read(int from)
{
	assert_false(append(from, SHORT));
	assert_string_equal(last.reason, "the message did not come in time");
	return last.size == 12;
}

static void
test_message_too_late(void **state)
{
	int fds[2];

	(void)state;
	fixture_file(path, OLD);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_false(append(fds[0], SHORT));
	assert_string_equal(last.reason, "the message did not come in time");
	assert_int_equal(write(fds[1], "From a\n\nhalf", 12), 12);
	UNTIL(half_was_read(fds[0]));
	assert_true(content_is(STR(OLD)));
	assert_true(no_lock_is_left());
	close(fds[0]);
	close(fds[1]);
}

/* sendmail forgets the message when it hears that it was delivered. */
static void
test_delivered_is_on_the_disk(void **state)
{
	struct stat st;

	(void)state;
	fixture_file(path, OLD);
	assert_true(append_this(STR("From a\n\nb\n"), PATIENCE));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(synced, st.st_size);
	fixture_file(path, OLD);
	sync_fails = true;
	assert_false(append_this(STR("From a\n\nb\n"), PATIENCE));
	assert_true(str_ends(str_from(last.reason),
	    "mbox: Input/output error"));
	assert_true(content_is(STR(OLD)));
	assert_true(no_lock_is_left());
}

/* The end of what it sent is then no end of a message. */
static void
test_writer_that_died(void **state)
{
	const struct writer gone = { .pid = getpid(), .stat = -1 };
	const struct mailbox_order o = { .path = path, .sender = "me@a.test",
		.delivery = { STR(FIELDS), PATIENCE,
		    fixture_input(STR("From a\n\nhalf")), &gone } };

	(void)state;
	fixture_file(path, OLD);
	/* Who is not our parent any more is as good as dead. */
	assert_false(mailbox_append(&o, &last));
	assert_string_equal(last.reason, "who sent the message died");
	assert_true(content_is(STR(OLD)));
	assert_true(no_lock_is_left());
	close(o.delivery.from);
}

/* Never more than 100 kB in a file; SIGXFSZ ends nobody. */
static int
append_without_room(struct str message)
{
	const struct rlimit room = { 100000, 100000 };
	int fd = fixture_input(message);

	if (setrlimit(RLIMIT_FSIZE, &room) == -1 || append(fd, PATIENCE))
		return 1;
	return str_ends(str_from(last.reason),
	    "mbox: cannot be written: File too large") ? 0 : 2;
}

static void
test_no_room(void **state)
{
	static char bytes[3 * PIECE];
	struct buf b;
	pid_t pid;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	fixture_file(path, OLD);
	pid = fork();
	if (pid == 0) {
		int status = append_without_room((struct str){ bytes,
		    sizeof(bytes) });

		_exit(status);
	}
	expect_end(pid);
	assert_true(content_is(STR(OLD)));
	assert_true(no_lock_is_left());
	/* Room for a part of the first piece. */
	fixture_file(path, OLD);
	assert_int_equal(truncate(path, 99990), 0);
	pid = fork();
	if (pid == 0) {
		int status = append_without_room(STR("From a\n\nb\n"));

		_exit(status);
	}
	expect_end(pid);
	b = fixture_content(path);
	assert_int_equal(b.n, 99990);
	buf_clear(&b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_cut),
		TEST(test_large_messages),
		TEST(test_nothing_but_from_lines),
		TEST(test_makes_a_from_line),
		TEST(test_appends),
		TEST(test_mode),
		TEST(test_no_file),
		TEST(test_no_lock),
		TEST(test_locked),
		TEST(test_waits_for_the_lock),
		TEST(test_replaced_while_it_waits),
		TEST(test_dot_lock),
		TEST(test_many_at_once),
		TEST(test_no_message),
		TEST(test_input_that_fails),
		TEST(test_message_too_late),
		TEST(test_no_room),
		TEST(test_delivered_is_on_the_disk),
		TEST(test_writer_that_died),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
