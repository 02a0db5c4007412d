#include <errno.h>
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
#include "mailman/list_info.h"
#include "mailman/mailman.h"
#include "tests/fixture.h"

static enum lists_found
ask(const struct directory_id *must_be, const char *name)
{
	return directory_find(&mailman2, fixture_path("lists"), must_be,
	    str_from(name), NULL);
}

static void
test_names(void **state)
{
	static const struct {
		const char *name;
		enum lists_found found;
	} cases[] = {
		{ "foo", LISTS_FOUND },
		{ "linked", LISTS_FOUND },
		{ "nosuch", LISTS_ABSENT },
		{ "half-made", LISTS_ABSENT },
		{ "dangling", LISTS_ABSENT },
		{ "circle", LISTS_ABSENT },
		{ "file", LISTS_ABSENT },
		{ "Foo", LISTS_ABSENT },
		{ "..", LISTS_ABSENT },
		{ ".", LISTS_ABSENT },
		{ "", LISTS_ABSENT },
		{ "../lists/foo", LISTS_ABSENT },
		{ "foo/", LISTS_ABSENT },
		{ "locked", LISTS_NO_ANSWER },
	};
	size_t i;

	(void)state;
	fixture_list("lists", "foo");
	fixture_list("lists", "locked");
	fixture_mkdir(fixture_path("lists/half-made"));
	fixture_file(fixture_path("lists/file"), "");
	assert_int_equal(symlink("foo", fixture_path("lists/linked")), 0);
	assert_int_equal(symlink("no", fixture_path("lists/dangling")), 0);
	assert_int_equal(symlink("circle", fixture_path("lists/circle")), 0);
	assert_int_equal(chmod(fixture_path("lists/locked"), 0), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (ask(NULL, cases[i].name) != cases[i].found)
			fail_msg("%s: not %d", cases[i].name, cases[i].found);
}

static void
test_long_names(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[256] = '\0';
	assert_int_equal(ask(NULL, name), LISTS_ABSENT);
	name[255] = '\0';
	assert_int_equal(ask(NULL, name), LISTS_ABSENT);
	fixture_mkdir(fixture_path("lists/%s", name));
	fixture_file(fixture_path("lists/%s/config.pck", name), "");
	assert_int_equal(ask(NULL, name), LISTS_FOUND);
}

static void
test_identity(void **state)
{
	struct directory_id id, other;

	(void)state;
	fixture_list("lists", "foo");
	assert_int_equal(directory_identify(fixture_path("lists"), &id), 0);
	assert_int_equal(directory_identify(fixture_path("cache"), &other), 0);
	assert_int_equal(ask(&id, "foo"), LISTS_FOUND);
	assert_int_equal(ask(&id, "bar"), LISTS_ABSENT);
	/* What is there is not believed, and is not absent either. */
	assert_int_equal(ask(&other, "foo"), LISTS_NO_ANSWER);
	assert_int_equal(ask(&other, "bar"), LISTS_AWAY);
	assert_int_equal(directory_identify(fixture_path("no"), &id), -1);
	fixture_file(fixture_path("file"), "");
	assert_int_equal(directory_identify(fixture_path("file"), &id), -1);
}

static void
test_stat_of_what_was_found(void **state)
{
	struct stat st, must;

	(void)state;
	fixture_list("lists", "foo");
	assert_int_equal(stat(fixture_path("lists/foo/config.pck"), &must),
	    0);
	assert_int_equal(directory_find(&mailman2, fixture_path("lists"), NULL,
	                     STR("foo"), &st), LISTS_FOUND);
	assert_true(st.st_ino == must.st_ino && st.st_size == must.st_size);
	/* To know that a list is there nobody reads it. */
	assert_int_equal(chmod(fixture_path("lists/foo/config.pck"), 0), 0);
	assert_int_equal(ask(NULL, "foo"), LISTS_FOUND);
}

static bool
read_list(const char *name, struct list_info *p)
{
	return directory_read(&mailman2, fixture_path("lists"),
	    str_from(name), DIRECTORY_READ_MAX, p) == 0;
}

static void
test_particulars(void **state)
{
	static const char pickle[] = "}(S'host_name'\nS'A.Test'\n"
	    "S'web_page_url'\nS'http://a/'\nS'advertised'\nI01\nu.";
	struct list_info p;
	char wide[300];

	(void)state;
	fixture_list("lists", "foo");
	fixture_file(fixture_path("lists/foo/config.pck"), pickle);
	assert_true(read_list("foo", &p));
	assert_string_equal(p.host, "a.test");
	assert_string_equal(p.url, "http://a/listinfo");
	/* So large that it would take too long. */
	assert_int_equal(truncate(fixture_path("lists/foo/config.pck"),
	                     DIRECTORY_READ_MAX), 0);
	assert_true(read_list("foo", &p));
	assert_string_equal(p.host, "a.test");
	assert_int_equal(truncate(fixture_path("lists/foo/config.pck"),
	                     DIRECTORY_READ_MAX + 1), 0);
	assert_false(read_list("foo", &p));
	assert_int_equal(errno, EFBIG);
	assert_string_equal(p.host, "");
	/* What may not be read now may say something later. */
	assert_int_equal(chmod(fixture_path("lists/foo/config.pck"), 0), 0);
	assert_false(read_list("foo", &p));
	assert_int_equal(errno, EACCES);
	assert_string_equal(p.host, "");
	assert_false(read_list("nosuch", &p));
	assert_false(read_list("..", &p));
	memset(wide, 'a', sizeof(wide));
	wide[256] = '\0';
	assert_false(read_list(wide, &p));
	/* Broken ones, one that the one before stands in for, and one that
	 * Mailman kept in another way in 2002. */
	fixture_mkdir(fixture_path("lists/broken"));
	fixture_file(fixture_path("lists/broken/config.pck"), "");
	assert_false(read_list("broken", &p));
	assert_int_equal(errno, LIST_INFO_BROKEN);
	fixture_file(fixture_path("lists/broken/config.pck.last"), pickle);
	assert_true(read_list("broken", &p));
	assert_string_equal(p.host, "a.test");
	fixture_mkdir(fixture_path("lists/link"));
	assert_int_equal(symlink("nowhere",
	                     fixture_path("lists/link/config.pck")), 0);
	assert_false(read_list("link", &p));
	assert_int_equal(errno, LIST_INFO_BROKEN);
	fixture_mkdir(fixture_path("lists/marshal"));
	fixture_file(fixture_path("lists/marshal/config.db"), "{");
	assert_true(read_list("marshal", &p));
	assert_string_equal(p.host, "");
	assert_int_equal(rename(fixture_path("lists"), fixture_path("moved")),
	    0);
	assert_false(read_list("foo", &p));
	assert_int_equal(errno, ENOENT);
	assert_string_equal(p.host, "");
}

static void
test_directory_away(void **state)
{
	(void)state;
	fixture_list("lists", "foo");
	assert_int_equal(chmod(fixture_path("lists"), 0), 0);
	assert_int_equal(ask(NULL, "foo"), LISTS_AWAY);
	assert_int_equal(ask(NULL, "bar"), LISTS_AWAY);
	/* Readable alone does not let anybody in. */
	assert_int_equal(chmod(fixture_path("lists"), 0444), 0);
	assert_int_equal(ask(NULL, "bar"), LISTS_AWAY);
	/* Names can be asked for where they cannot be listed. */
	assert_int_equal(chmod(fixture_path("lists"), 0111), 0);
	assert_int_equal(ask(NULL, "foo"), LISTS_FOUND);
	assert_int_equal(ask(NULL, "bar"), LISTS_ABSENT);
	assert_int_equal(chmod(fixture_path("lists"), 0755), 0);
	assert_int_equal(rename(fixture_path("lists"), fixture_path("moved")),
	    0);
	assert_int_equal(ask(NULL, "foo"), LISTS_AWAY);
	fixture_file(fixture_path("lists"), "a file");
	assert_int_equal(ask(NULL, "foo"), LISTS_AWAY);
}

static void
test_remote(void **state)
{
	(void)state;
	assert_false(directory_is_remote("/proc"));
	assert_false(directory_is_remote(fixture_path("nosuch")));
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_long_names),
		TEST(test_identity),
		TEST(test_stat_of_what_was_found),
		TEST(test_particulars),
		TEST(test_directory_away),
		TEST(test_remote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
