#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "mailman/mailman.h"
#include "cache/cache.h"
#include "cache/child.h"
#include "cache/rebuild.h"
#include "tests/fixture.h"
#include "tests/patience.h"

static char lists_dir[1024], cache_dir[1024];

static int
setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	snprintf(lists_dir, sizeof(lists_dir), "%s", fixture_path("lists"));
	snprintf(cache_dir, sizeof(cache_dir), "%s", fixture_path("cache"));
	fixture_list("lists", "a");
	return 0;
}

static struct rebuild_order
order(struct cache *known)
{
	return (struct rebuild_order){
		.mailman = &mailman2,
		.site = "s",
		.lists_dir = lists_dir,
		.data_dir = lists_dir,
		.cache_dir = cache_dir,
		.known = known,
		.lock.patience = PATIENCE,
	};
}

static void
start(struct child *c, enum child_task task, struct cache *known)
{
	const struct rebuild_order o = order(known);

	assert_int_equal(child_start(c, &o, task, true), 0);
}

static int
report(struct child *c, struct rebuild_result *r)
{
	struct pollfd p = { c->fd, POLLIN, 0 };

	assert_int_equal(poll(&p, 1, PATIENCE * 1000), 1);
	return child_hear(c, r);
}

/* Lets the child go, and waits for it. */
static int
end(struct child *c)
{
	int status;

	child_release(c);
	child_forget(c);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	return status;
}

/* A snapshot that a child made and gave. */
static struct cache *
scan(void)
{
	struct rebuild_result r;
	struct child c;
	struct cache *taken;
	const char *err;

	start(&c, CHILD_SCANS, NULL);
	assert_int_equal(report(&c, &r), 1);
	assert_int_not_equal(r.status, REBUILD_FAILED);
	assert_true(c.given);
	taken = cache_take(c.memory, &err);
	assert_non_null(taken);
	end(&c);
	return taken;
}

static bool
has_snapshot(pid_t pid)
{
	char path[64], line[512];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/maps", (long)pid);
	(void)fixture_root();
	f = fopen(path, "r");
	fixture_nobody();
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		found |= strstr(line, "/memfd:snapshot") != NULL;
	fclose(f);
	return found;
}

/* It has what the parent gives up, until it is let go. */
static void
test_stays_until_released(void **state)
{
	struct cache *known = scan();
	struct rebuild_result r;
	struct child c;
	int status;

	(void)state;
	fixture_list("lists", "b");
	start(&c, CHILD_SCANS, known);
	assert_int_equal(report(&c, &r), 1);
	assert_int_equal(r.status, REBUILD_WRITTEN);
	assert_true(c.given && !c.refused);
	cache_close(known);
	assert_int_equal(child_hear(&c, &r), 0);
	fixture_wait_asleep(c.pid);
	assert_int_equal(waitpid(c.pid, &status, WNOHANG), 0);
	assert_true(has_snapshot(c.pid));
	status = end(&c);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* That of another site, whose scan may take long, does not keep it. */
static void
test_has_only_its_own(void **state)
{
	struct cache *known = scan();
	struct rebuild_result r;
	struct child c;

	(void)state;
	start(&c, CHILD_READS, NULL);
	assert_int_equal(report(&c, &r), 1);
	assert_false(has_snapshot(c.pid));
	end(&c);
	start(&c, CHILD_READS, known);
	assert_int_equal(report(&c, &r), 1);
	assert_true(has_snapshot(c.pid));
	end(&c);
	start(&c, CHILD_READS, NULL);
	assert_int_equal(report(&c, &r), 1);
	assert_false(has_snapshot(c.pid));
	end(&c);
	cache_close(known);
}

static void
test_same_is_not_given(void **state)
{
	struct cache *known = scan();
	struct rebuild_result r;
	struct child c;

	(void)state;
	for (int i = 0; i < 2; i++) {
		start(&c, i == 0 ? CHILD_SCANS : CHILD_READS, known);
		assert_int_equal(report(&c, &r), 1);
		assert_int_equal(r.status, REBUILD_UNCHANGED);
		assert_true(!c.given && !c.refused);
		end(&c);
	}
	cache_close(known);
}

static void
read_it(bool given, bool refused)
{
	struct rebuild_result r;
	struct child c;

	start(&c, CHILD_READS, NULL);
	assert_int_equal(report(&c, &r), 1);
	assert_true(c.given == given && c.refused == refused);
	assert_int_equal(r.status, given ? REBUILD_UNCHANGED : REBUILD_FAILED);
	end(&c);
}

/* It reads, and does not scan. */
static void
test_reads(void **state)
{
	struct cache *known = scan();

	(void)state;
	cache_close(known);
	fixture_list("lists", "b");
	read_it(true, false);
	assert_int_equal(truncate(fixture_path("cache/s.cdb"), 100), 0);
	read_it(false, true);
	/* Where there is none, another one may come. */
	assert_int_equal(unlink(fixture_path("cache/s.cdb")), 0);
	read_it(false, false);
	assert_int_equal(access(fixture_path("cache/s.cdb"), F_OK), -1);
}

static void __attribute__((noreturn))
be_parent(int told)
{
	struct rebuild_result r;
	struct child c;

	start(&c, CHILD_SCANS, NULL);
	if (report(&c, &r) == 1 &&
	    write(told, &c.pid, sizeof(c.pid)) == (ssize_t)sizeof(c.pid))
		(void)pause();
	_exit(1);
}

static void
test_ends_with_its_parent(void **state)
{
	int told[2], status;
	pid_t parent, pid;

	(void)state;
	/* So that we can wait for it. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	parent = fork();
	assert_int_not_equal(parent, -1);
	if (parent == 0)
		be_parent(told[1]);
	close(told[1]);
	assert_int_equal(read(told[0], &pid, sizeof(pid)), sizeof(pid));
	close(told[0]);
	fixture_wait_asleep(pid);
	assert_int_equal(kill(parent, SIGKILL), 0);
	assert_int_equal(waitpid(parent, &status, 0), parent);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
test_dies(void **state)
{
	struct rebuild_result r;
	struct child c;
	int status;

	(void)state;
	start(&c, CHILD_READS, NULL);
	assert_int_equal(kill(c.pid, SIGSTOP), 0);
	child_kill(&c);
	assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
	while (child_hear(&c, &r) == 1)
		; /* it was faster */
	assert_int_equal(child_hear(&c, &r), -1);
	child_fail(status, &r);
	assert_string_equal(r.reason, "the scan was ended by signal 9");
	child_release(&c);
	child_forget(&c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_stays_until_released),
		TEST(test_has_only_its_own),
		TEST(test_same_is_not_given),
		TEST(test_reads),
		TEST(test_ends_with_its_parent),
		TEST(test_dies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
