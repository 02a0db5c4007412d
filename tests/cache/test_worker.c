#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "mailman/directory.h"
#include "mailman/mailman.h"
#include "cache/watch.h"
#include "cache/worker.h"
#include "tests/fixture.h"
#include "tests/patience.h"
#include "tests/slow_mailman.h"

static char lists_dir[1024], data_dir[1024];

static int
setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	slow_mailman_reset();
	fixture_mkdir(fixture_path("data"));
	fixture_mkdir(fixture_path("lists/x"));
	fixture_mkdir(fixture_path("lists/die"));
	snprintf(lists_dir, sizeof(lists_dir), "%s", fixture_path("lists"));
	snprintf(data_dir, sizeof(data_dir), "%s", fixture_path("data"));
	return 0;
}

static struct worker
start(const struct mailman *m, int inotify)
{
	const struct worker_order o = { m, lists_dir, data_dir, inotify };
	struct worker w;

	assert_int_equal(worker_start(&w, &o), 0);
	return w;
}

/* Its wait status. */
static int
end(struct worker *w)
{
	int status;

	worker_close(w);
	assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
	return status;
}

static int
hear(const struct worker *w, struct worker_reply *r)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	while (poll(&p, 1, -1) == -1)
		assert_int_equal(errno, EINTR);
	return worker_hear(w, r);
}

static void
test_entries(void **state)
{
	struct worker w = start(&mailman2, -1);
	struct worker_reply r;
	struct entry_facts f;
	char name[256];

	(void)state;
	assert_int_equal(worker_hear(&w, &r), 0);
	fixture_list("lists", "foo");
	fixture_file(fixture_path("lists/foo/config.pck"),
	    "}(S'host_name'\nS'a.test'\nu.");
	memset(name, 'a', 255);
	assert_int_equal(worker_ask_entry(&w, 7, STR("foo")), 0);
	assert_int_equal(worker_ask_entry(&w, 8, STR("nosuch")), 0);
	assert_int_equal(worker_ask_entry(&w, 9, (struct str){ name, 255 }),
	    0);
	entry_facts_take(&mailman2, lists_dir, NULL, STR("foo"), &f);
	assert_int_equal(hear(&w, &r), 1);
	assert_true(r.id == 7 && r.kind == WORKER_ENTRY);
	assert_string_equal(r.entry.info.host, "a.test");
	assert_memory_equal(&r.entry, &f, sizeof(f));
	assert_int_equal(hear(&w, &r), 1);
	assert_true(r.id == 8 && r.entry.found == LISTS_ABSENT);
	assert_string_equal(r.entry.info.host, "");
	assert_int_equal(hear(&w, &r), 1);
	assert_true(r.id == 9 && r.entry.found == LISTS_ABSENT);
	/* It is asked where it was started, whatever the daemon does. */
	assert_int_equal(end(&w), 0);
}

/* What it arms is the daemon's to read. */
static void
test_place(void **state)
{
	const struct place_watched nothing = { .wd = -1, .files_wd = -1 };
	struct watch *watch = watch_new(NULL);
	struct directory_id id;
	struct worker_reply r;
	struct worker w;

	(void)state;
	assert_non_null(watch);
	w = start(&mailman3, watch_fd(watch));
	assert_int_equal(worker_ask_place(&w, 1, &nothing), 0);
	assert_int_equal(hear(&w, &r), 1);
	assert_true(r.id == 1 && r.kind == WORKER_PLACE);
	assert_int_equal(directory_identify(lists_dir, &id), 0);
	assert_true(r.place.dev == id.dev && r.place.ino == id.ino);
	assert_true(r.place.armed && r.place.files_armed);
	assert_true(watch_take(watch, r.place.wd, &id));
	fixture_mkdir(fixture_path("lists/z"));
	assert_int_equal(watch_read(watch), WATCH_CHANGED);
	/* The watch outlives the worker. */
	assert_int_equal(end(&w), 0);
	fixture_mkdir(fixture_path("lists/y"));
	assert_int_equal(watch_read(watch), WATCH_CHANGED);
	watch_free(watch);
	/* Without an instance nothing is armed. */
	w = start(&mailman3, -1);
	assert_int_equal(worker_ask_place(&w, 2, &nothing), 0);
	assert_int_equal(hear(&w, &r), 1);
	assert_true(r.id == 2 && r.place.ino == id.ino && !r.place.armed);
	assert_int_equal(end(&w), 0);
}

/* How many descriptors the process has. */
static int
count_descriptors(pid_t pid, int *highest)
{
	char path[64];
	const struct dirent *e;
	DIR *d;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	(void)fixture_root();
	d = opendir(path);
	fixture_nobody();
	if (d == NULL)
		return -1;
	*highest = -1;
	while ((e = readdir(d)) != NULL) {
		int fd = -1;

		if (sscanf(e->d_name, "%d", &fd) != 1)
			continue;
		*highest = fd > *highest ? fd : *highest;
		n++;
	}
	closedir(d);
	return n;
}

static void
test_descriptors(void **state)
{
	int others[20], highest, inotify = memfd_create("x", 0);
	struct worker_reply r;
	struct worker w;

	(void)state;
	for (int i = 0; i < 20; i++)
		others[i] = memfd_create("other", 0);
	w = start(&mailman2, inotify);
	assert_int_equal(worker_ask_entry(&w, 1, STR("x")), 0);
	assert_int_equal(hear(&w, &r), 1);
	if (count_descriptors(w.pid, &highest) == -1)
		print_message("# no /proc/PID/fd here\n");
	else
		assert_int_equal(highest, 4);
	assert_int_equal(end(&w), 0);
	w = start(&mailman2, -1);
	assert_int_equal(worker_ask_entry(&w, 1, STR("x")), 0);
	assert_int_equal(hear(&w, &r), 1);
	if (count_descriptors(w.pid, &highest) != -1)
		assert_int_equal(highest, 3);
	assert_int_equal(end(&w), 0);
	for (int i = 0; i < 20; i++)
		close(others[i]);
	close(inotify);
}

static void
test_ends(void **state)
{
	struct worker_reply r;
	struct worker w = start(&slow_mailman, -1);

	(void)state;
	/* Nobody wants the reply any more: it ends, and by no signal. */
	slow->hangs = true;
	assert_int_equal(worker_ask_entry(&w, 1, STR("x")), 0);
	UNTIL(slow->looks == 1);
	worker_close(&w);
	slow->hangs = false;
	assert_true(WIFEXITED(end(&w)));
	/* It has died: asking it is an error, and no signal. */
	w = start(&slow_mailman, -1);
	assert_int_equal(worker_ask_entry(&w, 1, STR("die")), 0);
	assert_int_equal(hear(&w, &r), -1);
	assert_int_equal(worker_ask_entry(&w, 2, STR("x")), -1);
	assert_true(errno == EPIPE || errno == ECONNRESET);
	assert_int_equal(WEXITSTATUS(end(&w)), 3);
	/* What it said before is heard. */
	w = start(&slow_mailman, -1);
	assert_int_equal(worker_ask_entry(&w, 1, STR("x")), 0);
	assert_int_equal(worker_ask_entry(&w, 2, STR("die")), 0);
	UNTIL(slow->looks == 4);
	assert_int_equal(hear(&w, &r), 1);
	assert_true(r.id == 1);
	assert_int_equal(hear(&w, &r), -1);
	assert_int_equal(WEXITSTATUS(end(&w)), 3);
}

/* A daemon that is killed while a worker hangs leaves no process behind. */
static void
test_dies_with_the_daemon(void **state)
{
	pid_t daemon, worker;
	int status;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	slow->hangs = true;
	daemon = fork();
	assert_int_not_equal(daemon, -1);
	if (daemon == 0) {
		struct worker w = start(&slow_mailman, -1);

		if (worker_ask_entry(&w, 1, STR("x")) == -1)
			_exit(1);
		for (;;)
			pause();
	}
	UNTIL(slow->looks == 1);
	worker = slow->last;
	assert_int_equal(kill(daemon, SIGKILL), 0);
	assert_int_equal(waitpid(daemon, &status, 0), daemon);
	assert_int_equal(waitpid(worker, &status, 0), worker);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

/* Asking never waits, though nobody takes the questions. */
static void
test_no_room(void **state)
{
	struct worker w = start(&slow_mailman, -1);
	struct worker_reply r;
	int sent = 0;

	(void)state;
	slow->hangs = true;
	while (worker_ask_entry(&w, 1, STR("x")) == 0)
		assert_true(++sent < 1000000);
	assert_int_equal(errno, EAGAIN);
	slow->hangs = false;
	while (sent-- > 0)
		assert_int_equal(hear(&w, &r), 1);
	assert_int_equal(worker_hear(&w, &r), 0);
	assert_int_equal(worker_ask_entry(&w, 1, STR("x")), 0);
	assert_int_equal(hear(&w, &r), 1);
	assert_int_equal(end(&w), 0);
}

/* What neither side ever says. */
static void
test_nonsense(void **state)
{
	static const char junk[2048] = { 0x55 };
	static const size_t sizes[] = { 1, 12, 16, 17, 600, 2048 };
	struct worker_reply r;
	struct worker w;
	int fds[2];

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds),
		    0);
		w.fd = fds[0];
		assert_int_equal(send(fds[1], junk, sizes[i], 0), sizes[i]);
		assert_int_equal(worker_hear(&w, &r), -1);
		close(fds[0]);
		close(fds[1]);
	}
	w = start(&mailman2, -1);
	assert_int_equal(send(w.fd, junk, 7, 0), 7);
	assert_int_equal(hear(&w, &r), -1);
	assert_int_equal(WEXITSTATUS(end(&w)), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_entries),
		TEST(test_place),
		TEST(test_descriptors),
		TEST(test_ends),
		TEST(test_dies_with_the_daemon),
		TEST(test_no_room),
		TEST(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
