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
#include "mailman/entry_facts.h"
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
	snprintf(head, sizeof(head), "3\t" SNAPSHOT_UNSEALED "\t1\t%ju\t%ju\t0\t0\t\ts", (uintmax_t)id.dev,
	    (uintmax_t)id.ino);
	m = cdbmake_new(fixture_path("cache/s.cdb"), 0644, &err);
	assert_non_null(m);
	assert_int_equal(cdbmake_put(m, STR(":listmap"), str_from(head)), 0);
	assert_int_equal(cdbmake_put(m, STR("old"), str_from(record)), 0);
	assert_int_equal(cdbmake_put(m, STR("half"), STR("n\t\t0\t0\t0")), 0);
	assert_int_equal(snapshot_commit(m, &err), 0);
}

/* How the disk is asked: the site of the cached_lists in hand. */
static struct {
	const char *lists_dir;
	unsigned long turn;
	int looks, questions;
	bool in_place; /* what a look says */
	const char *touches; /* what a look reads of; NULL: nothing */
	int tells; /* 1: the disk tells; 0, -1: as in cached_lists.h */
} disk;

static bool
look(void *arg)
{
	struct cached_lists *s = arg;

	disk.looks++;
	if (disk.touches != NULL)
		assert_int_equal(touched_add(&s->touched,
		                     str_from(disk.touches)), 0);
	return disk.in_place;
}

static int
tell(void *arg, struct str name, struct entry_facts *f)
{
	struct cached_lists *s = arg;

	disk.questions++;
	if (disk.tells == 1)
		entry_facts_take(s->mailman, disk.lists_dir, NULL, name, f);
	return disk.tells;
}

static void
begin(struct cached_lists *s, const char *dir, bool verify)
{
	disk.lists_dir = dir;
	disk.turn = 1;
	disk.tells = 1;
	disk.in_place = true;
	disk.touches = NULL;
	disk.looks = disk.questions = 0;
	cached_lists_init(s, &mailman2, verify);
	s->look = look;
	s->facts = tell;
	s->turn = &disk.turn;
	s->differs = note;
	s->arg = s;
	told = LISTS_ABSENT;
}

enum snapshot { MISSING, GOOD, OTHER, BROKEN };

/* What is so. */
#define VERIFY 1   /* the disk may be asked */
#define WHOLE 2    /* the snapshot has all names */
#define PLACE 4    /* the directory is in its place */
#define TRUSTED 8  /* the snapshot is young enough */
#define FAR_OFF 16 /* the last scan did not believe the directory */
#define SUSPECT 32
#define TOUCHED 64 /* the name was touched */
#define SETTLES 128

/* The best that can be, and the same without a watch. */
#define SURE (VERIFY | WHOLE | PLACE)
#define BLIND (VERIFY | PLACE)

#define U LISTS_UNSURE
#define F LISTS_FOUND
#define A LISTS_ABSENT
#define N LISTS_NO_ANSWER
#define W LISTS_AWAY

/* The directory holds "new", and "half" that is no list; "none" is nowhere.
 * The snapshot has the list "old" and the entry "half". */
static const struct cell {
	enum snapshot snapshot;
	unsigned is;
	const char *name;
	enum lists_found known, found; /* by the snapshot, by the disk */
	int questions; /* to the disk, for the second */
} cells[] = {
	/* A list is found, whatever changed, and nobody is asked. */
	{ GOOD, SURE, "old", F, F, 0 },
	{ GOOD, BLIND, "old", F, F, 0 },
	{ GOOD, SURE | TOUCHED, "old", F, F, 0 },
	{ GOOD, SURE | FAR_OFF, "old", F, F, 0 },
	{ GOOD, VERIFY, "old", F, F, 0 },
	{ GOOD, 0, "old", F, F, 0 },
	{ OTHER, BLIND, "old", F, F, 0 },
	{ GOOD, SURE | SETTLES, "old", F, F, 0 },
	{ GOOD, SURE | SETTLES | TOUCHED, "old", U, F, 1 },
	/* What the snapshot has nothing for. */
	{ GOOD, SURE, "none", A, A, 0 },
	{ GOOD, SURE | TOUCHED, "none", U, A, 1 },
	{ GOOD, SURE | TOUCHED, "new", U, F, 1 },
	{ GOOD, BLIND, "none", A, A, 1 },
	{ GOOD, BLIND, "new", A, F, 1 },
	{ GOOD, VERIFY | WHOLE, "none", A, A, 1 },
	{ GOOD, VERIFY | WHOLE, "new", A, F, 1 },
	{ GOOD, SURE | FAR_OFF, "none", A, W, 1 },
	{ GOOD, SURE | FAR_OFF, "new", A, F, 1 },
	{ GOOD, SURE | SUSPECT, "none", A, A, 1 },
	{ GOOD, SURE | SUSPECT, "new", A, F, 1 },
	{ OTHER, BLIND, "none", A, W, 1 },
	{ OTHER, BLIND, "new", A, N, 1 },
	/* An entry that was no list is asked for each time. */
	{ GOOD, SURE, "half", U, A, 1 },
	{ GOOD, SURE | TOUCHED, "half", U, A, 1 },
	{ GOOD, SURE | FAR_OFF, "half", U, W, 1 },
	/* There is no snapshot, or it is broken. */
	{ MISSING, SURE, "new", U, F, 1 },
	{ MISSING, SURE, "none", U, W, 1 },
	{ BROKEN, SURE, "old", U, W, 1 },
	/* The disk is not asked: the snapshot alone, while it is trusted. */
	{ MISSING, TRUSTED, "new", U, W, 0 },
	{ BROKEN, TRUSTED, "old", U, W, 0 },
	{ GOOD, TRUSTED, "new", A, A, 0 },
	{ GOOD, TRUSTED | TOUCHED, "new", U, A, 0 },
	{ GOOD, TRUSTED, "half", U, A, 0 },
	{ GOOD, 0, "new", A, W, 0 },
	{ GOOD, TRUSTED | FAR_OFF, "new", A, W, 0 },
	{ GOOD, TRUSTED | SUSPECT, "new", A, W, 0 },
};

static void
set_up_cell(struct cached_lists *s, const struct cell *c, const char *dir)
{
	const char *err;

	begin(s, dir, c->is & VERIFY);
	s->fresh.whole = c->is & WHOLE;
	s->fresh.trusted = c->is & TRUSTED;
	s->fresh.away = c->is & FAR_OFF;
	s->fresh.suspect = c->is & SUSPECT;
	s->settle = c->is & SETTLES ? 2 : 0;
	disk.in_place = c->is & PLACE;
	if (c->is & TOUCHED)
		assert_int_equal(touched_add(&s->touched, str_from(c->name)),
		    0);
	if (c->snapshot == MISSING)
		return;
	make_snapshot(c->snapshot == OTHER ? fixture_path("cache") : dir,
	    c->snapshot == BROKEN ? "x" : "d\t\t1\t2\t3");
	assert_int_equal(cached_lists_reopen(s, fixture_path("cache/s.cdb"),
	                     &err), 1);
}

static void
test_each_cell(void **state)
{
	char dir[1024];
	struct cached_lists s;
	struct list list;

	(void)state;
	snprintf(dir, sizeof(dir), "%s", fixture_path("lists"));
	fixture_list("lists", "new");
	fixture_mkdir(fixture_path("lists/half"));
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		const struct cell *c = &cells[i];
		enum lists_found known, found;

		set_up_cell(&s, c, dir);
		known = s.lists.find(&s.lists, str_from(c->name),
		    LISTS_FROM_SNAPSHOT, &list);
		assert_int_equal(disk.looks + disk.questions, 0);
		found = s.lists.find(&s.lists, str_from(c->name),
		    LISTS_FROM_DISK, &list);
		if (known != c->known || found != c->found ||
		    disk.questions != c->questions)
			fail_msg("cell %zu: %d, %d, %d questions", i, known,
			    found, disk.questions);
		assert_true(str_is(list.name, c->name));
		/* What is absent by the snapshot is so if look() says it. */
		if (known == LISTS_ABSENT)
			assert_int_equal(s.lists.look(&s.lists),
			    c->questions > 0 || found != LISTS_ABSENT);
		if (c->questions && found == LISTS_FOUND && c->name[0] == 'n')
			assert_int_equal(told, LISTS_FOUND);
		cached_lists_clear(&s);
	}
}

/* Where the disk does not tell (yet), nothing is absent. */
static void
test_nobody_can_tell(void **state)
{
	struct cached_lists s;
	struct list list;

	(void)state;
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		enum lists_found found;

		set_up_cell(&s, &cells[i], fixture_path("lists"));
		disk.tells = i % 2 == 0 ? 0 : -1;
		found = s.lists.find(&s.lists, str_from(cells[i].name),
		    LISTS_FROM_DISK, &list);
		if (cells[i].questions > 0 &&
		    found != LISTS_AWAY && found != LISTS_NO_ANSWER)
			fail_msg("cell %zu: %d", i, found);
		/* A doubt about one name ends a search, also where the rest of
		 * the site is sure. */
		if (cells[i].questions > 0 && (cells[i].is & TOUCHED))
			assert_int_equal(found, LISTS_NO_ANSWER);
		cached_lists_clear(&s);
	}
}

/* A look is made once a turn; a name that it reads of was not known to be
 * touched before it. */
static void
test_one_look_a_turn(void **state)
{
	const struct cell sure = { GOOD, SURE, "new", A, A, 0 };
	struct cached_lists s;
	struct list list;
	char dir[1024];

	(void)state;
	snprintf(dir, sizeof(dir), "%s", fixture_path("lists"));
	fixture_list("lists", "new");
	set_up_cell(&s, &sure, dir);
	assert_false(s.lists.look(&s.lists));
	assert_false(s.lists.look(&s.lists));
	assert_int_equal(s.lists.find(&s.lists, STR("none"), LISTS_FROM_DISK,
	                     &list), LISTS_ABSENT);
	assert_int_equal(disk.looks, 1);
	/* Another turn. */
	disk.turn++;
	disk.touches = "new";
	assert_int_equal(s.lists.find(&s.lists, STR("new"),
	                     LISTS_FROM_SNAPSHOT, &list), LISTS_ABSENT);
	assert_true(s.lists.look(&s.lists));
	assert_int_equal(disk.looks, 2);
	assert_int_equal(s.lists.find(&s.lists, STR("new"), LISTS_FROM_DISK,
	                     &list), LISTS_FOUND);
	/* Whoever asks later in that turn knows it by then. */
	assert_false(s.lists.look(&s.lists));
	assert_int_equal(s.lists.find(&s.lists, STR("new"),
	                     LISTS_FROM_SNAPSHOT, &list), LISTS_UNSURE);
	assert_int_equal(disk.looks, 2);
	/* The look is made by find() where nobody called look(). */
	disk.turn++;
	disk.touches = "none";
	assert_int_equal(s.lists.find(&s.lists, STR("none"), LISTS_FROM_DISK,
	                     &list), LISTS_ABSENT);
	assert_int_equal(disk.looks, 3);
	assert_int_equal(disk.questions, 2);
	cached_lists_clear(&s);
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
	begin(&cached, lists_dir, verify);
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
	begin(&cached, lists_dir, verify);
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
	                     LISTS_FROM_SNAPSHOT, &list), LISTS_UNSURE);
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
	                     LISTS_FROM_SNAPSHOT, &list), LISTS_UNSURE);
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
	assert_int_equal(cdbmake_put(m, STR(":listmap"), STR("3\t" SNAPSHOT_UNSEALED "\t0\t1\t1\t0\t0\t\ts")), 0);
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

static int swaps, same;

static void
count_swap(void *arg, const struct lists *lists, bool same_hosts)
{
	(void)arg, (void)lists;
	swaps++;
	same += same_hosts;
}

static void
test_reopen(void **state)
{
	const char *err, *path = fixture_path("cache/s.cdb");
	struct cached_lists s;

	(void)state;
	cached_lists_init(&s, &mailman2, true);
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

static struct cache *
open_with_host(const char *value)
{
	const char *err, *path = fixture_path("cache/s.cdb");
	struct cdbmake *m = cdbmake_new(path, 0644, &err);
	struct cache *c;

	assert_non_null(m);
	assert_int_equal(cdbmake_put(m, STR(":listmap"), STR("3\t"
	    SNAPSHOT_UNSEALED "\t0\t1\t1\t0\t0\t\ts")), 0);
	assert_int_equal(cdbmake_put(m, STR(":host:a.test"), str_from(value)),
	    0);
	assert_int_equal(snapshot_commit(m, &err), 0);
	c = cache_open(path, &err);
	assert_non_null(c);
	return c;
}

/* The old one is the caller's, who may take his time to close it. */
static void
test_swap(void **state)
{
	struct cache *one = open_with_host("1\thttp://a");
	struct cache *two = open_with_host("2\thttp://a");
	struct cache *other = open_with_host("2\thttp://b");
	struct cached_lists s;

	(void)state;
	swaps = same = 0;
	cached_lists_init(&s, &mailman2, true);
	s.swapped = count_swap;
	assert_null(cached_lists_swap(&s, one));
	assert_true(swaps == 1 && same == 0);
	s.lists.none_misnamed = true;
	assert_ptr_equal(cached_lists_swap(&s, two), one);
	assert_true(swaps == 2 && same == 1 && s.cache == two);
	assert_false(s.lists.none_misnamed);
	assert_ptr_equal(cached_lists_swap(&s, other), two);
	assert_true(swaps == 3 && same == 1);
	cache_close(one);
	cache_close(two);
	cached_lists_clear(&s);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_cell),
		TEST(test_nobody_can_tell),
		TEST(test_one_look_a_turn),
		TEST(test_host_of_the_snapshot_and_of_the_directory),
		TEST(test_changed_host),
		TEST(test_changed_but_how),
		TEST(test_changed_unverified),
		TEST(test_doubtful_entry),
		TEST(test_entry_that_was_no_list),
		TEST(test_unread_list),
		TEST(test_hosts),
		TEST(test_reopen),
		TEST(test_swap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
