#include <ev.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"
#include "mailman/mailman.h"
#include "cache/rebuild.h"
#include "cache/scan_runner.h"
#include "tests/fixture.h"
#include "tests/patience.h"

#define WAIT(condition) UNTIL_BY(condition, ev_run(loop, EVRUN_ONCE))
/* Far more than a scan of one list takes. */
#define ENOUGH 600.0
#define TOO_SHORT 0.05

static struct ev_loop *loop;
static struct ev_timer heartbeat; /* so that WAIT looks again */
static struct mailman slow;       /* its scans take until there is "go" */
static struct scan_runner *scans;
static struct rebuild_result last;
static char lists_dir[1024], cache_dir[1024], go[1024];
static char policy[1024], number[1024];
static int begun, ended;
static int reads;
static bool last_refused, last_given;
static bool keeps; /* the owner keeps the child of a scan that ended well */
static int kept = -1;
static bool immortal; /* the child waits for a dead file server */
static bool stopped;  /* the child is, when it is killed */
static pid_t killed;

/* In the place of the library's: nothing that a test can do makes a process
 * survive SIGKILL. */
int
kill(pid_t pid, int sig)
{
	killed = pid;
	if (stopped)
		(void)syscall(SYS_kill, pid, SIGSTOP);
	if (immortal && sig == SIGKILL)
		return 0;
	return (int)syscall(SYS_kill, pid, sig);
}

static void
write_number(const char *path, int n)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	dprintf(fd, "%d", n);
	close(fd);
}

static int
is_list_at_last(int dir, const char *name, struct stat *st)
{
	const struct timespec nap = { .tv_nsec = 5000000 };

	write_number(policy, sched_getscheduler(0));
	write_number(number, getpid());
	while (access(go, F_OK) == -1)
		(void)nanosleep(&nap, NULL);
	return mailman2.is_list(dir, name, st);
}

static void
on_heartbeat(struct ev_loop *l, struct ev_timer *w, int events)
{
	(void)l, (void)w, (void)events;
}

static void
order(void *arg, struct rebuild_order *o)
{
	(void)arg;
	begun++;
	*o = (struct rebuild_order){
		.mailman = &slow,
		.site = "s",
		.lists_dir = lists_dir,
		.data_dir = lists_dir,
		.cache_dir = cache_dir,
	};
}

static void
take_result(void *arg, const struct rebuild_result *r)
{
	(void)arg;
	ended++;
	last = *r;
	if (keeps && r->status != REBUILD_FAILED && kept == -1)
		kept = scan_runner_keep(scans);
	if (r->status == REBUILD_FAILED)
		scan_runner_failed(scans);
	else
		scan_runner_well(scans, 0);
}

static void
was_read(void *arg, bool refused)
{
	(void)arg;
	reads++;
	last_refused = refused;
	last_given = scan_runner_snapshot(scans) != -1;
}

static void
not_started(void *arg, const char *reason)
{
	(void)arg;
	fail_msg("%s", reason);
}

static int
setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	loop = ev_default_loop(0);
	ev_timer_init(&heartbeat, on_heartbeat, 0.005, 0.005);
	ev_timer_start(loop, &heartbeat);
	snprintf(lists_dir, sizeof(lists_dir), "%s", fixture_path("lists"));
	snprintf(cache_dir, sizeof(cache_dir), "%s", fixture_path("cache"));
	snprintf(go, sizeof(go), "%s", fixture_path("go"));
	snprintf(policy, sizeof(policy), "%s", fixture_path("policy"));
	snprintf(number, sizeof(number), "%s", fixture_path("pid"));
	fixture_list("lists", "a");
	slow = mailman2;
	slow.is_list = is_list_at_last;
	begun = ended = reads = 0;
	immortal = keeps = stopped = false;
	kept = -1;
	return 0;
}

static int
teardown(void **state)
{
	scan_runner_free(scans);
	scans = NULL;
	ev_timer_stop(loop, &heartbeat);
	return fixture_teardown(state);
}

static void
begin_with(double rescan, double timeout)
{
	const struct scan_runner_owner owner = { order, take_result,
		not_started, NULL };

	scans = scan_runner_new(loop, &owner, 0.01, rescan, timeout);
	assert_non_null(scans);
	scan_runner_begin(scans);
}

static void
begin(double timeout)
{
	begin_with(3600, timeout);
}

static void
test_in_time(void **state)
{
	(void)state;
	fixture_file(go, "");
	begin(ENOUGH);
	assert_true(scan_runner_runs(scans));
	WAIT(ended == 1);
	assert_int_equal(last.status, REBUILD_WRITTEN);
	assert_false(scan_runner_runs(scans));
	assert_false(scan_runner_stuck(scans));
}

static int
last_number(const char *path)
{
	struct buf text = fixture_content(path);
	uint64_t n = UINT64_MAX;

	assert_int_equal(str_number(buf_get(&text), 0, INT_MAX, &n), 0);
	buf_clear(&text);
	return (int)n;
}

/* A scan that failed has ended, and the next one is not late at once. */
static void
test_overdue_until_one_ends(void **state)
{
	(void)state;
	begin_with(0.2, ENOUGH);
	WAIT(access(number, F_OK) == 0 && scan_runner_overdue(scans));
	scan_runner_configure(scans, 0.01, 3600, ENOUGH);
	assert_true(scan_runner_overdue(scans));
	assert_int_equal(kill(last_number(number), SIGKILL), 0);
	WAIT(ended == 1);
	assert_int_equal(last.status, REBUILD_FAILED);
	assert_false(scan_runner_overdue(scans));
}

/* Look-ups wait for the first scan; the others wait for look-ups. */
static void
test_modest_but_for_the_first(void **state)
{
	(void)state;
	fixture_file(go, "");
	begin(ENOUGH);
	WAIT(ended == 1);
	assert_int_equal(last_number(policy), sched_getscheduler(0));
	scan_runner_request(scans, 0.0);
	WAIT(ended == 2);
	assert_int_equal(last_number(policy), SCHED_IDLE);
}

static void
test_late(void **state)
{
	char text[2048];

	(void)state;
	snprintf(text, sizeof(text), "the scan of %s took longer than "
	    "scan_timeout (%g s)", lists_dir, TOO_SHORT);
	begin(TOO_SHORT);
	assert_false(scan_runner_stuck(scans));
	/* Killed, and tried again with a back-off. */
	WAIT(ended == 2);
	assert_int_equal(last.status, REBUILD_FAILED);
	assert_string_equal(last.reason, text);
	assert_true(scan_runner_stuck(scans));
	/* It heals by itself, and the next scan has the time that it needs. */
	fixture_file(go, "");
	scan_runner_configure(scans, 0.01, 3600, ENOUGH);
	WAIT(last.status == REBUILD_WRITTEN);
	assert_false(scan_runner_stuck(scans));
}

static void
test_left_behind(void **state)
{
	(void)state;
	immortal = true;
	begin(TOO_SHORT);
	WAIT(ended == 1);
	assert_int_equal(last.status, REBUILD_FAILED);
	assert_non_null(strstr(last.reason, "does not end"));
	assert_true(scan_runner_stuck(scans));
	assert_false(scan_runner_runs(scans));
	/* Neither a request nor the end of its back-off starts another one, nor
	 * is it said again. */
	scan_runner_request(scans, 0.0);
	for (int i = 0; i < 100; i++)
		ev_run(loop, EVRUN_ONCE);
	assert_int_equal(begun, 1);
	assert_int_equal(ended, 1);
	/* Its file server is back. */
	scan_runner_configure(scans, 0.01, 3600, ENOUGH);
	fixture_file(go, "");
	WAIT(ended == 2);
	assert_int_equal(begun, 2);
	assert_int_not_equal(last.status, REBUILD_FAILED);
	assert_false(scan_runner_stuck(scans));
}

static void
run_some_turns(void)
{
	for (int i = 0; i < 100; i++)
		ev_run(loop, EVRUN_ONCE);
}

/* The result is there before the child's end; the next one begins after it. */
static void
test_child_stays(void **state)
{
	(void)state;
	fixture_file(go, "");
	keeps = true;
	begin(ENOUGH);
	WAIT(ended == 1);
	assert_int_not_equal(kept, -1);
	assert_false(scan_runner_runs(scans));
	scan_runner_request(scans, 0.0);
	run_some_turns();
	assert_int_equal(begun, 1);
	close(kept);
	WAIT(ended == 2);
	assert_int_equal(begun, 2);
}

static void
test_child_that_stays_dies(void **state)
{
	(void)state;
	fixture_file(go, "");
	keeps = true;
	begin(ENOUGH);
	WAIT(ended == 1);
	scan_runner_request(scans, 0.0);
	assert_int_equal(kill((pid_t)last_number(number), SIGKILL), 0);
	WAIT(ended == 2);
	assert_int_equal(last.status, REBUILD_UNCHANGED);
	close(kept);
}

/* Whoever forgets it keeps no scan away for ever. */
static void
test_child_stays_too_long(void **state)
{
	int before;

	(void)state;
	fixture_file(go, "");
	keeps = true;
	begin(1.0);
	WAIT(kept != -1);
	before = begun;
	scan_runner_request(scans, 0.0);
	WAIT(begun > before);
	WAIT(last.status == REBUILD_UNCHANGED);
	assert_false(scan_runner_stuck(scans));
	close(kept);
}

static void
begin_to_read(void)
{
	struct rebuild_order o;

	order(NULL, &o);
	begun--;
	reads = 0;
	WAIT(scan_runner_read(scans, &o, was_read, NULL));
	assert_false(scan_runner_runs(scans));
	assert_false(scan_runner_read(scans, &o, was_read, NULL));
}

static void
read_snapshot(bool given, bool refused)
{
	begin_to_read();
	WAIT(reads == 1);
	assert_int_equal(last_given, given);
	assert_int_equal(last_refused, refused);
}

static void
test_reads(void **state)
{
	(void)state;
	fixture_file(go, "");
	begin(ENOUGH);
	WAIT(ended == 1);
	read_snapshot(true, false);
	assert_int_equal(truncate(fixture_path("cache/s.cdb"), 10), 0);
	read_snapshot(false, true);
	assert_int_equal(ended, 1);
	/* A scan that is wanted meanwhile comes. */
	begin_to_read();
	scan_runner_request(scans, 0.0);
	WAIT(ended == 2);
	assert_true(begun == 2 && reads == 1);
}

static void
test_stopped(void **state)
{
	(void)state;
	begin(ENOUGH);
	scan_runner_request(scans, 0.0);
	scan_runner_stop(scans);
	assert_false(scan_runner_runs(scans));
	scan_runner_request(scans, 0.0);
	fixture_file(fixture_path("cache/s.cdb"), "no snapshot");
	fixture_file(go, "");
	read_snapshot(false, true);
	run_some_turns();
	assert_true(begun == 1 && ended == 0);
}

static void
test_freed_while_it_runs(void **state)
{
	(void)state;
	begin(ENOUGH);
	assert_true(scan_runner_runs(scans));
}

/* It has the lock, and a successor's scan waits for that. */
static void
test_freed_while_it_is_stopped(void **state)
{
	int status;

	(void)state;
	begin(ENOUGH);
	stopped = true;
	scan_runner_free(scans);
	scans = NULL;
	UNTIL(waitpid(killed, &status, WNOHANG) == killed);
	assert_true(WIFSIGNALED(status));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overdue_until_one_ends,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_modest_but_for_the_first,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_left_behind, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_child_stays, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_child_that_stays_dies,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_child_stays_too_long,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stopped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_freed_while_it_runs, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_freed_while_it_is_stopped,
		    setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
