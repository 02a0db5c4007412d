#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "mailman/directory.h"
#include "mailman/mailman.h"
#include "mailman/scan.h"
#include "cache/cached_lists.h"
#include "cache/cdbfile.h"
#include "cache/snapshot.h"
#include "tests/fixture.h"

static enum lists_found told;

static void
note(void *arg, enum lists_found found)
{
	(void)arg;
	told = found;
}

/* A snapshot with the list "old" that came from the directory DIR. */
static void
make_snapshot(const char *dir, const char *record)
{
	struct directory_id id;
	const char *err;
	struct cdbmake *m;
	char head[96];

	assert_int_equal(directory_identify(dir, &id), 0);
	snprintf(head, sizeof(head), "3\t" SNAPSHOT_UNSEALED "\t1\t%ju\t%ju\t0\t0\t", (uintmax_t)id.dev,
	    (uintmax_t)id.ino);
	m = cdbmake_new(fixture_path("cache/s.cdb"), 0644, &err);
	assert_non_null(m);
	assert_int_equal(cdbmake_put(m, STR(":listmap"), str_from(head)), 0);
	assert_int_equal(cdbmake_put(m, STR("old"), str_from(record)), 0);
	assert_int_equal(snapshot_commit(m, &err), 0);
}

enum snapshot { NONE, GOOD, OLD, OTHER, BROKEN };

/* The directory holds "new" and no "old"; "none" is nowhere. */
static const struct {
	enum snapshot snapshot;
	bool verify, away;
	const char *name;
	enum lists_from from;
	enum lists_found found;
} cases[] = {
	{ GOOD, true, false, "old", LISTS_FROM_DISK, LISTS_FOUND },
	{ GOOD, true, true, "old", LISTS_FROM_DISK, LISTS_FOUND },
	{ OTHER, true, false, "old", LISTS_FROM_DISK, LISTS_FOUND },
	{ GOOD, true, false, "new", LISTS_FROM_SNAPSHOT, LISTS_ABSENT },
	{ GOOD, true, false, "new", LISTS_FROM_DISK, LISTS_FOUND },
	{ GOOD, true, true, "new", LISTS_FROM_DISK, LISTS_FOUND },
	{ GOOD, true, false, "none", LISTS_FROM_DISK, LISTS_ABSENT },
	{ GOOD, true, true, "none", LISTS_FROM_DISK, LISTS_AWAY },
	{ OTHER, true, false, "new", LISTS_FROM_DISK, LISTS_NO_ANSWER },
	{ OTHER, true, false, "none", LISTS_FROM_DISK, LISTS_AWAY },
	{ NONE, true, false, "new", LISTS_FROM_SNAPSHOT, LISTS_FOUND },
	{ NONE, true, false, "none", LISTS_FROM_SNAPSHOT, LISTS_AWAY },
	{ NONE, true, false, "none", LISTS_FROM_DISK, LISTS_AWAY },
	{ NONE, false, false, "new", LISTS_FROM_DISK, LISTS_AWAY },
	{ GOOD, false, false, "new", LISTS_FROM_DISK, LISTS_ABSENT },
	{ GOOD, false, true, "new", LISTS_FROM_DISK, LISTS_AWAY },
	/* The answer of an old snapshot alone is worth nothing. */
	{ OLD, false, false, "new", LISTS_FROM_DISK, LISTS_AWAY },
	{ OLD, false, false, "old", LISTS_FROM_DISK, LISTS_FOUND },
	{ OLD, true, false, "none", LISTS_FROM_DISK, LISTS_ABSENT },
	{ BROKEN, true, false, "old", LISTS_FROM_SNAPSHOT, LISTS_AWAY },
	{ BROKEN, false, false, "old", LISTS_FROM_DISK, LISTS_AWAY },
};

static void
test_what_a_miss_means(void **state)
{
	char dir[1024];
	const char *err;
	struct cached_lists s;
	struct list list;

	(void)state;
	snprintf(dir, sizeof(dir), "%s", fixture_path("lists"));
	fixture_list("lists", "new");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cached_lists_init(&s, &mailman2, dir, cases[i].verify);
		s.differs = note;
		s.fresh.away = cases[i].away;
		s.fresh.trusted = cases[i].snapshot != OLD;
		told = LISTS_ABSENT;
		if (cases[i].snapshot != NONE) {
			make_snapshot(cases[i].snapshot == OTHER ?
			        fixture_path("cache") : dir,
			    cases[i].snapshot == BROKEN ? "x" : "d\t\t1\t2\t3");
			assert_int_equal(cached_lists_reopen(&s,
			                     fixture_path("cache/s.cdb"),
			                     &err), 1);
		}
		if (s.lists.find(&s.lists, str_from(cases[i].name),
		        cases[i].from, &list) != cases[i].found)
			fail_msg("case %zu is not %d", i, cases[i].found);
		assert_true(str_is(list.name, cases[i].name));
		if (str_is(list.name, "new") &&
		    cases[i].found == LISTS_FOUND)
			assert_int_equal(told, LISTS_FOUND);
		if (cases[i].snapshot == OTHER && str_is(list.name, "none"))
			assert_int_equal(told, LISTS_AWAY);
		cached_lists_clear(&s);
	}
}

/*
 * Hosts.
 */

static struct cached_lists cached;
static char lists_dir[1024];

static void
write_config(const char *name, const char *host)
{
	char text[512];

	snprintf(text, sizeof(text), "}(S'host_name'\nS'%s'\nu.", host);
	fixture_file(fixture_path("lists/%s/config.pck", name), text);
}

/* The list "old", known at a.test as its file is now. */
static void
know(bool verify)
{
	char record[512];
	const char *err;
	struct stat st;

	snprintf(lists_dir, sizeof(lists_dir), "%s", fixture_path("lists"));
	fixture_mkdir(fixture_path("lists/old"));
	write_config("old", "a.test");
	assert_int_equal(stat(fixture_path("lists/old/config.pck"), &st), 0);
	snprintf(record, sizeof(record), "d\ta.test\t%ju\t%jd\t%jd",
	    (uintmax_t)st.st_ino, (intmax_t)scan_mtime(&st),
	    (intmax_t)st.st_size);
	make_snapshot(lists_dir, record);
	cached_lists_init(&cached, &mailman2, lists_dir, verify);
	cached.differs = note;
	told = LISTS_ABSENT;
	assert_int_equal(cached_lists_reopen(&cached,
	                     fixture_path("cache/s.cdb"), &err),
	    1);
}

static enum lists_found
ask(const char *name, struct list *list)
{
	return cached.lists.find(&cached.lists, str_from(name), LISTS_FROM_DISK,
	    list);
}

static enum lists_found
ask_again(const char *name, struct list *list)
{
	return cached.lists.find_changed(&cached.lists, str_from(name), list);
}

static void
test_host_of_the_snapshot_and_of_the_directory(void **state)
{
	struct list list;

	(void)state;
	know(true);
	assert_int_equal(ask("old", &list), LISTS_FOUND);
	assert_true(str_is(list.host, "a.test") && !list.unread);
	fixture_mkdir(fixture_path("lists/new"));
	write_config("new", "B.test");
	assert_int_equal(ask("new", &list), LISTS_FOUND);
	assert_true(str_is(list.host, "b.test") && !list.unread);
	assert_true(str_is(list.name, "new"));
	assert_int_equal(told, LISTS_FOUND);
	/* Its file says nothing that anybody understands. */
	fixture_list("lists", "odd");
	assert_int_equal(ask("odd", &list), LISTS_FOUND);
	assert_true(list.host.n == 0 && !list.unread);
	/* Or too much. */
	assert_int_equal(truncate(fixture_path("lists/new/config.pck"),
	                     DIRECTORY_READ_MAX + 1), 0);
	assert_int_equal(ask("new", &list), LISTS_FOUND);
	assert_true(list.host.n == 0 && list.unread);
	cached_lists_clear(&cached);
}

static void
test_changed_host(void **state)
{
	struct timespec past[2] = { { 1, 0 }, { 1, 0 } };
	struct list list;
	struct stat st;

	(void)state;
	know(true);
	assert_int_equal(ask_again("old", &list), LISTS_ABSENT);
	assert_int_equal(told, LISTS_ABSENT);
	/* What is as it was is not read: another text in the same stat. */
	assert_int_equal(stat(fixture_path("lists/old/config.pck"), &st), 0);
	write_config("old", "b.test");
	assert_int_equal(utimensat(AT_FDCWD,
	                     fixture_path("lists/old/config.pck"),
	                     (struct timespec[]){ st.st_atim, st.st_mtim },
	                     0), 0);
	assert_int_equal(ask_again("old", &list), LISTS_ABSENT);
	assert_int_equal(told, LISTS_ABSENT);
	/* Another time makes it another. */
	assert_int_equal(utimensat(AT_FDCWD,
	                     fixture_path("lists/old/config.pck"), past, 0),
	    0);
	assert_int_equal(ask_again("old", &list), LISTS_FOUND);
	assert_true(str_is(list.host, "b.test") && str_is(list.name, "old"));
	assert_int_equal(told, LISTS_FOUND);
	/* The snapshot has the old host until a scan. */
	assert_int_equal(ask("old", &list), LISTS_FOUND);
	assert_true(str_is(list.host, "a.test"));
	cached_lists_clear(&cached);
}

static void
test_changed_but_how(void **state)
{
	struct list list;

	(void)state;
	know(true);
	/* Saved by traffic: a rescan is due, the host the same. */
	write_config("old", "a.test.");
	assert_int_equal(ask_again("old", &list), LISTS_FOUND);
	assert_true(str_is(list.host, "a.test"));
	assert_int_equal(told, LISTS_FOUND);
	/* Too large to be read now. */
	told = LISTS_ABSENT;
	assert_int_equal(truncate(fixture_path("lists/old/config.pck"),
	                     DIRECTORY_READ_MAX + 1), 0);
	assert_int_equal(ask_again("old", &list), LISTS_NO_ANSWER);
	assert_int_equal(told, LISTS_FOUND);
	/* It went; it may not be looked into; the directory went. */
	fixture_unlist("lists", "old");
	assert_int_equal(ask_again("old", &list), LISTS_ABSENT);
	cached.fresh.away = true;
	assert_int_equal(ask_again("old", &list), LISTS_AWAY);
	cached.fresh.away = false;
	fixture_list("lists", "old");
	assert_int_equal(chmod(fixture_path("lists/old"), 0), 0);
	assert_int_equal(ask_again("old", &list), LISTS_NO_ANSWER);
	assert_int_equal(rename(lists_dir, fixture_path("gone")), 0);
	assert_int_equal(ask_again("old", &list), LISTS_AWAY);
	fixture_mkdir(lists_dir);
	assert_int_equal(ask_again("old", &list), LISTS_AWAY);
	/* In another directory it may have another host. */
	fixture_mkdir(fixture_path("lists/old"));
	write_config("old", "a.test");
	assert_int_equal(ask_again("old", &list), LISTS_AWAY);
	write_config("old", "b.test");
	assert_int_equal(ask_again("old", &list), LISTS_NO_ANSWER);
	/* A list that the snapshot does not have. */
	assert_int_equal(ask_again("new", &list), LISTS_ABSENT);
	cached_lists_clear(&cached);
}

/* Where the directory is not asked, the snapshot is all there is. */
static void
test_changed_unverified(void **state)
{
	struct list list;

	(void)state;
	know(false);
	write_config("old", "elsewhere.test");
	/* Not one that nobody could refresh, nor while the lists are away. */
	assert_int_equal(ask_again("old", &list), LISTS_AWAY);
	cached.fresh.trusted = true;
	assert_int_equal(ask_again("old", &list), LISTS_ABSENT);
	cached.fresh.suspect = true;
	assert_int_equal(ask_again("old", &list), LISTS_AWAY);
	cached.fresh.suspect = false;
	cached.fresh.away = true;
	assert_int_equal(ask_again("old", &list), LISTS_AWAY);
	cached_lists_clear(&cached);
	assert_int_equal(ask_again("old", &list), LISTS_ABSENT);
}

/* The snapshot has "old" of a.test, with that basis and no file. */
static void
know_as(const char *basis, bool verify)
{
	char record[64];
	const char *err;

	snprintf(record, sizeof(record), "%s\ta.test\t0\t0\t0", basis);
	snprintf(lists_dir, sizeof(lists_dir), "%s", fixture_path("lists"));
	make_snapshot(lists_dir, record);
	cached_lists_init(&cached, &mailman2, lists_dir, verify);
	cached.differs = note;
	told = LISTS_ABSENT;
	assert_int_equal(cached_lists_reopen(&cached,
	                     fixture_path("cache/s.cdb"), &err), 1);
}

/* An entry that nobody could look into. */
static void
test_doubtful_entry(void **state)
{
	struct list list;

	(void)state;
	know_as("?", true);
	/* The directory alone can say that it is none. */
	assert_int_equal(cached.lists.find(&cached.lists, STR("old"),
	                     LISTS_FROM_SNAPSHOT, &list), LISTS_NO_ANSWER);
	assert_true(str_is(list.host, "a.test"));
	assert_int_equal(ask("old", &list), LISTS_ABSENT);
	cached.fresh.away = true;
	assert_int_equal(ask("old", &list), LISTS_NO_ANSWER);
	cached.fresh.away = false;
	assert_int_equal(rename(lists_dir, fixture_path("gone")), 0);
	assert_int_equal(ask("old", &list), LISTS_NO_ANSWER);
	assert_int_equal(rename(fixture_path("gone"), lists_dir), 0);
	assert_int_equal(told, LISTS_ABSENT);
	fixture_mkdir(fixture_path("lists/old"));
	write_config("old", "b.test");
	assert_int_equal(ask("old", &list), LISTS_FOUND);
	assert_true(str_is(list.host, "b.test") && !list.unread);
	assert_int_equal(told, LISTS_FOUND);
	assert_int_equal(chmod(fixture_path("lists/old"), 0), 0);
	assert_int_equal(ask("old", &list), LISTS_NO_ANSWER);
	assert_true(str_is(list.host, "a.test"));
	cached_lists_clear(&cached);
	know_as("?", false);
	cached.fresh.trusted = true;
	assert_int_equal(ask("old", &list), LISTS_NO_ANSWER);
	assert_true(str_is(list.host, "a.test"));
	cached_lists_clear(&cached);
}

/* An entry that was no list: the directory says whether it is one by now. */
static void
test_entry_that_was_no_list(void **state)
{
	struct list list;

	(void)state;
	know_as("n", true);
	cached.fresh.trusted = true;
	fixture_file(fixture_path("lists/old"), "");
	assert_int_equal(cached.lists.find(&cached.lists, STR("old"),
	                     LISTS_FROM_SNAPSHOT, &list), LISTS_ABSENT);
	assert_int_equal(ask("old", &list), LISTS_ABSENT);
	cached.fresh.away = true;
	assert_int_equal(ask("old", &list), LISTS_AWAY);
	cached.fresh.away = false;
	assert_int_equal(told, LISTS_ABSENT);
	assert_int_equal(unlink(fixture_path("lists/old")), 0);
	fixture_mkdir(fixture_path("lists/old"));
	write_config("old", "b.test");
	assert_int_equal(ask("old", &list), LISTS_FOUND);
	assert_true(str_is(list.host, "b.test") && !list.unread);
	assert_int_equal(told, LISTS_FOUND);
	assert_int_equal(ask_again("old", &list), LISTS_ABSENT);
	cached_lists_clear(&cached);
	know_as("n", false);
	cached.fresh.trusted = true;
	assert_int_equal(ask("old", &list), LISTS_ABSENT);
	cached_lists_clear(&cached);
}

/* A list whose configuration could not be read. */
static void
test_unread_list(void **state)
{
	struct list list;

	(void)state;
	know_as("u", true);
	fixture_mkdir(fixture_path("lists/old"));
	fixture_file(fixture_path("lists/old/config.pck"), "x");
	assert_int_equal(ask("old", &list), LISTS_FOUND);
	assert_true(str_is(list.host, "a.test") && list.unread);
	/* It still cannot. */
	assert_int_equal(ask_again("old", &list), LISTS_ABSENT);
	assert_int_equal(told, LISTS_ABSENT);
	write_config("old", "b.test");
	assert_int_equal(ask_again("old", &list), LISTS_FOUND);
	assert_true(str_is(list.host, "b.test") && !list.unread);
	assert_int_equal(told, LISTS_FOUND);
	cached_lists_clear(&cached);
	/* A directory that is not to be asked is not read either. */
	know_as("u", false);
	assert_int_equal(ask_again("old", &list), LISTS_ABSENT);
	assert_int_equal(told, LISTS_ABSENT);
	cached_lists_clear(&cached);
}

static int
note_host(void *arg, const struct lists_host *host)
{
	struct buf *b = arg;

	buf_str(b, host->name);
	buf_printf(b, " %zu ", host->count);
	buf_str(b, host->url);
	return b->n > 1000 ? 5 : 0;
}

static void
test_hosts(void **state)
{
	const char *err;
	char text[256];
	struct cdbmake *m;
	struct buf b;

	(void)state;
	know(true);
	buf_over(&b, text, sizeof(text));
	assert_int_equal(cached.lists.each_host(&cached.lists, note_host, &b),
	    0);
	assert_int_equal(b.n, 0);
	m = cdbmake_new(fixture_path("cache/s.cdb"), 0644, &err);
	assert_non_null(m);
	assert_int_equal(cdbmake_put(m, STR(":listmap"), STR("3\t" SNAPSHOT_UNSEALED "\t0\t1\t1\t0\t0\t")), 0);
	assert_int_equal(cdbmake_put(m, STR(":host:a.test"),
	                     STR("3\thttp://a")), 0);
	assert_int_equal(snapshot_commit(m, &err), 0);
	assert_int_equal(cached_lists_reopen(&cached,
	                     fixture_path("cache/s.cdb"), &err),
	    1);
	assert_int_equal(cached.lists.each_host(&cached.lists, note_host, &b),
	    0);
	assert_string_equal(buf_cstr(&b), "a.test 3 http://a");
	/* Nothing is known without a snapshot. */
	cached_lists_clear(&cached);
	assert_int_equal(cached.lists.each_host(&cached.lists, note_host, &b),
	    0);
	assert_string_equal(buf_cstr(&b), "a.test 3 http://a");
}

static int swaps;

static void
count_swap(void *arg)
{
	(void)arg;
	swaps++;
}

static void
test_reopen(void **state)
{
	const char *err, *path = fixture_path("cache/s.cdb");
	struct cached_lists s;

	(void)state;
	cached_lists_init(&s, &mailman2, "/nonexistent", true);
	assert_int_equal(cached_lists_reopen(&s, path, &err), -1);
	assert_null(s.cache);
	s.fresh.complete = true;
	assert_false(s.lists.complete(&s.lists));
	s.swapped = count_swap;
	make_snapshot(fixture_path("lists"), "d\t\t1\t2\t3");
	assert_int_equal(cached_lists_reopen(&s, path, &err), 1);
	assert_int_equal(swaps, 1);
	assert_int_equal(cached_lists_reopen(&s, path, &err), 0);
	assert_int_equal(swaps, 1);
	assert_true(s.lists.complete(&s.lists));
	s.lists.none_misnamed = true;
	assert_int_equal(cached_lists_reopen(&s, path, &err), 0);
	assert_true(s.lists.none_misnamed);
	make_snapshot(fixture_path("lists"), "d\t\t1\t2\t3");
	assert_int_equal(cached_lists_reopen(&s, path, &err), 1);
	/* Nobody knows what names another writer's has. */
	assert_false(s.lists.none_misnamed);
	assert_int_equal(rename(path, fixture_path("cache/gone")), 0);
	assert_int_equal(cached_lists_reopen(&s, path, &err), -1);
	assert_non_null(s.cache);
	cached_lists_clear(&s);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_a_miss_means),
		TEST(test_host_of_the_snapshot_and_of_the_directory),
		TEST(test_changed_host),
		TEST(test_changed_but_how),
		TEST(test_changed_unverified),
		TEST(test_doubtful_entry),
		TEST(test_entry_that_was_no_list),
		TEST(test_unread_list),
		TEST(test_hosts),
		TEST(test_reopen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
