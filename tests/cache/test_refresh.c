#include <dirent.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"
#include "cache/inquiry.h"
#include "cache/rebuild.h"
#include "cache/refresh.h"
#include "tests/fixture.h"
#include "tests/patience.h"

/* Nothing here depends on how long things take. */
#define WAIT(condition) UNTIL_BY(condition, ev_run(loop, EVRUN_ONCE))

static struct ev_loop *loop;
static struct ev_timer heartbeat; /* so that WAIT looks again */
static struct refresh *refresh;
static struct asking asking;
static struct conf_site site;
static char site_name[] = "s", lists_dir[1024], cache_dir[1024];
static char hosts[] = "separate";
static char lines[65536];

static bool no_instances;

/* In the place of the library's: others of the same account take instances and
 * give them back as they like. */
int
inotify_init1(int flags)
{
	if (no_instances) {
		errno = EMFILE;
		return -1;
	}
	return (int)syscall(SYS_inotify_init1, flags);
}

static int reads;

/* In the place of the library's, to count those of this process. */
ssize_t
pread(int fd, void *p, size_t n, off_t at)
{
	reads++;
	return (ssize_t)syscall(SYS_pread64, fd, p, n, at);
}

static bool on_network;

/* In the place of the library's: what it tells is what a worker finds. */
int
fstatfs(int fd, struct statfs *fs)
{
	const int result = (int)syscall(SYS_fstatfs, fd, fs);

	if (result == 0 && on_network)
		fs->f_type = 0x6969; /* NFS */
	return result;
}

static int swaps, same_hosts;

static void
count_swap(void *arg, const struct lists *lists, bool same)
{
	(void)arg;
	/* There is none yet while refresh_new() reads an old one. */
	assert_true(refresh == NULL || lists == refresh_lists(refresh));
	swaps++;
	same_hosts += same;
}

static void
on_heartbeat(struct ev_loop *l, struct ev_timer *w, int events)
{
	(void)l;
	(void)w;
	(void)events;
}

static void
take_line(void *arg, enum log_level level, const char *line)
{
	size_t n = strlen(lines);

	(void)arg;
	(void)level;
	snprintf(lines + n, sizeof(lines) - n, "%s\n", line);
}

static int
logged(const char *text)
{
	const char *p = lines;
	int n = 0;

	while ((p = strstr(p, text)) != NULL) {
		p += strlen(text);
		n++;
	}
	return n;
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
	site = (struct conf_site){ .name = site_name, .hosts = hosts,
		.lists_dir = lists_dir, .scan_timeout = 600 };
	lines[0] = '\0';
	swaps = same_hosts = 0;
	log_sink(take_line, NULL);
	return 0;
}

static int
teardown(void **state)
{
	refresh_free(refresh);
	refresh = NULL;
	on_network = false;
	ev_timer_stop(loop, &heartbeat);
	log_sink(NULL, NULL);
	return fixture_teardown(state);
}

static struct refresh_options
options(const struct mailman *mailman, bool verify)
{
	asking.loop = loop;
	asking.deadline = PATIENCE;
	return (struct refresh_options){
		.mailman = mailman,
		.site = &site,
		.cache_dir = cache_dir,
		.rescan = 3600,
		.debounce = 0.02,
		.verify = verify,
		.asking = &asking,
		.swapped = count_swap,
	};
}

static void
begin_with(const struct refresh_options *o)
{
	refresh_free(refresh);
	refresh = NULL;
	refresh = refresh_new(loop, o);
	assert_non_null(refresh);
	refresh_start(refresh);
}

static void
begin(bool verify)
{
	const struct refresh_options o = options(&mailman2, verify);

	begin_with(&o);
}

static struct refresh_status
status(void)
{
	struct refresh_status st;

	refresh_status(refresh, &st);
	return st;
}

static void
wake_nobody(void *arg)
{
	(void)arg;
}

/* As waiting_answer(): until the worker has told all. */
static enum lists_found
find(const char *name, enum lists_from from)
{
	const struct lists *l = refresh_lists(refresh);
	enum lists_found found;
	struct list list;

	asking.since = clock_seconds();
	asking.wake = wake_nobody;
	for (;;) {
		asking.turn++;
		asking.put = false;
		asking.can_wait = true;
		found = l->find(l, str_from(name), from, &list);
		asking.can_wait = false;
		if (!asking.put)
			break;
		ev_run(loop, EVRUN_ONCE);
	}
	inquiry_free(asking.inquiry);
	asking.inquiry = NULL;
	return found;
}

static enum lists_found
ask(const char *name)
{
	return find(name, LISTS_FROM_DISK);
}

static bool
known(const char *name)
{
	return find(name, LISTS_FROM_SNAPSHOT) == LISTS_FOUND;
}

/* Whether the snapshot has all names, as far as a look can tell. */
static bool
sure(void)
{
	asking.turn++;
	return !refresh_lists(refresh)->look(refresh_lists(refresh));
}

static bool
complete(void)
{
	return refresh_lists(refresh)->complete(refresh_lists(refresh));
}

static int
count_list(void *arg, const struct list *list)
{
	assert_true(list->name.n > 0);
	++*(int *)arg;
	return 0;
}

static int
each(int *n)
{
	const struct lists *l = refresh_lists(refresh);

	*n = 0;
	return l->each(l, count_list, n);
}

static enum rebuild_status
rebuild_by_hand(bool accept_empty)
{
	struct rebuild_order o = { .mailman = &mailman2, .site = "s",
		.lists_dir = lists_dir, .cache_dir = cache_dir,
		.accept_empty = accept_empty };
	struct rebuild_result r;

	rebuild(&o, &r);
	return r.status;
}

static const char *const five[] = { "list-1", "list-2", "list-3", "list-4",
	"list-5" };

/* The lists foo, list-1 ... list-5, and a daemon that knows them. */
static void
begin_with_lists(bool verify)
{
	fixture_list("lists", "foo");
	for (int i = 0; i < 5; i++)
		fixture_list("lists", five[i]);
	begin(verify);
	WAIT(status().scanned != 0);
	assert_int_equal(status().lists, 6);
}

/* Nothing is scanned until the result is closed. */
static int
hold_scans(void)
{
	int fd = open(fixture_path("cache/s.lock"), O_RDWR | O_CREAT |
	    O_CLOEXEC, 0644);

	assert_int_not_equal(fd, -1);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	return fd;
}

static void
test_first_start(void **state)
{
	int hold, n;

	(void)state;
	fixture_list("lists", "foo");
	hold = hold_scans();
	begin(true);
	/* Before the first scan there is only the directory. */
	assert_false(status().cached);
	assert_false(sure());
	assert_false(complete());
	assert_int_equal(ask("foo"), LISTS_FOUND);
	assert_int_equal(find("foo", LISTS_FROM_SNAPSHOT), LISTS_UNSURE);
	assert_int_equal(ask("nosuch"), LISTS_AWAY);
	assert_int_equal(find("nosuch", LISTS_FROM_SNAPSHOT), LISTS_UNSURE);
	assert_int_equal(each(&n), -1);
	assert_int_equal(close(hold), 0);
	WAIT(status().scanned != 0 && !status().scanning && sure());
	assert_true(status().cached && status().watching && !status().away);
	assert_true(known("foo"));
	assert_int_equal(ask("nosuch"), LISTS_ABSENT);
	assert_int_equal(each(&n), 0);
	assert_int_equal(n, 1);
	WAIT(complete());
	assert_int_equal(logged("refresh: new snapshot: s: 1 lists, "), 1);
}

static void
test_old_snapshot_serves_at_once(void **state)
{
	(void)state;
	begin_with_lists(true);
	begin(true);
	assert_true(known("foo"));
	assert_false(sure());
	assert_int_equal(ask("nosuch"), LISTS_ABSENT);
	WAIT(status().scanned != 0);
	assert_int_equal(logged("new snapshot"), 1);
}

static void
test_lists_come_and_go(void **state)
{
	(void)state;
	begin_with_lists(true);
	fixture_list("lists", "new");
	/* Right before the loop has turned. */
	WAIT(sure());
	assert_int_equal(ask("new"), LISTS_FOUND);
	WAIT(known("new") && sure());
	assert_int_equal(rename(fixture_path("lists/new"),
	                     fixture_path("lists/newer")), 0);
	WAIT(known("newer") && !known("new"));
	fixture_unlist("lists", "newer");
	WAIT(!known("newer"));
	assert_int_equal(ask("newer"), LISTS_ABSENT);
	WAIT(sure());
	assert_true(complete());
	assert_int_equal(logged("away"), 0);
}

/* The scan's end is not yet its snapshot's beginning. */
static void
test_new_at_every_moment(void **state)
{
	(void)state;
	begin_with_lists(true);
	WAIT(sure());
	assert_true(swaps == 1 && same_hosts == 0);
	fixture_list("lists", "new");
	while (!known("new")) {
		assert_int_equal(ask("new"), LISTS_FOUND);
		ev_run(loop, EVRUN_ONCE);
	}
	WAIT(swaps == 2);
	assert_int_equal(same_hosts, 1);
	WAIT(sure());
}

static void
test_half_made_list(void **state)
{
	unsigned long before;

	(void)state;
	begin_with_lists(true);
	before = status().scans;
	fixture_mkdir(fixture_path("lists/half"));
	assert_int_equal(ask("half"), LISTS_ABSENT);
	WAIT(status().scans > before && !status().scanning);
	assert_int_equal(ask("half"), LISTS_ABSENT);
	/* The watch would not see it become one. */
	assert_true(sure());
	assert_int_equal(find("half", LISTS_FROM_SNAPSHOT), LISTS_UNSURE);
	assert_false(complete());
	/* The look-up does. */
	fixture_file(fixture_path("lists/half/config.pck"), "");
	assert_int_equal(ask("half"), LISTS_FOUND);
	WAIT(known("half"));
}

/* Nobody looks it up, and nothing happens to it any more. */
static void
test_young_list_ripens(void **state)
{
	const struct refresh_options o = options(&mailman3, true);

	(void)state;
	site.data_dir = cache_dir;
	site.settle = 0.5;
	fixture_mkdir(fixture_path("lists/a.d.test"));
	begin_with(&o);
	WAIT(status().lists == 1);
	assert_true(known("a.d.test"));
}

static void
test_unreadable_and_back(void **state)
{
	unsigned long before;

	(void)state;
	begin_with_lists(true);
	WAIT(sure());
	assert_int_equal(chmod(lists_dir, 0), 0);
	assert_int_equal(ask("nosuch"), LISTS_AWAY);
	WAIT(status().away);
	assert_int_equal(ask("foo"), LISTS_FOUND);
	assert_int_equal(ask("nosuch"), LISTS_AWAY);
	assert_true(complete());
	assert_non_null(strstr(status().reason, "Permission denied"));
	before = status().scans;
	WAIT(status().scans >= before + 2);
	assert_int_equal(chmod(lists_dir, 0755), 0);
	WAIT(!status().away);
	assert_int_equal(ask("nosuch"), LISTS_ABSENT);
	assert_string_equal(status().reason, "");
	assert_int_equal(logged("refresh: site is away: s: "), 1);
	assert_int_equal(logged("refresh: site is back: s: 6 lists"), 1);
}

static void
test_moved_away_and_back(void **state)
{
	(void)state;
	begin_with_lists(true);
	WAIT(sure());
	assert_int_equal(rename(lists_dir, fixture_path("moved")), 0);
	WAIT(status().away);
	assert_int_equal(ask("foo"), LISTS_FOUND);
	assert_int_equal(ask("nosuch"), LISTS_AWAY);
	assert_true(complete());
	assert_false(status().watching);
	assert_int_equal(rename(fixture_path("moved"), lists_dir), 0);
	WAIT(!status().away && status().watching);
	fixture_list("lists", "new");
	WAIT(known("new"));
	assert_int_equal(logged("site is away"), 1);
	assert_int_equal(logged("cannot watch"), 1);
}

/* What others did there was not seen: a list may be missing in the snapshot
 * that is as real as the others. */
static void
test_network_goes(void **state)
{
	(void)state;
	on_network = true;
	begin_with_lists(true);
	WAIT(status().watching && !status().scanning);
	assert_false(sure());
	assert_false(complete());
	assert_int_equal(rename(lists_dir, fixture_path("moved")), 0);
	WAIT(status().away);
	assert_int_equal(ask("nosuch"), LISTS_AWAY);
	assert_false(complete());
}

static void
test_emptied_by_a_new_directory(void **state)
{
	(void)state;
	begin_with_lists(true);
	assert_int_equal(rename(lists_dir, fixture_path("moved")), 0);
	fixture_mkdir(lists_dir);
	/* The loop has not turned, and yet nothing is refused. */
	assert_int_equal(ask("foo"), LISTS_FOUND);
	assert_int_equal(ask("new"), LISTS_AWAY);
	WAIT(status().away);
	assert_int_equal(ask("new"), LISTS_AWAY);
	assert_int_equal(rmdir(lists_dir), 0);
	assert_int_equal(rename(fixture_path("moved"), lists_dir), 0);
	WAIT(!status().away);
}

static void
switch_link(const char *target)
{
	assert_int_equal(symlink(target, fixture_path("link.new")), 0);
	assert_int_equal(rename(fixture_path("link.new"), lists_dir), 0);
}

static void
test_link_switched(void **state)
{
	(void)state;
	snprintf(lists_dir, sizeof(lists_dir), "%s", fixture_path("link"));
	switch_link("lists");
	begin_with_lists(true);
	WAIT(sure());
	fixture_mkdir(fixture_path("other"));
	fixture_list("other", "foo");
	for (int i = 0; i < 4; i++)
		fixture_list("other", five[i]);
	fixture_list("other", "extra");
	switch_link("other");
	WAIT(status().away);
	assert_int_equal(ask("list-5"), LISTS_FOUND);
	assert_int_equal(ask("extra"), LISTS_NO_ANSWER);
	assert_true(complete());
	fixture_list("other", "list-5");
	WAIT(!status().away && known("extra"));
	fixture_list("other", "more");
	WAIT(known("more"));
}

static void
test_mounted_over(void **state)
{
	(void)state;
	if (!fixture_own_mounts()) {
		print_message("# not allowed to mount\n");
		skip();
	}
	begin_with_lists(true);
	WAIT(sure());
	assert_true(fixture_root());
	assert_int_equal(mount("none", lists_dir, "tmpfs", 0, "mode=777"), 0);
	fixture_nobody();
	assert_int_equal(ask("nosuch"), LISTS_AWAY);
	WAIT(status().away);
	assert_int_equal(ask("foo"), LISTS_FOUND);
	assert_int_equal(ask("nosuch"), LISTS_AWAY);
	assert_true(complete());
	/* A child that reads there keeps it busy for a moment. */
	WAIT(!status().scanning);
	assert_true(fixture_root());
	assert_int_equal(umount(lists_dir), 0);
	fixture_nobody();
	WAIT(!status().away && status().watching);
	fixture_list("lists", "new");
	WAIT(known("new"));
}

static void
test_emptied_unseen(void **state)
{
	(void)state;
	begin_with_lists(true);
	refresh_free(refresh);
	refresh = NULL;
	fixture_unlist("lists", "foo");
	for (int i = 0; i < 5; i++)
		fixture_unlist("lists", five[i]);
	begin(true);
	WAIT(status().away);
	assert_int_equal(ask("foo"), LISTS_FOUND);
	assert_int_equal(ask("nosuch"), LISTS_AWAY);
	assert_false(complete());
	/* The next start knows that from the state. */
	begin(true);
	assert_true(status().away);
	assert_int_equal(ask("nosuch"), LISTS_AWAY);
	assert_int_equal(rebuild_by_hand(true), REBUILD_WRITTEN);
	WAIT(!status().away);
	assert_int_equal(ask("foo"), LISTS_ABSENT);
	assert_int_equal(status().lists, 0);
}

static void
test_removed_before_our_eyes(void **state)
{
	(void)state;
	begin_with_lists(true);
	fixture_unlist("lists", "foo");
	for (size_t i = 0; i < 5; i++) {
		WAIT(status().lists == 5 - i);
		fixture_unlist("lists", five[i]);
	}
	WAIT(status().lists == 0);
	assert_int_equal(logged("away"), 0);
	assert_int_equal(ask("foo"), LISTS_ABSENT);
}

/* All of them at a stroke, as by somebody who puts a backup there. */
static void
test_emptied_before_our_eyes(void **state)
{
	(void)state;
	begin_with_lists(true);
	fixture_unlist("lists", "foo");
	for (size_t i = 0; i < 5; i++)
		fixture_unlist("lists", five[i]);
	WAIT(status().away);
	assert_int_equal(ask("foo"), LISTS_FOUND);
	assert_int_equal(ask("nosuch"), LISTS_AWAY);
	assert_int_equal(status().lists, 6);
	fixture_list("lists", "foo");
	for (size_t i = 0; i < 5; i++)
		fixture_list("lists", five[i]);
	WAIT(!status().away);
	assert_int_equal(ask("nosuch"), LISTS_ABSENT);
	/* What was seen then is forgotten. */
	fixture_unlist("lists", "foo");
	WAIT(status().lists == 5);
	assert_int_equal(ask("foo"), LISTS_ABSENT);
}

/* What cannot be read is looked at again, although no event tells of it. */
static void
test_unread_and_doubtful(void **state)
{
	(void)state;
	begin_with_lists(true);
	fixture_list("lists", "odd");
	assert_int_equal(chmod(fixture_path("lists/odd/config.pck"), 0), 0);
	fixture_mkdir(fixture_path("lists/closed"));
	assert_int_equal(chmod(fixture_path("lists/closed"), 0), 0);
	WAIT(status().gaps.of[GAP_DOUBTFUL].n == 1 &&
	    status().gaps.of[GAP_UNREADABLE].n == 1);
	assert_string_equal(status().gaps.of[GAP_UNREADABLE].names,
	    "odd (Permission denied)");
	assert_string_equal(status().gaps.of[GAP_HOST_UNKNOWN].names, "odd");
	assert_int_equal(ask("odd"), LISTS_FOUND);
	assert_int_equal(ask("closed"), LISTS_NO_ANSWER);
	assert_false(status().failing);
	assert_int_equal(chmod(fixture_path("lists/odd/config.pck"), 0644), 0);
	WAIT(status().gaps.of[GAP_UNREADABLE].n == 0);
	assert_int_equal(status().gaps.of[GAP_HOST_UNKNOWN].n, 0);
	assert_int_equal(logged("1 lists"), 1);
	assert_int_equal(chmod(fixture_path("lists/closed"), 0755), 0);
}

static void
test_snapshot_of_another_writer(void **state)
{
	unsigned long before;

	(void)state;
	begin_with_lists(true);
	before = status().scans;
	fixture_mkdir(fixture_path("lists/half"));
	WAIT(status().scans > before && !status().scanning);
	fixture_file(fixture_path("lists/half/config.pck"), "}.");
	assert_int_equal(rebuild_by_hand(false), REBUILD_WRITTEN);
	reads = 0;
	WAIT(known("half"));
	/* A child read it. */
	assert_int_equal(reads, 0);
	assert_int_equal(
	    logged("refresh: snapshot of another writer: s: 7 lists"), 1);
}

static void
test_snapshot_spoiled(void **state)
{
	(void)state;
	begin_with_lists(true);
	assert_int_equal(unlink(fixture_path("cache/s.cdb")), 0);
	fixture_file(fixture_path("cache/s.cdb"), "no CDB at all");
	WAIT(logged("is gone or no use") == 1);
	assert_true(known("foo"));
	assert_int_equal(rebuild_by_hand(false), REBUILD_UNCHANGED);
	/* Found so at the start there is nothing better. */
	refresh_free(refresh);
	refresh = NULL;
	fixture_file(fixture_path("cache/s.cdb"), "no CDB at all");
	begin(true);
	assert_false(status().cached);
	assert_int_equal(ask("nosuch"), LISTS_AWAY);
	assert_int_equal(logged("old snapshot is no use: "), 1);
	WAIT(status().cached);
	assert_true(known("foo"));
}

/* The site t has one list, strange; its snapshot takes the place of s'. */
static void
take_for_another_sites(void)
{
	struct rebuild_order o = { .mailman = &mailman2, .site = "t",
		.lists_dir = fixture_path("others"), .cache_dir = cache_dir };
	struct rebuild_result r;

	fixture_mkdir(o.lists_dir);
	fixture_list("others", "strange");
	rebuild(&o, &r);
	assert_int_equal(r.status, REBUILD_WRITTEN);
	assert_int_equal(rename(fixture_path("cache/t.cdb"),
	                     fixture_path("cache/s.cdb")),
	    0);
}

static void
test_snapshot_of_another_site(void **state)
{
	(void)state;
	begin_with_lists(true);
	take_for_another_sites();
	WAIT(logged("the snapshot of site t, not of s") == 1);
	WAIT(!status().scanning);
	assert_true(known("foo") && !known("strange"));
	assert_int_equal(ask("nosuch"), LISTS_ABSENT);
	assert_false(status().away);
	assert_int_equal(rebuild_by_hand(false), REBUILD_UNCHANGED);
	assert_int_equal(logged("the snapshot of site t, not of s"), 1);
}

static void
test_old_snapshot_of_another_site(void **state)
{
	(void)state;
	fixture_list("lists", "foo");
	take_for_another_sites();
	begin(true);
	assert_int_equal(logged("the snapshot of site t, not of s"), 1);
	assert_false(status().cached);
	assert_int_equal(ask("strange"), LISTS_AWAY);
	WAIT(status().cached);
	assert_true(known("foo") && !known("strange"));
	WAIT(ask("strange") == LISTS_ABSENT);
	assert_false(status().away);
}

/* The process that waits for the lock INODE; 0: none yet. */
static int
lock_waiter(unsigned long inode)
{
	char line[256], wanted[64];
	const char *p;
	FILE *f = fopen("/proc/locks", "r");
	int pid = 0;

	assert_non_null(f);
	snprintf(wanted, sizeof(wanted), ":%lu 0 EOF", inode);
	while (fgets(line, sizeof(line), f) != NULL) {
		p = strstr(line, "-> FLOCK  ADVISORY  WRITE ");
		if (p != NULL && strstr(line, wanted) != NULL &&
		    sscanf(p, "-> FLOCK  ADVISORY  WRITE %d", &pid) != 1)
			pid = 0;
	}
	fclose(f);
	return pid;
}

/* Each is looked for once: who is not there has the number 0, and to send a
 * signal to that is to send it to all that were started with this test. */
static void
kill_lock_waiter(unsigned long inode)
{
	int pid = 0;

	WAIT((pid = lock_waiter(inode)) > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
}

static void
test_child_killed(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	fixture_list("lists", "foo");
	fd = open(fixture_path("cache/s.lock"), O_RDWR | O_CREAT | O_CLOEXEC,
	    0644);
	assert_int_not_equal(fd, -1);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	begin(true);
	kill_lock_waiter(st.st_ino);
	WAIT(status().scans == 1);
	assert_string_equal(status().reason,
	    "the scan was ended by signal 9");
	assert_false(status().cached);
	/* The second time it is no news. */
	kill_lock_waiter(st.st_ino);
	WAIT(status().scans == 2);
	assert_int_equal(logged("refresh: scan failed: s: "), 1);
	assert_int_equal(close(fd), 0);
	WAIT(status().cached);
	assert_string_equal(status().reason, "");
}

/* Whatever the daemon blocks: the scan of one that ends must end, too. */
static void
test_child_can_be_ended(void **state)
{
	sigset_t all, before;
	struct stat st;
	int fd;

	(void)state;
	fixture_list("lists", "foo");
	fd = open(fixture_path("cache/s.lock"), O_RDWR | O_CREAT | O_CLOEXEC,
	    0644);
	assert_int_not_equal(fd, -1);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	sigemptyset(&all);
	sigaddset(&all, SIGTERM);
	sigprocmask(SIG_BLOCK, &all, &before);
	begin(true);
	WAIT(lock_waiter(st.st_ino) != 0);
	refresh_free(refresh);
	refresh = NULL;
	WAIT(lock_waiter(st.st_ino) == 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(close(fd), 0);
}

/* Somebody else's scan is no fault of the directory, but has to end. */
static void
test_another_has_the_lock(void **state)
{
	struct refresh_options o = options(&mailman2, true);
	unsigned long before;
	int fd;

	(void)state;
	site.scan_timeout = 6; /* half of it for the lock */
	begin_with_lists(true);
	fd = hold_scans();
	before = status().scans;
	fixture_list("lists", "new");
	WAIT(status().scans == before + 2);
	assert_string_equal(status().reason, "");
	assert_false(status().stuck || status().failing || status().away);
	assert_int_equal(logged("refresh: scan is put off: s: cannot lock"), 1);
	assert_int_equal(logged("scan failed"), 0);
	assert_int_equal(ask("new"), LISTS_FOUND);
	/* No scan has ended well for twice `rescan'. */
	o.rescan = 0.5;
	begin_with(&o);
	WAIT(strstr(status().reason, "has had it for more than") != NULL);
	assert_true(status().stuck);
	WAIT(logged("refresh: site is stuck: s: ") == 1);
	assert_int_equal(close(fd), 0);
	WAIT(known("new") && !status().stuck);
	assert_string_equal(status().reason, "");
}

static void
test_never_had_the_lock(void **state)
{
	int fd = hold_scans();

	(void)state;
	site.scan_timeout = 6;
	fixture_list("lists", "foo");
	begin(true);
	WAIT(status().scans == 1);
	assert_false(status().cached || status().stuck);
	assert_non_null(strstr(status().reason, "cannot lock"));
	assert_int_equal(close(fd), 0);
	WAIT(status().cached);
	assert_string_equal(status().reason, "");
}

static void
test_unwritable_cache(void **state)
{
	(void)state;
	begin_with_lists(true);
	assert_int_equal(chmod(cache_dir, 0555), 0);
	fixture_list("lists", "new");
	WAIT(logged("refresh: scan failed: s: cannot write the snapshot") ==
	    1);
	assert_int_equal(ask("new"), LISTS_FOUND);
	assert_int_equal(ask("foo"), LISTS_FOUND);
	assert_int_equal(ask("nosuch"), LISTS_ABSENT);
	assert_int_equal(find("new", LISTS_FROM_SNAPSHOT), LISTS_UNSURE);
	assert_false(status().away);
	assert_int_equal(chmod(cache_dir, 0755), 0);
	WAIT(known("new"));
	assert_string_equal(status().reason, "");
}

static void
test_without_verification(void **state)
{
	(void)state;
	fixture_list("lists", "foo");
	begin(false);
	assert_int_equal(ask("foo"), LISTS_AWAY);
	WAIT(status().scanned != 0);
	assert_int_equal(ask("foo"), LISTS_FOUND);
	assert_int_equal(ask("nosuch"), LISTS_ABSENT);
	fixture_list("lists", "new");
	assert_int_equal(ask("new"), LISTS_ABSENT);
	WAIT(known("new"));
	assert_int_equal(chmod(lists_dir, 0), 0);
	WAIT(status().away);
	assert_int_equal(ask("foo"), LISTS_FOUND);
	assert_int_equal(ask("nosuch"), LISTS_AWAY);
}

/* A snapshot that no scan confirms any more does not refuse for ever. */
static void
test_trust_has_an_end(void **state)
{
	struct refresh_options o = options(&mailman2, false);
	unsigned long before;

	(void)state;
	o.rescan = 0.1;
	begin_with_lists(false);
	assert_int_equal(ask("nosuch"), LISTS_ABSENT);
	refresh_configure(refresh, &o);
	before = status().scans;
	WAIT(status().scans > before);
	assert_int_equal(chmod(cache_dir, 0), 0);
	WAIT(ask("nosuch") == LISTS_AWAY);
	assert_false(status().away);
	assert_int_equal(ask("foo"), LISTS_FOUND);
	assert_int_equal(chmod(cache_dir, 0755), 0);
	WAIT(ask("nosuch") == LISTS_ABSENT);
}

/* Mailman's files alone fill the queue: what else happened nobody knows. */
static void
test_lost_events_are_changes(void **state)
{
	static char data_dir[1024];
	const struct refresh_options o = options(&mailman3, true);
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	long queue = 0;

	(void)state;
	if (f == NULL || fscanf(f, "%ld", &queue) != 1 || queue > 100000) {
		print_message("# cannot fill a queue of %ld events\n", queue);
		skip();
	}
	fclose(f);
	snprintf(data_dir, sizeof(data_dir), "%s", fixture_path("data"));
	site.data_dir = data_dir;
	fixture_mkdir(data_dir);
	fixture_mkdir(fixture_path("lists/a.d.test"));
	begin_with(&o);
	WAIT(status().scanned != 0 && !status().scanning && sure());
	for (long i = 0; i <= queue; i++)
		fixture_file(fixture_path("data/postfix_%ld", i % 2), "");
	fixture_mkdir(fixture_path("lists/b.d.test"));
	ev_run(loop, EVRUN_NOWAIT);
	assert_false(sure());
	assert_false(complete());
	WAIT(known("b.d.test"));
}

static void
test_stopped(void **state)
{
	unsigned long before;

	(void)state;
	begin_with_lists(true);
	before = status().scans;
	refresh_stop(refresh);
	assert_false(status().watching || status().scanning);
	fixture_list("lists", "new");
	assert_int_equal(ask("new"), LISTS_FOUND);
	assert_int_equal(ask("foo"), LISTS_FOUND);
	assert_int_equal(ask("nosuch"), LISTS_ABSENT);
	assert_false(sure());
	ev_run(loop, EVRUN_ONCE);
	assert_int_equal(status().scans, before);
	assert_false(known("new"));
	/* What a successor writes is still read. */
	assert_int_equal(rebuild_by_hand(false), REBUILD_WRITTEN);
	reads = 0;
	WAIT(known("new"));
	assert_int_equal(reads, 0);
	assert_int_equal(status().scans, before);
}

/* Whether the process PID is a worker of ours that lives. */
static bool
is_worker(const char *pid)
{
	char path[64], line[256] = "", name[32], stage;
	long parent;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	fclose(f);
	return sscanf(line, "%*d (%31[^)]) %c %ld", name, &stage, &parent) ==
	    3 && strcmp(name, "listmap-worker") == 0 && stage != 'Z' &&
	    parent == (long)getpid();
}

/* 0: there is none. */
static pid_t
worker(void)
{
	DIR *d = opendir("/proc");
	const struct dirent *e;
	pid_t pid = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		if (is_worker(e->d_name))
			pid = (pid_t)strtol(e->d_name, NULL, 10);
	closedir(d);
	return pid;
}

/* Sends SIG to the worker, if there is one. */
static void
signal_worker(int sig)
{
	const pid_t pid = worker();

	if (pid > 0)
		(void)kill(pid, sig);
}

/* The descriptor of the inotify instance. */
static int
instance(void)
{
	char path[64], to[64];
	ssize_t n;

	for (int fd = 3; fd < 1024; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, to, sizeof(to) - 1);
		to[n < 0 ? 0 : n] = '\0';
		if (strcmp(to, "anon_inode:inotify") == 0)
			return fd;
	}
	return -1;
}

/* A client's connection may get the number that the watch had. */
static void
test_stopped_worker_has_no_connection(void **state)
{
	struct pollfd end = { .events = POLLIN };
	int fds[2], number;

	(void)state;
	begin_with_lists(true);
	WAIT(sure() && worker() != 0);
	number = instance();
	assert_int_not_equal(number, -1);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	refresh_stop(refresh);
	assert_int_equal(dup2(fds[1], number), number);
	signal_worker(SIGKILL);
	assert_int_equal(ask("nosuch"), LISTS_ABSENT);
	assert_int_not_equal(worker(), 0);
	assert_int_equal(close(number), 0);
	assert_int_equal(close(fds[1]), 0);
	end.fd = fds[0];
	assert_int_equal(poll(&end, 1, 0), 1);
	assert_true((end.revents & POLLHUP) != 0);
	assert_int_equal(close(fds[0]), 0);
}

/* Whoever asked has gone, and nobody else asks for a name. */
static void
test_hangs_no_more(void **state)
{
	struct refresh_options o = options(&mailman2, true);

	(void)state;
	fixture_list("lists", "foo");
	asking.deadline = 0.5;
	begin_with(&o);
	WAIT(sure() && worker() != 0);
	fixture_mkdir(fixture_path("lists/half"));
	WAIT(sure() && !status().scanning);
	while (!status().stuck) {
		signal_worker(SIGSTOP);
		(void)ask("half");
	}
	WAIT(!status().stuck);
}

static void
test_no_watch_to_be_had(void **state)
{
	(void)state;
	no_instances = true;
	fixture_list("lists", "foo");
	begin(true);
	WAIT(status().cached);
	assert_false(status().watching);
	/* Nobody says what changes, so it always may have. */
	assert_false(sure());
	assert_false(complete());
	assert_int_equal(logged("fs.inotify.max_user_instances"), 1);
	fixture_list("lists", "new");
	assert_int_equal(ask("new"), LISTS_FOUND);
	WAIT(known("new"));
	no_instances = false;
	WAIT(status().watching && sure());
	assert_int_equal(logged("refresh: watching again"), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_first_start),
		TEST(test_old_snapshot_serves_at_once),
		TEST(test_lists_come_and_go),
		TEST(test_new_at_every_moment),
		TEST(test_half_made_list),
		TEST(test_young_list_ripens),
		TEST(test_unreadable_and_back),
		TEST(test_moved_away_and_back),
		TEST(test_network_goes),
		TEST(test_emptied_by_a_new_directory),
		TEST(test_link_switched),
		TEST(test_mounted_over),
		TEST(test_emptied_unseen),
		TEST(test_removed_before_our_eyes),
		TEST(test_emptied_before_our_eyes),
		TEST(test_unread_and_doubtful),
		TEST(test_snapshot_of_another_writer),
		TEST(test_snapshot_spoiled),
		TEST(test_snapshot_of_another_site),
		TEST(test_old_snapshot_of_another_site),
		TEST(test_child_killed),
		TEST(test_child_can_be_ended),
		TEST(test_another_has_the_lock),
		TEST(test_never_had_the_lock),
		TEST(test_unwritable_cache),
		TEST(test_without_verification),
		TEST(test_trust_has_an_end),
		TEST(test_lost_events_are_changes),
		TEST(test_stopped),
		TEST(test_stopped_worker_has_no_connection),
		TEST(test_hangs_no_more),
		TEST(test_no_watch_to_be_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
