#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"
#include "mailman/mailman.h"
#include "cache/rebuild.h"
#include "cache/scan_sites.h"
#include "tests/fixture.h"
#include "tests/patience.h"

#define SITES 2

static struct mailman slow; /* its scans take until there is "go" */
static struct conf_site site[SITES];
static char names[SITES][8], dirs[SITES][1024], cache_dir[1024], go[1024];
static char hosts[] = "separate";
static struct site_scan scan[SITES];
static int over[SITES], changes[SITES];
static char holder[64];

static int
is_list_when_told(int dir, const char *name, struct stat *st)
{
	const struct timespec nap = { .tv_nsec = 5000000 };

	while (access(go, F_OK) == -1)
		(void)nanosleep(&nap, NULL);
	return mailman2.is_list(dir, name, st);
}

static int
setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	snprintf(cache_dir, sizeof(cache_dir), "%s", fixture_path("cache"));
	snprintf(go, sizeof(go), "%s", fixture_path("go"));
	slow = mailman2;
	slow.is_list = is_list_when_told;
	memset(scan, 0, sizeof(scan));
	memset(over, 0, sizeof(over));
	memset(changes, 0, sizeof(changes));
	holder[0] = '\0';
	for (int i = 0; i < SITES; i++) {
		snprintf(names[i], sizeof(names[i]), "s%d", i);
		snprintf(dirs[i], sizeof(dirs[i]), "%s",
		    fixture_path("lists/%d", i));
		fixture_mkdir(dirs[i]);
		fixture_list(i == 0 ? "lists/0" : "lists/1", "a");
		site[i] = (struct conf_site){ .name = names[i],
			.lists_dir = dirs[i], .data_dir = dirs[i],
			.hosts = hosts, .scan_timeout = 600 };
		scan[i] = (struct site_scan){ .site = &site[i],
			.order = rebuild_order(&site[i], &mailman2, cache_dir),
			.seconds = { PATIENCE, PATIENCE, PATIENCE } };
	}
	return 0;
}

static void
note(void *arg, struct site_scan *s)
{
	(void)arg;
	changes[s - scan]++;
	over[s - scan] += s->over;
	if (*s->holder)
		memcpy(holder, s->holder, sizeof(holder));
}

static void
run_all(bool spare, double end)
{
	struct scan_sites all = { .scan = scan, .n = SITES, .changed = note,
		.spare = spare, .end = end };

	scan_sites(&all);
	for (int i = 0; i < SITES; i++) {
		assert_int_equal(over[i], 1);
		assert_true(scan[i].over);
	}
}

static bool
has_snapshot(int i)
{
	return access(fixture_path("cache/%s.cdb", names[i]), F_OK) == 0;
}

static void
test_all_well(void **state)
{
	(void)state;
	run_all(false, 0);
	for (int i = 0; i < SITES; i++) {
		assert_true(scan[i].finished);
		assert_int_equal(scan[i].stage, SCAN_READS);
		assert_int_equal(scan[i].result.status, REBUILD_WRITTEN);
		assert_int_equal(scan[i].seen, 1);
		assert_true(has_snapshot(i));
	}
}

static void
test_no_directory(void **state)
{
	(void)state;
	snprintf(dirs[0], sizeof(dirs[0]), "%s", fixture_path("nowhere"));
	run_all(false, 0);
	assert_int_equal(scan[0].error, ENOENT);
	assert_int_equal(scan[0].result.status, REBUILD_AWAY);
	assert_int_equal(scan[1].error, 0);
	assert_int_equal(scan[1].result.status, REBUILD_WRITTEN);
}

/* The slow one is killed, and says why; the other one is not kept. */
static void
test_too_slow(void **state)
{
	(void)state;
	scan[0].order.mailman = &slow;
	scan[0].seconds[SCAN_READS] = 0.2;
	run_all(false, 0);
	assert_false(scan[0].finished);
	assert_int_equal(scan[0].stage, SCAN_READS);
	assert_int_equal(scan[0].result.status, REBUILD_FAILED);
	assert_non_null(strstr(scan[0].result.reason, "takes longer than 0.2"));
	assert_int_equal(scan[1].result.status, REBUILD_WRITTEN);
	assert_int_not_equal(waitpid(-1, NULL, 0), -1);
	assert_false(has_snapshot(0));
}

/* As a start does it: the scan goes on, and there is a snapshot at its end. */
static void
test_spared(void **state)
{
	int status;

	(void)state;
	scan[0].order.mailman = &slow;
	run_all(true, 0.5);
	assert_false(scan[0].finished);
	assert_false(has_snapshot(0));
	assert_int_equal(waitpid(-1, &status, WNOHANG), 0);
	fixture_file(go, "");
	assert_int_not_equal(waitpid(-1, &status, 0), -1);
	assert_int_equal(status, 0);
	assert_true(has_snapshot(0));
}

static void
test_tells_who_has_the_lock(void **state)
{
	char me[64];
	int fd;

	(void)state;
	fd = open(fixture_path("cache/s0.lock"), O_RDWR | O_CREAT | O_CLOEXEC,
	    0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	snprintf(me, sizeof(me), "process %ld ", (long)getpid());
	scan[0].order.lock.patience = 1.5;
	run_all(false, 0);
	assert_true(scan[0].result.busy);
	assert_int_equal(scan[0].stage, SCAN_WAITS);
	assert_int_equal(strncmp(holder, me, strlen(me)), 0);
	assert_non_null(strstr(scan[0].result.reason, me));
	assert_false(scan[1].result.busy);
	close(fd);
}

/* What `listmapd -t' does: nothing is written. */
static void
test_look(void **state)
{
	struct scan_sites all = { .scan = scan, .n = SITES, .look = true };

	(void)state;
	fixture_unlist("lists/0", "a");
	scan_sites(&all);
	assert_true(scan[0].finished);
	assert_non_null(strstr(scan[0].result.reason, "no list in"));
	assert_string_equal(scan[1].result.reason, "");
	assert_int_equal(fixture_count(cache_dir, "s"), 0);
}

int
main(void)
{
#define TEST(name)                                                            \
	cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_all_well),
		TEST(test_no_directory),
		TEST(test_too_slow),
		TEST(test_spared),
		TEST(test_tells_who_has_the_lock),
		TEST(test_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
