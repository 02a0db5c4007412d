#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"
#include "cache/cache.h"
#include "cache/direct_lists.h"
#include "cache/gaps.h"
#include "cache/rebuild.h"
#include "tests/fixture.h"
#include "tests/patience.h"

static char site_name[] = "s", lists_dir[1024], cache_dir[1024];
static char hosts[] = "separate", yes[] = "yes", no[] = "no";
static struct conf_site site;
static struct direct_lists *direct;
static int dirs_read, questions;

/* In the place of the library's. */
struct dirent *
readdir(DIR *d)
{
	static _Alignas(struct dirent) char memory[4096];
	static long n, at;
	static int fd = -1;
	struct dirent *e;

	if (fd != dirfd(d) || at >= n) {
		dirs_read += fd != dirfd(d);
		fd = dirfd(d);
		at = 0;
		n = syscall(SYS_getdents64, fd, memory, sizeof(memory));
	}
	if (n <= 0) {
		fd = -1;
		return NULL;
	}
	e = (struct dirent *)(memory + at);
	at += e->d_reclen;
	return e;
}

ssize_t
send(int fd, const void *p, size_t n, int flags)
{
	questions++;
	return syscall(SYS_sendto, fd, p, n, flags, NULL, 0);
}

static int
setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	snprintf(lists_dir, sizeof(lists_dir), "%s", fixture_path("lists"));
	snprintf(cache_dir, sizeof(cache_dir), "%s", fixture_path("cache"));
	site = (struct conf_site){ .name = site_name, .hosts = hosts,
		.lists_dir = lists_dir, .data_dir = cache_dir,
		.verify_misses = yes };
	return 0;
}

static int
teardown(void **state)
{
	direct_lists_free(direct);
	direct = NULL;
	return fixture_teardown(state);
}

static void
rebuild_site(void)
{
	struct rebuild_order o = rebuild_order(&site, &mailman2, cache_dir);
	struct rebuild_result r;

	rebuild(&o, &r);
}

/* A snapshot is written of a directory that was quiet for a moment. */
static bool
proves_something(void)
{
	const char *err, *path = fixture_path("cache/s.cdb");
	struct cache *c;
	bool proves;

	(void)unlink(path);
	rebuild_site();
	c = cache_open(path, &err);
	assert_non_null(c);
	proves = cache_head(c)->ctime != 0;
	cache_close(c);
	return proves;
}

static void
begin(void)
{
	direct_lists_free(direct);
	direct = direct_lists_new(&mailman2, &site, cache_dir);
	assert_non_null(direct);
	dirs_read = questions = 0;
}

static enum lists_found
ask(const char *name)
{
	const struct lists *l = direct_lists_of(direct);
	struct list list;

	return l->find(l, str_from(name), LISTS_FROM_DISK, &list);
}

/* However many names are asked for, the directory is looked at once. */
static void
test_one_look_for_a_run(void **state)
{
	char name[32];

	(void)state;
	fixture_list("lists", "foo");
	fixture_mkdir(fixture_path("lists/half"));
	UNTIL(proves_something());
	begin();
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "none%d", i);
		assert_int_equal(ask(name), LISTS_ABSENT);
		assert_int_equal(ask("foo"), LISTS_FOUND);
	}
	/* Nothing came or went since the scan: a look at what kind of directory
	 * it is was enough. */
	assert_int_equal(dirs_read, 0);
	assert_int_equal(questions, 1);
	/* What was no list is asked for. */
	fixture_file(fixture_path("lists/half/config.pck"), "}.");
	assert_int_equal(ask("half"), LISTS_FOUND);
	assert_int_equal(questions, 2);
}

static void
test_names_that_came_since(void **state)
{
	char name[32];

	(void)state;
	fixture_list("lists", "foo");
	fixture_list("lists", "gone");
	UNTIL(proves_something());
	fixture_list("lists", "new");
	fixture_unlist("lists", "gone");
	begin();
	assert_int_equal(ask("none"), LISTS_ABSENT);
	assert_int_equal(ask("new"), LISTS_FOUND);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "none%d", i);
		assert_int_equal(ask(name), LISTS_ABSENT);
	}
	assert_int_equal(dirs_read, 1);
	assert_int_equal(questions, 2);
	/* As the daemon does until its next scan. */
	assert_int_equal(ask("gone"), LISTS_FOUND);
}

static void
test_a_directory_that_went(void **state)
{
	(void)state;
	fixture_list("lists", "foo");
	rebuild_site();
	assert_int_equal(rename(lists_dir, fixture_path("moved")), 0);
	begin();
	assert_int_equal(ask("foo"), LISTS_FOUND);
	assert_int_equal(ask("none"), LISTS_AWAY);
	/* Another is there. */
	fixture_mkdir(lists_dir);
	fixture_list("lists", "other");
	begin();
	assert_int_equal(ask("none"), LISTS_AWAY);
	assert_int_equal(ask("other"), LISTS_NO_ANSWER);
}

static void
test_the_state_counts(void **state)
{
	(void)state;
	fixture_list("lists", "foo");
	begin();
	assert_int_equal(ask("foo"), LISTS_FOUND);
	assert_int_equal(ask("none"), LISTS_AWAY);
	rebuild_site();
	assert_int_equal(chmod(lists_dir, 0), 0);
	rebuild_site();
	assert_int_equal(chmod(lists_dir, 0755), 0);
	/* The last scan did not believe the directory. */
	begin();
	assert_int_equal(ask("foo"), LISTS_FOUND);
	assert_int_equal(ask("none"), LISTS_AWAY);
	site.verify_misses = no;
	begin();
	assert_int_equal(ask("foo"), LISTS_FOUND);
	assert_int_equal(ask("none"), LISTS_AWAY);
	rebuild_site();
	begin();
	assert_int_equal(ask("none"), LISTS_ABSENT);
	assert_int_equal(dirs_read + questions, 0);
}

/* A directory that does not answer is waited for once. */
static void
test_file_server_that_hangs(void **state)
{
	enum lists_found known;
	char far[1024];
	pid_t server;
	int away = 0;

	(void)state;
	snprintf(far, sizeof(far), "%s", fixture_path("far"));
	fixture_mkdir(far);
	fixture_list("lists", "foo");
	server = fixture_file_server(lists_dir, far);
	if (server == -1)
		skip();
	site.lists_dir = far;
	rebuild_site();
	begin();
	assert_int_equal(ask("none"), LISTS_ABSENT);
	assert_true(fixture_root());
	assert_int_equal(kill(server, SIGSTOP), 0);
	fixture_nobody();
	begin();
	known = ask("foo");
	for (int i = 0; i < 100; i++)
		away += ask("none") == LISTS_AWAY;
	direct_lists_free(direct);
	direct = NULL;
	/* Only then, for nobody could remove what hangs. */
	fixture_end_file_server(server, far);
	assert_int_equal(known, LISTS_FOUND);
	assert_int_equal(away, 100);
	assert_int_equal(questions, 1);
}

static void
test_gaps(void **state)
{
	struct gaps gaps;

	(void)state;
	begin();
	direct_lists_gaps(direct, &gaps);
	assert_int_equal(gaps.of[GAP_DOUBTFUL].n, 0);
	fixture_list("lists", "foo");
	fixture_mkdir(fixture_path("lists/closed"));
	assert_int_equal(chmod(fixture_path("lists/closed"), 0), 0);
	rebuild_site();
	begin();
	direct_lists_gaps(direct, &gaps);
	assert_int_equal(gaps.of[GAP_DOUBTFUL].n, 1);
	assert_int_equal(chmod(fixture_path("lists/closed"), 0755), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_look_for_a_run),
		TEST(test_names_that_came_since),
		TEST(test_a_directory_that_went),
		TEST(test_the_state_counts),
		TEST(test_file_server_that_hangs),
		TEST(test_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
