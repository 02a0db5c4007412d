#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "mailman/directory.h"
#include "mailman/mailman.h"
#include "cache/place.h"
#include "cache/watch.h"
#include "tests/fixture.h"

static struct watch *watch;

static int
setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	fixture_mkdir(fixture_path("data"));
	watch = watch_new(NULL);
	return watch == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	watch_free(watch);
	return fixture_teardown(state);
}

static struct place_watched
watched_now(void)
{
	const struct place_watched nothing = { .wd = -1, .files_wd = -1 };
	struct place_watched now = nothing;
	const struct directory_id *lists = watch_id(watch, &now.wd);
	const struct directory_id *files =
	    watch_files_id(watch, &now.files_wd);

	if (lists != NULL)
		now.lists = *lists;
	if (files != NULL)
		now.files = *files;
	return now;
}

static struct place_facts
look(void)
{
	const struct place_watched now = watched_now();
	struct place_facts f;

	memset(&f, 0xa5, sizeof(f));
	place_facts_take(&mailman3, fixture_path("lists"),
	    fixture_path("data"), watch_fd(watch), &now, &f);
	return f;
}

/* As the owner of the watch does it.  Whether all could be taken. */
static bool
take(const struct place_facts *f)
{
	const struct directory_id files = { f->files_dev, f->files_ino };
	const struct directory_id lists = { f->dev, f->ino };
	bool taken = true;

	if (f->files_armed)
		taken &= watch_take_files(watch, f->files_wd, &files,
		    mailman3.files_prefix);
	if (f->armed)
		taken &= watch_take(watch, f->wd, &lists);
	return taken;
}

static void
assert_sees_lists(const char *dir)
{
	assert_int_equal(watch_read(watch) & WATCH_CHANGED, 0);
	fixture_mkdir(fixture_path("%s/seen", dir));
	assert_int_equal(watch_read(watch), WATCH_CHANGED);
	assert_int_equal(chmod(fixture_path("%s/seen", dir), 0700), 0);
	assert_int_equal(watch_read(watch), WATCH_CHANGED);
	assert_int_equal(rmdir(fixture_path("%s/seen", dir)), 0);
	assert_int_equal(watch_read(watch), WATCH_CHANGED);
}

static void
assert_sees_files(const char *dir)
{
	fixture_file(fixture_path("%s/postfix_lmtp", dir), "x");
	assert_int_equal(watch_read(watch), WATCH_FILES);
	assert_int_equal(unlink(fixture_path("%s/postfix_lmtp", dir)), 0);
	assert_int_equal(watch_read(watch), WATCH_FILES);
}

static void
test_arms_what_is_not_watched(void **state)
{
	struct directory_id lists, data;
	struct place_facts f = look();

	(void)state;
	assert_int_equal(directory_identify(fixture_path("lists"), &lists),
	    0);
	assert_int_equal(directory_identify(fixture_path("data"), &data), 0);
	assert_int_equal(f.error, 0);
	assert_true(f.dev == lists.dev && f.ino == lists.ino);
	assert_true(f.files_dev == data.dev && f.files_ino == data.ino);
	assert_int_equal(f.kind, directory_kind_of(fixture_path("lists")));
	assert_int_equal(f.files_kind,
	    directory_kind_of(fixture_path("data")));
	assert_true(f.armed && f.files_armed && f.wd != f.files_wd);
	assert_true(f.stamp == 0);
	assert_true(take(&f));
	assert_sees_lists("lists");
	assert_sees_files("data");
	/* Now all is watched that is there. */
	fixture_file(fixture_path("data/postfix_lmtp"), "x");
	(void)watch_read(watch);
	f = look();
	assert_false(f.armed || f.files_armed);
	assert_int_equal(f.wd, watched_now().wd);
	assert_int_equal(f.files_wd, watched_now().files_wd);
	assert_true(f.stamp == mailman3.stamp(fixture_path("data")));
	assert_true(f.stamp != 0);
}

static void
test_another_directory(void **state)
{
	struct place_facts f = look(), g;

	(void)state;
	assert_true(take(&f));
	assert_int_equal(rename(fixture_path("lists"), fixture_path("old")),
	    0);
	fixture_mkdir(fixture_path("lists"));
	g = look();
	assert_true(g.armed && !g.files_armed && g.wd != f.wd);
	assert_true(g.ino != f.ino);
	assert_true(take(&g));
	(void)watch_read(watch);
	assert_sees_lists("lists");
	fixture_mkdir(fixture_path("old/unseen"));
	assert_int_equal(watch_read(watch), 0);
}

/* One whose watch may have died unseen is armed whatever it is: it keeps its
 * number if it lives. */
static void
test_armed_again(void **state)
{
	const struct place_watched nothing = { .wd = -1, .files_wd = -1 };
	struct place_facts f = look(), g;

	(void)state;
	assert_true(take(&f));
	place_facts_take(&mailman3, fixture_path("lists"),
	    fixture_path("data"), watch_fd(watch), &nothing, &g);
	assert_true(g.armed && g.wd == f.wd);
	assert_true(g.files_armed && g.files_wd == f.files_wd);
	assert_true(take(&g));
	assert_sees_lists("lists");
	assert_sees_files("data");
}

static void
test_what_cannot_be_looked_at(void **state)
{
	struct place_facts f;

	(void)state;
	assert_int_equal(rmdir(fixture_path("lists")), 0);
	assert_int_equal(rmdir(fixture_path("data")), 0);
	f = look();
	assert_int_equal(f.error, ENOENT);
	assert_int_equal(f.files_error, ENOENT);
	assert_int_equal(f.kind, DIRECTORY_UNKNOWN);
	assert_true(f.dev == 0 && f.ino == 0 && f.wd == -1 && !f.armed);
	assert_true(f.files_wd == -1 && !f.files_armed);
	fixture_mkdir(fixture_path("lists"));
	fixture_mkdir(fixture_path("data"));
	/* It may be searched, and look-ups succeed; it cannot be watched. */
	assert_int_equal(chmod(fixture_path("lists"), 0311), 0);
	assert_int_equal(chmod(fixture_path("data"), 0311), 0);
	f = look();
	assert_int_equal(f.error, 0);
	assert_int_equal(f.watch_error, EACCES);
	assert_int_equal(f.files_watch_error, EACCES);
	assert_true(f.ino != 0 && f.wd == -1 && f.files_wd == -1);
}

static void
test_without_inotify_or_files(void **state)
{
	const struct place_watched nothing = { .wd = -1, .files_wd = -1 };
	struct place_facts f;

	(void)state;
	place_facts_take(&mailman3, fixture_path("lists"),
	    fixture_path("data"), -1, &nothing, &f);
	assert_true(f.ino != 0 && f.wd == -1 && !f.armed);
	assert_true(f.files_ino != 0 && f.files_wd == -1 && !f.files_armed);
	assert_int_equal(f.watch_error, 0);
	place_facts_take(&mailman2, fixture_path("lists"),
	    fixture_path("data"), watch_fd(watch), &nothing, &f);
	assert_true(f.armed && f.files_wd == -1 && f.files_ino == 0);
	place_facts_take(&mailman3, fixture_path("lists"), NULL,
	    watch_fd(watch), &nothing, &f);
	assert_true(f.files_wd == -1 && f.files_ino == 0 && f.stamp == 0);
}

/* The kernel has one watch for each directory, and a second one would take what
 * the first wants away. */
static void
test_one_directory_for_both(void **state)
{
	struct place_facts f, g;

	(void)state;
	assert_int_equal(rmdir(fixture_path("data")), 0);
	assert_int_equal(symlink("lists", fixture_path("data")), 0);
	f = look();
	assert_true(f.armed && !f.files_armed && f.files_wd == -1);
	assert_true(f.files_ino == f.ino);
	assert_true(take(&f));
	assert_sees_lists("lists");
	assert_false(look().armed || look().files_armed);
	/* Apart, */
	assert_int_equal(unlink(fixture_path("data")), 0);
	fixture_mkdir(fixture_path("data"));
	g = look();
	assert_true(!g.armed && g.files_armed);
	assert_true(take(&g));
	assert_sees_lists("lists");
	assert_sees_files("data");
	/* and the lists where the files are. */
	assert_int_equal(rename(fixture_path("lists"), fixture_path("old")),
	    0);
	(void)watch_read(watch);
	assert_int_equal(symlink("data", fixture_path("lists")), 0);
	f = look();
	assert_true(f.armed && !f.files_armed && f.wd == g.files_wd);
	assert_true(take(&f));
	assert_int_equal(watched_now().files_wd, -1);
	assert_sees_lists("data");
}

/* The lists go elsewhere, and what they left is where the files are now. */
static void
test_changed_places(void **state)
{
	struct place_facts f = look(), g;

	(void)state;
	assert_true(take(&f));
	assert_int_equal(rmdir(fixture_path("data")), 0);
	assert_int_equal(rename(fixture_path("lists"), fixture_path("data")),
	    0);
	fixture_mkdir(fixture_path("lists"));
	/* Its owner has not read yet that the directory was moved. */
	g = look();
	assert_true(g.armed && g.files_armed);
	assert_int_equal(g.files_wd, f.wd);
	assert_true(take(&g));
	(void)watch_read(watch);
	assert_sees_lists("lists");
	assert_sees_files("data");
}

/* Between the arming and the taking its directory may go. */
static void
test_ended_before_it_was_taken(void **state)
{
	struct place_facts f = look();

	(void)state;
	assert_int_equal(rmdir(fixture_path("lists")), 0);
	assert_int_equal(rename(fixture_path("data"), fixture_path("x")), 0);
	(void)watch_read(watch);
	assert_false(take(&f));
	assert_false(watch_armed(watch));
	fixture_mkdir(fixture_path("lists"));
	fixture_mkdir(fixture_path("data"));
	f = look();
	assert_true(take(&f));
	(void)watch_read(watch);
	assert_sees_lists("lists");
	assert_sees_files("data");
}

/* It was moved away and is back, so that its watch lives; its owner was told of
 * the move after the arming. */
static void
test_moved_before_it_was_taken(void **state)
{
	struct place_facts f = look(), g;

	(void)state;
	assert_int_equal(rename(fixture_path("lists"), fixture_path("x")), 0);
	assert_int_equal(rename(fixture_path("x"), fixture_path("lists")), 0);
	(void)watch_read(watch);
	assert_false(take(&f));
	g = look();
	assert_true(g.armed && g.wd != f.wd);
	assert_true(take(&g));
	(void)watch_read(watch);
	assert_true(watch_armed(watch));
	assert_sees_lists("lists");
	/* The same of one that was taken, and is armed once more. */
	assert_int_equal(rename(fixture_path("lists"), fixture_path("x")), 0);
	assert_int_equal(rename(fixture_path("x"), fixture_path("lists")), 0);
	f = look();
	assert_false(f.armed);
	assert_int_equal(watch_read(watch), WATCH_LOST);
	assert_false(watch_take(watch, f.wd,
	    &(struct directory_id){ f.dev, f.ino }));
	f = look();
	assert_true(f.armed && take(&f));
	(void)watch_read(watch);
	assert_sees_lists("lists");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_arms_what_is_not_watched),
		TEST(test_another_directory),
		TEST(test_armed_again),
		TEST(test_what_cannot_be_looked_at),
		TEST(test_without_inotify_or_files),
		TEST(test_one_directory_for_both),
		TEST(test_changed_places),
		TEST(test_ended_before_it_was_taken),
		TEST(test_moved_before_it_was_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
