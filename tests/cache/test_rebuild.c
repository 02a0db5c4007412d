#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "mailman/mailman.h"
#include "cache/cache.h"
#include "cache/cdbfile.h"
#include "cache/rebuild.h"
#include "cache/snapshot.h"
#include "cache/state.h"
#include "tests/fixture.h"
#include "tests/patience.h"

static struct rebuild_result last;

static struct rebuild_order
order(void)
{
	static char lists[1024], cache[1024];

	snprintf(lists, sizeof(lists), "%s", fixture_path("lists"));
	snprintf(cache, sizeof(cache), "%s", fixture_path("cache"));
	return (struct rebuild_order){
		.mailman = &mailman2,
		.site = "s",
		.lists_dir = lists,
		.cache_dir = cache,
		.lock.patience = PATIENCE,
	};
}

static enum rebuild_status
run(void)
{
	struct rebuild_order o = order();

	rebuild(&o, &last);
	return last.status;
}

static enum rebuild_status
run_accepting(void)
{
	struct rebuild_order o = order();

	o.accept_empty = true;
	rebuild(&o, &last);
	return last.status;
}

static void
make_lists(int n)
{
	char name[32];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "list-%d", i);
		fixture_list("lists", name);
	}
}

static void
remove_lists(int from, int to)
{
	char name[32];

	for (int i = from; i < to; i++) {
		snprintf(name, sizeof(name), "list-%d", i);
		fixture_unlist("lists", name);
	}
}

static ino_t
inode(const char *name)
{
	struct stat st;

	assert_int_equal(stat(fixture_path("cache/%s", name), &st), 0);
	return st.st_ino;
}

/* -1: the snapshot has nothing for it. */
static int
basis_of(const char *name)
{
	const char *err;
	struct cache *c = cache_open(fixture_path("cache/s.cdb"), &err);
	struct record r;
	int found;

	assert_non_null(c);
	found = cache_find(c, str_from(name), &r);
	cache_close(c);
	assert_int_not_equal(found, -1);
	return found == 1 ? (int)r.basis : -1;
}

static int
take_from_census(void *arg, struct str name, const struct record *r)
{
	size_t *left = arg;

	assert_true(name.n > 0);
	left[r->basis]--;
	return 0;
}

static bool
knows(const char *name)
{
	return basis_of(name) != -1;
}

static bool
is_away(void)
{
	struct state s;

	assert_int_equal(state_read(fixture_path("cache"), "s", &s), 0);
	assert_string_equal(s.reason, last.reason);
	return s.away;
}

static void
test_first_and_changes(void **state)
{
	ino_t before;

	(void)state;
	make_lists(5);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 5);
	assert_true(knows("list-4") && !knows("list-5"));
	fixture_list("lists", "new");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 6);
	assert_true(knows("new"));
	/* Saved by Mailman: the config is another file. */
	before = inode("s.cdb");
	fixture_file(fixture_path("lists/new/tmp"), "more");
	assert_int_equal(rename(fixture_path("lists/new/tmp"),
	                     fixture_path("lists/new/config.pck")), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_not_equal(inode("s.cdb"), before);
	fixture_unlist("lists", "new");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_false(knows("new"));
	assert_int_equal(last.lists, 5);
	assert_string_equal(last.reason, "");
	assert_false(is_away());
}

static void
test_unchanged_writes_nothing(void **state)
{
	struct timespec times[2] = { { 1000, 0 }, { 1000, 0 } };
	ino_t cdb, kept;
	struct stat st;

	(void)state;
	make_lists(5);
	assert_int_equal(run(), REBUILD_WRITTEN);
	cdb = inode("s.cdb");
	kept = inode("s.state");
	assert_int_equal(utimensat(AT_FDCWD, fixture_path("cache/s.cdb"),
	                     times, 0), 0);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_int_equal(last.lists, 5);
	assert_int_equal(inode("s.cdb"), cdb);
	assert_int_equal(inode("s.state"), kept);
	assert_int_equal(stat(fixture_path("cache/s.cdb"), &st), 0);
	assert_int_equal(st.st_mtime, 1000);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void
test_empty_site(void **state)
{
	(void)state;
	/* Nobody knows whether this is a lists directory at all. */
	assert_int_equal(run(), REBUILD_AWAY);
	assert_true(last.failing);
	assert_non_null(strstr(last.reason, "is this Mailman's lists "
	    "directory?"));
	assert_true(is_away());
	assert_int_equal(access(fixture_path("cache/s.cdb"), F_OK), -1);
	assert_int_equal(run_accepting(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 0);
	assert_false(last.failing);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_false(is_away());
	/* A site without lists has nothing to lose. */
	assert_int_equal(rename(fixture_path("lists"), fixture_path("old")),
	    0);
	fixture_mkdir(fixture_path("lists"));
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(run(), REBUILD_UNCHANGED);
}

/* The first SEEN lists were seen to go, QUICK of them in a burst. */
static struct gone
seen_to_go(int seen, int quick)
{
	static struct gone_name names[32];
	char name[32];

	for (int i = 0; i < seen; i++) {
		snprintf(name, sizeof(name), "list-%d", i);
		names[i].hash = gone_hash(str_from(name));
		names[i].quick = i < quick;
	}
	qsort(names, (size_t)seen, sizeof(names[0]), gone_compare);
	return (struct gone){ .name = names, .n = (size_t)seen };
}

/* Of BEFORE lists REMOVED go, of which SEEN were seen to go, QUICK of them in a
 * burst. */
static void
test_guard_of_vanished_lists(void **state)
{
	static const struct {
		int before, removed, seen, quick;
		bool away;
	} cases[] = {
		{ 3, 3, 0, 0, false },
		{ 4, 3, 0, 0, false },
		{ 4, 4, 0, 0, true },
		{ 4, 4, 1, 0, false },
		{ 4, 4, 4, 0, false },
		{ 8, 4, 0, 0, false },
		{ 8, 5, 0, 0, true },
		{ 9, 4, 0, 0, false },
		{ 9, 5, 0, 0, true },
		{ 9, 5, 1, 0, false },
		{ 20, 20, 9, 0, true },
		{ 20, 20, 10, 0, false },
		{ 20, 20, 20, 0, false },
		{ 3, 3, 3, 3, false },
		{ 4, 4, 4, 3, false },
		{ 4, 4, 4, 4, true },
		{ 8, 4, 4, 4, false },
		{ 8, 5, 5, 5, true },
		{ 20, 20, 20, 10, false },
		{ 20, 20, 20, 11, true },
		/* Nobody saw some of them, and some went in a burst. */
		{ 20, 20, 14, 5, true },
		{ 20, 20, 15, 5, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rebuild_order o = order();
		int left = cases[i].before - cases[i].removed;

		make_lists(cases[i].before);
		assert_int_equal(run_accepting(), REBUILD_WRITTEN);
		remove_lists(0, cases[i].removed);
		o.gone = seen_to_go(cases[i].seen, cases[i].quick);
		rebuild(&o, &last);
		if ((last.status == REBUILD_AWAY) != cases[i].away)
			fail_msg("case %zu: %d", i, last.status);
		assert_int_equal(is_away(), cases[i].away);
		assert_int_equal(knows("list-0"), cases[i].away);
		assert_int_equal(strstr(last.reason, "--accept-empty") != NULL,
		    cases[i].away);
		assert_false(last.denied);
		remove_lists(cases[i].before - left, cases[i].before);
	}
}

/* Most of the lists go, and the directory goes and comes: what comes back of
 * them then is not believed before it is all. */
static void
test_loss_lasts_until_all_are_back(void **state)
{
	(void)state;
	make_lists(10);
	assert_int_equal(run(), REBUILD_WRITTEN);
	remove_lists(0, 10);
	assert_int_equal(run(), REBUILD_AWAY);
	assert_int_equal(chmod(fixture_path("lists"), 0), 0);
	assert_int_equal(run(), REBUILD_AWAY);
	assert_true(last.denied);
	assert_int_equal(chmod(fixture_path("lists"), 0755), 0);
	make_lists(9);
	assert_int_equal(run(), REBUILD_AWAY);
	assert_true(knows("list-9"));
	fixture_list("lists", "list-9");
	assert_int_equal(run(), REBUILD_WRITTEN);
	remove_lists(9, 10);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_false(knows("list-9"));
}

static void
test_guard_of_another_directory(void **state)
{
	(void)state;
	make_lists(5);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(rename(fixture_path("lists"), fixture_path("old")),
	    0);
	fixture_mkdir(fixture_path("lists"));
	make_lists(4);
	fixture_list("lists", "other");
	assert_int_equal(run(), REBUILD_AWAY);
	assert_non_null(strstr(last.reason, "1 of 5 lists"));
	assert_non_null(strstr(last.reason, fixture_path("lists")));
	assert_true(is_away());
	assert_true(knows("list-4") && !knows("other"));
	/* With all of its lists it is accepted. */
	fixture_list("lists", "list-4");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_true(knows("other"));
	assert_int_equal(run(), REBUILD_UNCHANGED);
}

static void
test_accept_empty(void **state)
{
	(void)state;
	make_lists(5);
	assert_int_equal(run(), REBUILD_WRITTEN);
	remove_lists(0, 5);
	assert_int_equal(run(), REBUILD_AWAY);
	assert_int_equal(run_accepting(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 0);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_false(is_away());
}

static void
test_unreadable(void **state)
{
	(void)state;
	make_lists(5);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(chmod(fixture_path("lists"), 0), 0);
	assert_int_equal(run(), REBUILD_AWAY);
	assert_true(last.denied);
	assert_non_null(strstr(last.reason, "Permission denied"));
	assert_true(is_away());
	assert_int_equal(run_accepting(), REBUILD_AWAY);
	assert_true(last.denied);
	assert_true(knows("list-0"));
	assert_int_equal(chmod(fixture_path("lists"), 0755), 0);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_false(is_away());
	assert_int_equal(rename(fixture_path("lists"), fixture_path("old")),
	    0);
	assert_int_equal(run_accepting(), REBUILD_AWAY);
	assert_true(last.denied);
}

static void
test_doubtful_lists_stay(void **state)
{
	(void)state;
	make_lists(6);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(chmod(fixture_path("lists/list-2"), 0), 0);
	fixture_list("lists", "never-seen");
	assert_int_equal(chmod(fixture_path("lists/never-seen"), 0), 0);
	remove_lists(5, 6);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 4);
	assert_non_null(strstr(last.reason, "2 entries of"));
	assert_int_equal(basis_of("list-2"), LISTS_DOUBTFUL);
	assert_int_equal(basis_of("never-seen"), LISTS_DOUBTFUL);
	assert_int_equal(last.gaps.of[GAP_DOUBTFUL].n, 2);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_int_equal(last.lists, 4);
	/* All of them: nobody vanished. */
	for (int i = 0; i < 5; i++)
		assert_int_equal(chmod(fixture_path("lists/list-%d", i),
		                     0200), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(basis_of("list-0"), LISTS_DOUBTFUL);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	/* They vanish while nobody may look into them: that is a loss too. */
	for (int i = 0; i < 5; i++)
		assert_int_equal(rename(fixture_path("lists/list-%d", i),
		                     fixture_path("gone-%d", i)), 0);
	assert_int_equal(run(), REBUILD_AWAY);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(chmod(fixture_path("gone-%d", i), 0755), 0);
		assert_int_equal(rename(fixture_path("gone-%d", i),
		                     fixture_path("lists/list-%d", i)), 0);
	}
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 5);
	assert_int_equal(basis_of("list-0"), LISTS_BY_DIRECTORY);
}

/* Makes entries that nobody may look into, and that never were lists. */
static void
make_doubtful(int n)
{
	for (int i = 0; i < n; i++) {
		fixture_mkdir(fixture_path("lists/odd-%d", i));
		assert_int_equal(chmod(fixture_path("lists/odd-%d", i), 0), 0);
	}
}

/* They are no lists that could be missing, and hide no loss of lists. */
static void
test_entries_that_were_no_lists(void **state)
{
	struct rebuild_order o = order();

	(void)state;
	make_lists(4);
	make_doubtful(5);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.gaps.of[GAP_DOUBTFUL].n, 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(rmdir(fixture_path("lists/odd-%d", i)), 0);
	o.gone.running = true;
	rebuild(&o, &last);
	assert_int_equal(last.status, REBUILD_WRITTEN);
	assert_false(last.burst || knows("odd-0"));
	make_doubtful(5);
	assert_int_equal(run(), REBUILD_WRITTEN);
	remove_lists(0, 4);
	assert_int_equal(run(), REBUILD_AWAY);
	assert_non_null(strstr(last.reason, "4 of 4 lists"));
}

static void
test_useless_old_snapshot(void **state)
{
	/* Another version is no fault, and nothing is said. */
	static const struct {
		const char *head, *reason;
	} heads[] = {
		{ "1\t5\t1\t1", "" },
		{ "2\t" SNAPSHOT_UNSEALED "\t5\t1\t1", "" },
		{ "7\t" SNAPSHOT_UNSEALED "\t5\t1\t1", "" },
		{ "nonsense", "(no snapshot of listmap)" },
		{ "3\t" SNAPSHOT_UNSEALED "\t5\t1\t1\t0\t0\t\ts", "(wrong checksum)" },
	};
	static const char *const odd[][2] = {
		/* It has no size. */
		{ "list-0", "d\t\t1\t2" },
		{ ":host:a.test", "nonsense" },
	};
	const char *err, *path = fixture_path("cache/s.cdb");
	struct cdbmake *m;

	(void)state;
	make_lists(5);
	fixture_file(path, "this is no CDB");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_non_null(strstr(last.reason, "no CDB"));
	assert_true(knows("list-0"));
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		m = cdbmake_new(path, 0644, &err);
		assert_non_null(m);
		assert_int_equal(cdbmake_put(m, STR(":listmap"),
		                     str_from(heads[i].head)), 0);
		assert_int_equal(cdbmake_commit(m, &err), 0);
		assert_int_equal(run(), REBUILD_WRITTEN);
		assert_true(knows("list-0"));
		assert_non_null(strstr(last.reason, heads[i].reason));
		assert_int_equal(*last.reason == '\0', *heads[i].reason == '\0');
	}
	for (size_t i = 0; i < 2; i++) {
		m = cdbmake_new(path, 0644, &err);
		assert_non_null(m);
		assert_int_equal(cdbmake_put(m, STR(":listmap"),
		                     STR("3\t" SNAPSHOT_UNSEALED "\t1\t1\t1\t0\t0\t\ts")), 0);
		assert_int_equal(cdbmake_put(m, str_from(odd[i][0]),
		                     str_from(odd[i][1])), 0);
		assert_int_equal(snapshot_commit(m, &err), 0);
		assert_int_equal(run(), REBUILD_WRITTEN);
		assert_non_null(strstr(last.reason, "broken"));
		assert_true(knows("list-0"));
	}
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_string_equal(last.reason, "");
}

static void
test_broken_record(void **state)
{
	const char *err;
	struct cdbmake *m;

	(void)state;
	make_lists(5);
	m = cdbmake_new(fixture_path("cache/s.cdb"), 0644, &err);
	assert_non_null(m);
	assert_int_equal(cdbmake_put(m, STR(":listmap"), STR("3\t" SNAPSHOT_UNSEALED "\t1\t1\t1\t0\t0\t\ts")),
	    0);
	assert_int_equal(cdbmake_put(m, STR("foo"), STR("nonsense")), 0);
	assert_int_equal(snapshot_commit(m, &err), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_non_null(strstr(last.reason, "broken"));
	assert_true(knows("list-0") && !knows("foo"));
}

static void
test_unwritable_cache(void **state)
{
	(void)state;
	make_lists(5);
	assert_int_equal(chmod(fixture_path("cache"), 0555), 0);
	assert_int_equal(run(), REBUILD_FAILED);
	assert_non_null(strstr(last.reason, "s.lock: Permission denied"));
	assert_int_equal(chmod(fixture_path("cache"), 0755), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(chmod(fixture_path("cache"), 0555), 0);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	fixture_list("lists", "new");
	assert_int_equal(run(), REBUILD_FAILED);
	assert_non_null(strstr(last.reason, "s.cdb: Permission denied"));
	assert_false(knows("new"));
	assert_int_equal(chmod(fixture_path("cache"), 0755), 0);
	assert_int_equal(rename(fixture_path("cache"), fixture_path("no")), 0);
	assert_int_equal(run(), REBUILD_FAILED);
}

/* A link to a volume that is away for a while. */
static void
test_links_that_lead_nowhere(void **state)
{
	(void)state;
	make_lists(2);
	fixture_mkdir(fixture_path("volume"));
	fixture_list("volume", "far");
	assert_int_equal(symlink("../volume/far", fixture_path("lists/far")),
	    0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(rename(fixture_path("volume"), fixture_path("away")),
	    0);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_true(knows("far"));
	assert_int_equal(unlink(fixture_path("lists/far")), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_false(knows("far"));
	/* Nobody ever saw that this one is a list, however often one looks. */
	fixture_mkdir(fixture_path("lists/never"));
	assert_int_equal(symlink("/nonexistent/config.pck",
	                     fixture_path("lists/never/config.pck")), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(basis_of("never"), LISTS_DOUBTFUL);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_int_equal(basis_of("never"), LISTS_DOUBTFUL);
}

/*
 * Entries that are no list.
 */

static int
note_host(void *arg, struct str host, const struct record_host *r)
{
	char *text = arg;
	size_t n = strlen(text);

	snprintf(text + n, 512 - n, "<%.*s %d %.*s>", (int)host.n, host.p,
	    (int)r->count, (int)r->url.n, r->url.p);
	return 0;
}

static const char *
hosts(void)
{
	static char text[512];
	const char *err;
	struct cache *c = cache_open(fixture_path("cache/s.cdb"), &err);

	assert_non_null(c);
	*text = '\0';
	assert_int_equal(cache_each_host(c, note_host, text), 0);
	cache_close(c);
	return text;
}

/* How many records of the snapshot have that basis, by its head; all of them
 * are what it says they are. */
static size_t
census_of(enum lists_basis basis)
{
	const char *err;
	struct cache *c = cache_open(fixture_path("cache/s.cdb"), &err);
	size_t left[LISTS_BASES], n;

	assert_non_null(c);
	memcpy(left, cache_census(c), sizeof(left));
	n = left[basis];
	assert_int_equal(cache_each(c, take_from_census, left), 0);
	for (int b = 0; b < LISTS_BASES; b++)
		assert_int_equal(left[b], 0);
	cache_close(c);
	return n;
}

/* Each of these comes and goes, and a new snapshot says so; what it holds is
 * nobody's business. */
static void
test_every_entry_has_a_record(void **state)
{
	(void)state;
	make_lists(5);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(census_of(LISTS_NONE), 0);
	fixture_file(fixture_path("lists/junk"), "");
	fixture_mkdir(fixture_path("lists/half"));
	assert_int_equal(symlink("nowhere", fixture_path("lists/dangling")),
	    0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 5);
	assert_int_equal(last.unfinished, 1);
	assert_int_equal(basis_of("junk"), LISTS_NONE);
	assert_int_equal(basis_of("half"), LISTS_NONE);
	assert_int_equal(basis_of("dangling"), LISTS_NONE);
	assert_int_equal(census_of(LISTS_NONE), 3);
	assert_int_equal(census_of(LISTS_BY_DIRECTORY), 5);
	assert_string_equal(hosts(), "< 5 >");
	fixture_file(fixture_path("lists/junk"), "more");
	fixture_file(fixture_path("lists/half/request.pck"), "");
	assert_int_equal(run(), REBUILD_UNCHANGED);
	/* What is no list is none in another way. */
	assert_int_equal(unlink(fixture_path("lists/junk")), 0);
	fixture_mkdir(fixture_path("lists/junk"));
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_int_equal(rmdir(fixture_path("lists/junk")), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_false(knows("junk"));
	/* As many, but another. */
	assert_int_equal(rename(fixture_path("lists/dangling"),
	                     fixture_path("lists/other")), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(basis_of("other"), LISTS_NONE);
	assert_false(knows("dangling"));
	/* A list is made of one. */
	fixture_file(fixture_path("lists/half/config.pck"), "");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 6);
	assert_true(knows("half") && basis_of("half") != LISTS_NONE);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	/* No address has such a name. */
	fixture_file(fixture_path("lists/Upper"), "");
	fixture_file(fixture_path("lists/:colon"), "");
	assert_int_equal(run(), REBUILD_UNCHANGED);
}

/* The lists are away, and their directories are not: a volume is not mounted
 * below each of them, or somebody copies them back. */
static void
test_guard_of_emptied_lists(void **state)
{
	(void)state;
	make_lists(5);
	assert_int_equal(run(), REBUILD_WRITTEN);
	for (int i = 0; i < 4; i++)
		assert_int_equal(unlink(fixture_path(
		                     "lists/list-%d/config.pck", i)), 0);
	assert_int_equal(run(), REBUILD_AWAY);
	assert_true(last.lost);
	assert_non_null(strstr(last.reason, "4 of 5 lists vanished"));
	assert_int_equal(basis_of("list-0"), LISTS_BY_DIRECTORY);
	/* Some came back. */
	fixture_file(fixture_path("lists/list-0/config.pck"), "");
	fixture_file(fixture_path("lists/list-1/config.pck"), "");
	assert_int_equal(run(), REBUILD_AWAY);
	assert_int_equal(run_accepting(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 3);
	assert_int_equal(basis_of("list-2"), LISTS_NONE);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_false(is_away());
	/* One alone may go. */
	assert_int_equal(unlink(fixture_path("lists/list-4/config.pck")), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(basis_of("list-4"), LISTS_NONE);
	assert_int_equal(last.lists, 2);
}

/* They are no lists, wherever lists are counted. */
static void
test_other_entries_hide_no_loss(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "lists/junk-%d", i);
		fixture_file(fixture_path("%s", name), "");
	}
	/* Nor are they a site. */
	assert_int_equal(run(), REBUILD_AWAY);
	assert_true(last.failing);
	assert_non_null(strstr(last.reason, "no list in"));
	make_lists(8);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 8);
	assert_int_equal(census_of(LISTS_NONE), 20);
	remove_lists(0, 8);
	assert_int_equal(run(), REBUILD_AWAY);
	assert_non_null(strstr(last.reason, "8 of 8 lists"));
	/* Without a snapshot as well. */
	assert_int_equal(unlink(fixture_path("cache/s.cdb")), 0);
	assert_int_equal(run(), REBUILD_AWAY);
	assert_non_null(strstr(last.reason, "0 lists are in"));
	make_lists(8);
	assert_int_equal(run(), REBUILD_WRITTEN);
	/* When they go nothing is lost. */
	for (int i = 0; i < 20; i++)
		assert_int_equal(unlink(fixture_path("lists/junk-%d", i)), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 8);
	assert_int_equal(census_of(LISTS_NONE), 0);
}

/* A link to a volume that is away stays a list, and has one record. */
static void
test_list_that_stays_has_one_record(void **state)
{
	(void)state;
	make_lists(1);
	fixture_mkdir(fixture_path("volume"));
	fixture_list("volume", "far");
	assert_int_equal(symlink("../volume/far", fixture_path("lists/far")),
	    0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(rename(fixture_path("volume"), fixture_path("away")),
	    0);
	fixture_list("lists", "new");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(census_of(LISTS_NONE), 0);
	assert_true(basis_of("far") == LISTS_BY_DIRECTORY ||
	    basis_of("far") == LISTS_UNREAD);
	assert_int_equal(last.lists, 3);
	assert_int_equal(run(), REBUILD_UNCHANGED);
}

static void
test_leftovers_are_swept(void **state)
{
	static const char *const stay[] = { "s.cdb.abc", "s.cdb.abcdefg",
		"s.cdb.abcdef.old", "s.cdb.abc-ef", "t.cdb.abcdef", "s.cdbXabcdef" };
	size_t i;

	(void)state;
	make_lists(2);
	assert_int_equal(run(), REBUILD_WRITTEN);
	fixture_file(fixture_path("cache/s.cdb.aB3xyZ"), "half");
	fixture_file(fixture_path("cache/s.state.123456"), "");
	for (i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
		fixture_file(fixture_path("cache/%s", stay[i]), "");
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_int_equal(access(fixture_path("cache/s.cdb.aB3xyZ"), F_OK), -1);
	assert_int_equal(access(fixture_path("cache/s.state.123456"), F_OK),
	    -1);
	for (i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
		assert_int_equal(
		    access(fixture_path("cache/%s", stay[i]), F_OK), 0);
}

/*
 * Hosts.
 */

/* As Mailman saves it: another file takes its place. */
static void
save(const char *name, const char *host, const char *url)
{
	char text[512];

	snprintf(text, sizeof(text), "}(S'host_name'\nS'%s'\n"
	    "S'web_page_url'\nS'%s'\nS'advertised'\nI01\nu.", host, url);
	if (access(fixture_path("lists/%s", name), F_OK) == -1)
		fixture_mkdir(fixture_path("lists/%s", name));
	fixture_file(fixture_path("lists/%s/tmp", name), text);
	assert_int_equal(rename(fixture_path("lists/%s/tmp", name),
	                     fixture_path("lists/%s/config.pck", name)), 0);
}

static const char *
host_of(const char *name)
{
	static char host[256];
	const char *err;
	struct cache *c = cache_open(fixture_path("cache/s.cdb"), &err);
	struct record r;

	assert_non_null(c);
	assert_int_equal(cache_find(c, str_from(name), &r), 1);
	snprintf(host, sizeof(host), "%.*s", (int)r.host.n, r.host.p);
	cache_close(c);
	return host;
}

/* Whoever copies with times may write into it, in its place. */
static void
test_same_time_and_another_size(void **state)
{
	const char *path = fixture_path("lists/foo/config.pck");
	struct timespec times[2];
	struct stat st;

	(void)state;
	save("foo", "a.test", "http://a.test/");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(stat(path, &st), 0);
	fixture_file(path, "}(S'host_name'\nS'other.test'\nu.");
	times[0] = times[1] = st.st_mtim;
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(host_of("foo"), "other.test");
}

static void
test_hosts_are_counted(void **state)
{
	(void)state;
	save("a", "One.test", "http://one.test/");
	save("b", "one.test", "");
	save("c", "two.test", "");
	fixture_list("lists", "d");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(host_of("a"), "one.test");
	assert_string_equal(host_of("c"), "two.test");
	assert_string_equal(host_of("d"), "");
	assert_string_equal(hosts(), "<one.test 2 http://one.test/listinfo>"
	    "<two.test 1 >< 1 >");
	/* One moved, one went; who has no list is not there any more. */
	save("b", "two.test", "http://b/");
	fixture_unlist("lists", "a");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(hosts(),
	    "<two.test 2 http://b/listinfo>< 1 >");
	/* Where the lists are to be seen stays known. */
	save("e", "two.test", "");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(hosts(),
	    "<two.test 3 http://b/listinfo>< 1 >");
	save("b", "two.test", "http://c/");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(hosts(),
	    "<two.test 3 http://c/listinfo>< 1 >");
	assert_int_equal(run(), REBUILD_UNCHANGED);
}

/* An unchanged file is not opened: it might be unreadable, or say anything. */
static void
test_unchanged_files_are_not_read(void **state)
{
	char path[1024];
	struct stat st;
	ino_t cdb;

	(void)state;
	snprintf(path, sizeof(path), "%s",
	    fixture_path("lists/b/config.pck"));
	save("a", "one.test", "");
	save("b", "one.test", "");
	assert_int_equal(run(), REBUILD_WRITTEN);
	cdb = inode("s.cdb");
	assert_int_equal(chmod(fixture_path("lists/a/config.pck"), 0), 0);
	assert_int_equal(stat(path, &st), 0);
	fixture_file(path, "}(S'host_name'\nS'two.test'\n"
	    "S'web_page_url'\nS''\nS'advertised'\nI01\nu.");
	assert_int_equal(utimensat(AT_FDCWD, path,
	                     (struct timespec[]){ st.st_atim, st.st_mtim },
	                     0), 0);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_int_equal(inode("s.cdb"), cdb);
	/* Nor when another list changed, and all is written again. */
	save("c", "one.test", "");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(host_of("a"), "one.test");
	assert_string_equal(host_of("b"), "one.test");
	assert_string_equal(hosts(), "<one.test 3 >");
	/* By its time alone it is another. */
	assert_int_equal(utimensat(AT_FDCWD, path,
	                     (struct timespec[]){ { 1, 0 }, { 1, 0 } }, 0),
	    0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(host_of("b"), "two.test");
	assert_string_equal(hosts(), "<one.test 2 ><two.test 1 >");
}

static void
test_traffic_keeps_the_host(void **state)
{
	struct stat st;
	const char *err;
	struct cache *c;
	struct record r;

	(void)state;
	save("a", "one.test", "");
	assert_int_equal(run(), REBUILD_WRITTEN);
	save("a", "one.test", "");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(host_of("a"), "one.test");
	assert_string_equal(hosts(), "<one.test 1 >");
	assert_int_equal(stat(fixture_path("lists/a/config.pck"), &st), 0);
	c = cache_open(fixture_path("cache/s.cdb"), &err);
	assert_non_null(c);
	assert_int_equal(cache_find(c, STR("a"), &r), 1);
	assert_true(r.ino == st.st_ino && r.size == (uint64_t)st.st_size);
	cache_close(c);
	assert_int_equal(run(), REBUILD_UNCHANGED);
}

/* A mode that changes does not make a file another, so that is tried again. */
static void
test_unknown_hosts_are_read_again(void **state)
{
	(void)state;
	save("a", "one.test", "");
	save("b", "one.test", "");
	assert_int_equal(chmod(fixture_path("lists/a/config.pck"), 0), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(host_of("a"), "");
	assert_int_equal(basis_of("a"), LISTS_UNREAD);
	assert_string_equal(hosts(), "<one.test 1 >");
	assert_int_equal(last.lists, 2);
	assert_int_equal(last.gaps.of[GAP_UNREADABLE].n, 1);
	assert_int_equal(last.gaps.of[GAP_HOST_UNKNOWN].n, 1);
	assert_non_null(strstr(last.reason, "a (Permission denied)"));
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_int_equal(chmod(fixture_path("lists/a/config.pck"), 0644), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(host_of("a"), "one.test");
	assert_string_equal(hosts(), "<one.test 2 >");
	assert_int_equal(last.gaps.of[GAP_UNREADABLE].n, 0);
	assert_string_equal(last.reason, "");
	assert_int_equal(run(), REBUILD_UNCHANGED);
}

/* What was known stays, whatever becomes of the file, until it can be read. */
static void
test_known_hosts_stay(void **state)
{
	static const char *const contents[] = { "", "}(S'host_name'", "{}" };

	(void)state;
	save("a", "one.test", "");
	save("b", "two.test", "");
	assert_int_equal(run(), REBUILD_WRITTEN);
	for (size_t i = 0; i < 3; i++) {
		fixture_file(fixture_path("lists/a/config.pck"), contents[i]);
		(void)run();
		assert_string_equal(host_of("a"), "one.test");
		assert_int_equal(basis_of("a"), LISTS_UNREAD);
		assert_string_equal(hosts(), "<one.test 1 ><two.test 1 >");
		assert_string_equal(last.gaps.of[GAP_BROKEN].names, "a");
		assert_int_equal(last.gaps.of[GAP_HOST_UNKNOWN].n, 0);
		assert_int_equal(run(), REBUILD_UNCHANGED);
	}
	/* The volume that it is on is away. */
	assert_int_equal(unlink(fixture_path("lists/a/config.pck")), 0);
	assert_int_equal(symlink("nowhere/config.pck",
	                     fixture_path("lists/a/config.pck")), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(basis_of("a"), LISTS_UNREAD);
	assert_string_equal(last.gaps.of[GAP_BROKEN].names,
	    "a (Link has been severed)");
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_string_equal(host_of("a"), "one.test");
	/* In a directory that is closed as well. */
	assert_int_equal(chmod(fixture_path("lists/a"), 0), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(basis_of("a"), LISTS_DOUBTFUL);
	assert_int_equal(chmod(fixture_path("lists/a"), 0755), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(host_of("a"), "one.test");
	assert_int_equal(basis_of("a"), LISTS_UNREAD);
	/* Another host, when it can be read. */
	save("a", "two.test", "");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(hosts(), "<two.test 2 >");
	assert_int_equal(basis_of("a"), LISTS_BY_DIRECTORY);
	assert_string_equal(last.reason, "");
}

/* Nobody can read any list: somebody has to do something. */
static void
test_none_can_be_read(void **state)
{
	(void)state;
	save("a", "one.test", "");
	save("b", "one.test", "");
	assert_int_equal(chmod(fixture_path("lists/a/config.pck"), 0), 0);
	assert_int_equal(chmod(fixture_path("lists/b/config.pck"), 0), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_true(last.failing);
	assert_non_null(strstr(last.reason, "none of the 2 lists"));
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_true(last.failing);
	/* An entry that may be a list, or not, is none that was read. */
	make_doubtful(1);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_true(last.failing);
	assert_non_null(strstr(last.reason, "none of the 2 lists"));
	assert_int_equal(chmod(fixture_path("lists/b/config.pck"), 0644), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_false(last.failing);
	/* None may be looked into, and there is no cache. */
	assert_int_equal(unlink(fixture_path("cache/s.cdb")), 0);
	assert_int_equal(chmod(fixture_path("lists/a"), 0), 0);
	assert_int_equal(chmod(fixture_path("lists/b"), 0), 0);
	assert_int_equal(run(), REBUILD_AWAY);
	assert_true(last.failing);
	assert_non_null(strstr(last.reason, "none of the 3 entries"));
}

/* Lists that go in a burst stay until it is over. */
static void
test_burst_that_runs(void **state)
{
	struct rebuild_order o = order();

	(void)state;
	make_lists(8);
	assert_int_equal(run(), REBUILD_WRITTEN);
	remove_lists(0, 4);
	o.gone = seen_to_go(4, 4);
	o.gone.running = true;
	rebuild(&o, &last);
	assert_int_equal(last.status, REBUILD_UNCHANGED);
	assert_true(last.burst && knows("list-0"));
	/* What went by itself some time before goes. */
	remove_lists(4, 5);
	o.gone = seen_to_go(5, 4);
	o.gone.running = true;
	o.gone.since = 1;
	rebuild(&o, &last);
	assert_int_equal(last.status, REBUILD_WRITTEN);
	assert_true(last.burst && knows("list-0") && !knows("list-4"));
	/* What went since the scan began nobody saw. */
	remove_lists(5, 6);
	rebuild(&o, &last);
	assert_true(last.burst && knows("list-5"));
	o.gone.running = false;
	rebuild(&o, &last);
	assert_int_equal(last.status, REBUILD_AWAY);
	assert_true(knows("list-0"));
	o.gone.running = true;
	o.accept_empty = true;
	rebuild(&o, &last);
	assert_int_equal(last.status, REBUILD_WRITTEN);
	assert_false(last.burst || knows("list-0"));
}

static void
test_odd_files_have_no_host(void **state)
{
	(void)state;
	alarm(PATIENCE);
	save("a", "one.test", "");
	/* The one before counts where the present one is broken. */
	assert_int_equal(rename(fixture_path("lists/a/config.pck"),
	                     fixture_path("lists/a/config.pck.last")), 0);
	fixture_file(fixture_path("lists/a/config.pck"), "broken");
	fixture_mkdir(fixture_path("lists/fifo"));
	assert_int_equal(mkfifo(fixture_path("lists/fifo/config.pck"), 0644),
	    0);
	fixture_mkdir(fixture_path("lists/dir"));
	fixture_mkdir(fixture_path("lists/dir/config.pck"));
	fixture_mkdir(fixture_path("lists/device"));
	assert_int_equal(symlink("/dev/zero",
	                     fixture_path("lists/device/config.pck")), 0);
	fixture_mkdir(fixture_path("lists/marshal"));
	fixture_file(fixture_path("lists/marshal/config.db"), "{");
	save("huge", "one.test", "");
	assert_int_equal(truncate(fixture_path("lists/huge/config.pck"),
	                     1LL << 33), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 6);
	assert_string_equal(host_of("a"), "one.test");
	assert_string_equal(hosts(), "<one.test 1 >< 1 >");
	assert_string_equal(last.gaps.of[GAP_BROKEN].names,
	    "device, dir, fifo, huge (File too large)");
	assert_int_equal(run(), REBUILD_UNCHANGED);
	alarm(0);
}

/* Lists of which the scan could not tell keep their host, and count. */
static void
test_doubtful_lists_keep_their_host(void **state)
{
	(void)state;
	save("a", "one.test", "http://one/");
	save("b", "two.test", "");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(chmod(fixture_path("lists/a"), 0), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	save("c", "two.test", "");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(host_of("a"), "one.test");
	assert_string_equal(hosts(), "<one.test 1 http://one/listinfo>"
	    "<two.test 2 >");
	assert_int_equal(run(), REBUILD_UNCHANGED);
}

/* The parent holds the lock until the child is seen to wait for it. */
static void
test_waits_for_the_lock(void **state)
{
	char waiting[64], line[256];
	int fd, status, seen = 0;
	pid_t pid;
	FILE *f;

	(void)state;
	make_lists(2);
	fd = open(fixture_path("cache/s.lock"), O_RDWR | O_CREAT | O_CLOEXEC,
	    0644);
	assert_int_not_equal(fd, -1);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		/* A copy of the descriptor would hold the lock too. */
		close(fd);
		_exit(run() == REBUILD_WRITTEN ? 0 : 1);
	}
	snprintf(waiting, sizeof(waiting), "-> FLOCK  ADVISORY  WRITE %d ",
	    (int)pid);
	while (seen == 0) {
		assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
		f = fopen("/proc/locks", "r");
		assert_non_null(f);
		while (fgets(line, sizeof(line), f) != NULL)
			seen += strstr(line, waiting) != NULL;
		fclose(f);
		sched_yield();
	}
	assert_int_equal(access(fixture_path("cache/s.cdb"), F_OK), -1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(knows("list-1"));
}

/* Several writers at once, while lists come and go. */
static void
test_many_writers(void **state)
{
	pid_t pids[4];
	char name[32];
	int status;

	(void)state;
	make_lists(10);
	assert_int_equal(run(), REBUILD_WRITTEN);
	for (size_t i = 0; i < 4; i++) {
		pids[i] = fork();
		assert_int_not_equal(pids[i], -1);
		if (pids[i] != 0)
			continue;
		for (int k = 0; k < 20; k++)
			if (run() > REBUILD_WRITTEN)
				_exit(1);
		_exit(0);
	}
	for (int k = 0; k < 50; k++) {
		snprintf(name, sizeof(name), "busy-%d", k);
		fixture_list("lists", name);
		assert_true(knows("list-3"));
	}
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	assert_true(run() <= REBUILD_WRITTEN);
	assert_int_equal(last.lists, 60);
	assert_true(knows("busy-49"));
	assert_int_equal(fixture_count(fixture_path("cache"), "s.cdb"), 1);
}

/* By the end of the scan the directory has another name, and an empty one its
 * own. */
static void
replace_directory(void *arg, size_t seen)
{
	(void)arg;
	(void)seen;
	assert_int_equal(rename(fixture_path("lists"), fixture_path("was")),
	    0);
	fixture_mkdir(fixture_path("lists"));
}

static void
test_directory_goes_while_it_is_read(void **state)
{
	struct rebuild_order o;
	ino_t before;

	(void)state;
	make_lists(10);
	assert_int_equal(run(), REBUILD_WRITTEN);
	before = inode("s.cdb");
	fixture_list("lists", "new");
	o = order();
	o.progress = replace_directory;
	rebuild(&o, &last);
	/* Its lists were there, but what hosts they have nobody can tell. */
	assert_int_equal(last.status, REBUILD_AWAY);
	assert_non_null(strstr(last.reason, "went while it was read"));
	assert_true(is_away());
	assert_int_equal(inode("s.cdb"), before);
	assert_int_equal(rmdir(fixture_path("lists")), 0);
	assert_int_equal(rename(fixture_path("was"), fixture_path("lists")),
	    0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 11);
	assert_false(is_away());
}

static void
test_snapshot_in_use_guards(void **state)
{
	struct rebuild_order o;
	const char *err;

	(void)state;
	make_lists(10);
	assert_int_equal(run(), REBUILD_WRITTEN);
	o = order();
	o.known = cache_open(fixture_path("cache/s.cdb"), &err);
	assert_non_null(o.known);
	assert_int_equal(unlink(fixture_path("cache/s.cdb")), 0);
	assert_int_equal(unlink(fixture_path("cache/s.state")), 0);
	remove_lists(0, 10);
	rebuild(&o, &last);
	assert_int_equal(last.status, REBUILD_AWAY);
	/* Where all is well it is put there again. */
	make_lists(10);
	rebuild(&o, &last);
	assert_int_equal(last.status, REBUILD_WRITTEN);
	assert_true(knows("list-9"));
	cache_close(o.known);
}

static void
test_last_count_guards(void **state)
{
	(void)state;
	make_lists(10);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(unlink(fixture_path("cache/s.cdb")), 0);
	remove_lists(0, 6);
	assert_int_equal(run(), REBUILD_AWAY);
	assert_non_null(strstr(last.reason, "--accept-empty"));
	/* However often it is tried. */
	assert_int_equal(run(), REBUILD_AWAY);
	/* Half of them are enough, and so is a person's word. */
	fixture_list("lists", "list-5");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(unlink(fixture_path("cache/s.cdb")), 0);
	remove_lists(5, 10);
	assert_int_equal(run(), REBUILD_AWAY);
	assert_int_equal(run_accepting(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 0);
	assert_int_equal(run(), REBUILD_UNCHANGED);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_first_and_changes),
		TEST(test_unchanged_writes_nothing),
		TEST(test_empty_site),
		TEST(test_guard_of_vanished_lists),
		TEST(test_loss_lasts_until_all_are_back),
		TEST(test_guard_of_another_directory),
		TEST(test_accept_empty),
		TEST(test_unreadable),
		TEST(test_doubtful_lists_stay),
		TEST(test_entries_that_were_no_lists),
		TEST(test_useless_old_snapshot),
		TEST(test_broken_record),
		TEST(test_unwritable_cache),
		TEST(test_links_that_lead_nowhere),
		TEST(test_every_entry_has_a_record),
		TEST(test_guard_of_emptied_lists),
		TEST(test_other_entries_hide_no_loss),
		TEST(test_list_that_stays_has_one_record),
		TEST(test_leftovers_are_swept),
		TEST(test_same_time_and_another_size),
		TEST(test_hosts_are_counted),
		TEST(test_unchanged_files_are_not_read),
		TEST(test_traffic_keeps_the_host),
		TEST(test_unknown_hosts_are_read_again),
		TEST(test_known_hosts_stay),
		TEST(test_none_can_be_read),
		TEST(test_burst_that_runs),
		TEST(test_odd_files_have_no_host),
		TEST(test_doubtful_lists_keep_their_host),
		TEST(test_directory_goes_while_it_is_read),
		TEST(test_snapshot_in_use_guards),
		TEST(test_last_count_guards),
		TEST(test_waits_for_the_lock),
		TEST(test_many_writers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
