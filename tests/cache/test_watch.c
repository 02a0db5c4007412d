#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "mailman/directory.h"
#include "base/clock.h"
#include "cache/watch.h"
#include "tests/fixture.h"

/* Events are queued before the call that caused them returns. */
static struct watch *
armed(void)
{
	struct watch *w = watch_new(NULL);

	assert_non_null(w);
	assert_false(watch_armed(w));
	assert_int_equal(watch_arm(w, fixture_path("lists")), 0);
	assert_true(watch_armed(w));
	assert_int_equal(watch_read(w), 0);
	return w;
}

static bool
gone(struct watch *w, const char *name)
{
	struct gone g = watch_gone(w);
	uint64_t h = gone_hash(str_from(name));

	for (size_t i = 1; i < g.n; i++)
		assert_true(g.name[i - 1].hash <= g.name[i].hash);
	for (size_t i = 0; i < g.n; i++)
		if (g.name[i].hash == h)
			return true;
	return false;
}

static void
test_entries(void **state)
{
	struct watch *w = armed();

	(void)state;
	fixture_list("lists", "foo");
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	assert_int_equal(watch_read(w), 0);
	fixture_file(fixture_path("lists/foo/config.pck"), "more");
	assert_int_equal(watch_read(w), 0);
	assert_int_equal(chmod(fixture_path("lists/foo"), 0700), 0);
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	assert_int_equal(symlink("foo", fixture_path("lists/link")), 0);
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	assert_int_equal(rename(fixture_path("lists/foo"),
	                     fixture_path("lists/bar")), 0);
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	assert_true(gone(w, "foo") && !gone(w, "bar"));
	assert_int_equal(unlink(fixture_path("lists/link")), 0);
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	assert_true(gone(w, "link"));
	watch_free(w);
}

/* Other files come and go there with every message. */
static void
test_files_beside(void **state)
{
	struct watch *w = armed();

	(void)state;
	fixture_mkdir(fixture_path("data"));
	assert_true(watch_files(w, fixture_path("data"), "postfix_"));
	assert_false(watch_files(w, fixture_path("data"), "postfix_"));
	assert_int_equal(watch_read(w), 0);
	fixture_file(fixture_path("data/mailman.db-journal"), "x");
	assert_int_equal(unlink(fixture_path("data/mailman.db-journal")), 0);
	assert_int_equal(watch_read(w), 0);
	fixture_file(fixture_path("data/new"), "x");
	assert_int_equal(rename(fixture_path("data/new"),
	                     fixture_path("data/postfix_lmtp")), 0);
	assert_int_equal(watch_read(w), WATCH_FILES);
	fixture_file(fixture_path("data/postfix_lmtp"), "y");
	assert_int_equal(watch_read(w), WATCH_FILES);
	assert_int_equal(unlink(fixture_path("data/postfix_lmtp")), 0);
	assert_int_equal(watch_read(w), WATCH_FILES);
	/* Of what is watched otherwise it changes nothing. */
	fixture_list("lists", "foo");
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	assert_int_equal(unlink(fixture_path("data/new")), -1);
	assert_int_equal(rmdir(fixture_path("data")), 0);
	assert_int_equal(watch_read(w), 0);
	assert_true(watch_armed(w));
	assert_false(watch_files(w, fixture_path("data"), "postfix_"));
	assert_int_equal(watch_read(w), 0);
	/* It is back, and another one. */
	fixture_mkdir(fixture_path("data"));
	assert_true(watch_files(w, fixture_path("data"), "postfix_"));
	assert_int_equal(rename(fixture_path("data"), fixture_path("old")), 0);
	fixture_mkdir(fixture_path("data"));
	assert_true(watch_files(w, fixture_path("data"), "postfix_"));
	assert_int_equal(watch_read(w), 0);
	fixture_file(fixture_path("old/postfix_lmtp"), "x");
	assert_int_equal(watch_read(w), 0);
	fixture_file(fixture_path("data/postfix_lmtp"), "x");
	assert_int_equal(watch_read(w), WATCH_FILES);
	watch_free(w);
}

/* A second watch on one directory would take the place of the first. */
static void
test_files_in_the_lists_directory(void **state)
{
	struct watch *w = armed();

	(void)state;
	assert_int_equal(symlink("lists", fixture_path("link")), 0);
	assert_false(watch_files(w, fixture_path("link"), "postfix_"));
	assert_false(watch_files(w, fixture_path("./lists/."), "postfix_"));
	fixture_list("lists", "foo");
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	assert_int_equal(chmod(fixture_path("lists/foo"), 0700), 0);
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	/* The link leads elsewhere, and then the lists directory does. */
	fixture_mkdir(fixture_path("data"));
	assert_int_equal(unlink(fixture_path("link")), 0);
	assert_int_equal(symlink("data", fixture_path("link")), 0);
	assert_true(watch_files(w, fixture_path("link"), "postfix_"));
	assert_int_equal(watch_arm(w, fixture_path("data")), 0);
	assert_int_equal(watch_read(w), 0);
	fixture_list("data", "foo");
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	assert_int_equal(chmod(fixture_path("data/foo"), 0700), 0);
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	assert_false(watch_files(w, fixture_path("link"), "postfix_"));
	/* Apart again. */
	assert_int_equal(watch_arm(w, fixture_path("lists")), 0);
	assert_true(watch_files(w, fixture_path("link"), "postfix_"));
	assert_int_equal(watch_read(w), 0);
	fixture_file(fixture_path("data/postfix_lmtp"), "x");
	assert_int_equal(watch_read(w), WATCH_FILES);
	fixture_list("lists", "bar");
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	watch_free(w);
}

static void
test_forget(void **state)
{
	struct watch *w = armed();

	(void)state;
	fixture_list("lists", "a");
	fixture_list("lists", "b");
	fixture_unlist("lists", "a");
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	assert_true(gone(w, "a"));
	fixture_unlist("lists", "b");
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	/* "b" went after the last watch_gone(). */
	watch_forget(w, clock_seconds() + 60);
	assert_false(gone(w, "a"));
	assert_true(gone(w, "b"));
	watch_forget(w, clock_seconds() + 60);
	assert_int_equal(watch_gone(w).n, 0);
	watch_forget(w, clock_seconds() + 60);
	assert_int_equal(watch_gone(w).n, 0);
	watch_free(w);
}

/* "a" goes, and a scan has it; then the others go in a burst.  False where that
 * took so long that "a" need not belong to it. */
static bool
lose_all(struct watch *w)
{
	static const char *const names[] = { "b", "c", "d", "e" };
	double began;

	fixture_list("lists", "a");
	for (size_t i = 0; i < 4; i++)
		fixture_list("lists", names[i]);
	began = clock_seconds();
	fixture_unlist("lists", "a");
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	assert_int_equal(watch_gone(w).n, 1);
	watch_forget(w, clock_seconds());
	assert_false(watch_lost(w, STR("a")));
	for (size_t i = 0; i < 4; i++)
		fixture_unlist("lists", names[i]);
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	return clock_seconds() - began < GONE_WINDOW;
}

/* What goes shortly before a burst belongs to it, although a scan had it. */
static void
test_lost(void **state)
{
	struct watch *w = armed();

	(void)state;
	while (!lose_all(w)) {
		watch_free(w);
		w = armed();
	}
	assert_true(watch_lost(w, STR("e")) && !watch_lost(w, STR("f")));
	assert_int_equal(watch_gone(w).n, 5);
	assert_true(watch_lost(w, STR("b")));
	watch_forget(w, clock_seconds() + 60);
	assert_false(watch_lost(w, STR("b")));
	watch_free(w);
}

static void
test_the_directory_itself(void **state)
{
	struct watch *w = armed();

	(void)state;
	assert_true(watch_is_at(w, fixture_path("lists")));
	assert_false(watch_is_at(w, fixture_path("cache")));
	assert_false(watch_is_at(w, fixture_path("nosuch")));
	assert_int_equal(chmod(fixture_path("lists"), 0700), 0);
	assert_int_equal(watch_read(w), WATCH_TOUCHED);
	assert_true(watch_armed(w));
	assert_int_equal(rename(fixture_path("lists"), fixture_path("moved")),
	    0);
	assert_int_equal(watch_read(w), WATCH_LOST);
	assert_false(watch_armed(w));
	/* What happens to the old one is no concern any more. */
	fixture_mkdir(fixture_path("moved/x"));
	assert_int_equal(watch_read(w), 0);
	assert_int_equal(watch_arm(w, fixture_path("lists")), -1);
	assert_int_equal(errno, ENOENT);
	fixture_mkdir(fixture_path("lists"));
	assert_int_equal(watch_arm(w, fixture_path("lists")), 0);
	assert_int_equal(rmdir(fixture_path("lists")), 0);
	assert_true((watch_read(w) & WATCH_LOST) != 0);
	assert_false(watch_armed(w));
	watch_free(w);
}

static void
test_arm_again(void **state)
{
	struct watch *w = armed();

	(void)state;
	fixture_list("lists", "foo");
	fixture_unlist("lists", "foo");
	/* Events of before are not lost, and the old watch's end is none. */
	assert_int_equal(watch_arm(w, fixture_path("cache")), 0);
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	assert_true(gone(w, "foo"));
	assert_true(watch_armed(w));
	fixture_list("lists", "bar");
	assert_int_equal(watch_read(w), 0);
	fixture_list("cache", "bar");
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	watch_free(w);
}

static void
test_link_is_followed(void **state)
{
	struct watch *w = watch_new(NULL);

	(void)state;
	assert_non_null(w);
	assert_int_equal(symlink("lists", fixture_path("link")), 0);
	assert_int_equal(watch_arm(w, fixture_path("link")), 0);
	fixture_list("lists", "foo");
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	watch_free(w);
}

static void
test_what_cannot_be_watched(void **state)
{
	struct watch *w = watch_new(NULL);

	(void)state;
	assert_non_null(w);
	fixture_file(fixture_path("file"), "");
	assert_int_equal(watch_arm(w, fixture_path("file")), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(chmod(fixture_path("lists"), 0), 0);
	assert_int_equal(watch_arm(w, fixture_path("lists")), -1);
	assert_int_equal(errno, EACCES);
	assert_false(watch_armed(w));
	assert_int_equal(watch_read(w), 0);
	watch_free(w);
	watch_free(NULL);
}

static long
queue_length(void)
{
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	long n = 0;

	if (f != NULL) {
		if (fscanf(f, "%ld", &n) != 1)
			n = 0;
		fclose(f);
	}
	return n;
}

static void
test_overflow(void **state)
{
	long n = queue_length();
	struct watch *w;

	(void)state;
	if (n <= 0 || n > 100000) {
		print_message("# cannot fill a queue of %ld events\n", n);
		skip();
	}
	w = armed();
	for (long i = 0; i < n; i += 2) {
		fixture_mkdir(fixture_path("lists/%ld", i % 4));
		assert_int_equal(rmdir(fixture_path("lists/%ld", i % 4)), 0);
	}
	fixture_mkdir(fixture_path("lists/last"));
	assert_int_equal(watch_read(w), WATCH_CHANGED | WATCH_OVERFLOW);
	assert_true(watch_armed(w));
	assert_true(gone(w, "2"));
	watch_free(w);
}

/* Where no scan ends well nobody forgets them, and memory has an end. */
#define GONE 1000000

static void
test_more_than_can_be_kept(void **state)
{
	static const struct inotify_event went = { .wd = 1, .mask = IN_DELETE,
		.len = 16 };
	char events[256][sizeof(went) + 16];
	struct watch *w = armed();
	int fds[2];
	size_t sent = 0, kept;

	(void)state;
	/* A pipe in the place of what the kernel tells. */
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	assert_int_not_equal(dup2(fds[0], watch_fd(w)), -1);
	memset(events, 0, sizeof(events));
	for (;;) {
		unsigned seen;

		for (size_t i = 0; i < 256; i++, sent++) {
			memcpy(events[i], &went, sizeof(went));
			snprintf(events[i] + sizeof(went), 16, "%zu", sent);
		}
		assert_int_equal(write(fds[1], events, sizeof(events)),
		    sizeof(events));
		seen = watch_read(w);
		if (seen == (WATCH_CHANGED | WATCH_OVERFLOW))
			break;
		assert_int_equal(seen, WATCH_CHANGED);
		assert_true(sent < 2 * GONE);
	}
	kept = watch_gone(w).n;
	assert_int_equal(kept, GONE);
	assert_true(gone(w, "0"));
	/* One more is told, and not kept; there is room when all is known. */
	assert_int_equal(write(fds[1], events, sizeof(events[0])),
	    sizeof(events[0]));
	assert_int_equal(watch_read(w), WATCH_CHANGED | WATCH_OVERFLOW);
	assert_int_equal(watch_gone(w).n, kept);
	watch_forget(w, clock_seconds() + 60);
	assert_int_equal(write(fds[1], events, sizeof(events[0])),
	    sizeof(events[0]));
	assert_int_equal(watch_read(w), WATCH_CHANGED);
	assert_int_equal(watch_gone(w).n, 1);
	close(fds[0]);
	close(fds[1]);
	watch_free(w);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_entries),
		TEST(test_forget),
		TEST(test_lost),
		TEST(test_files_beside),
		TEST(test_files_in_the_lists_directory),
		TEST(test_the_directory_itself),
		TEST(test_arm_again),
		TEST(test_link_is_followed),
		TEST(test_what_cannot_be_watched),
		TEST(test_overflow),
		TEST(test_more_than_can_be_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
