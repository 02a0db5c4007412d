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
#include "mailman/entry_facts.h"
#include "mailman/mailman.h"
#include "mailman/scan.h"
#include "tests/fixture.h"

static const char pickle[] = "}(S'host_name'\nS'A.Test'\nu.";

/* Padding and all, so that facts can be compared and sent. */
static struct entry_facts
take(const struct mailman *m, const char *name)
{
	struct entry_facts f;

	memset(&f, 0xa5, sizeof(f));
	entry_facts_take(m, fixture_path("lists"), fixture_path("data"),
	    str_from(name), &f);
	return f;
}

static struct entry_facts
facts(const char *name)
{
	return take(&mailman2, name);
}

/* All that is said in one go is what directory_find() and directory_read() say
 * one after the other. */
static void
test_agrees_with_look_ups(void **state)
{
	static const char *const names[] = { "foo", "linked", "nosuch",
		"half-made", "dangling", "file", "Foo", "..", "", "locked",
		"broken", "hidden", "nowhere" };
	struct directory_id id;

	(void)state;
	fixture_list("lists", "foo");
	fixture_file(fixture_path("lists/foo/config.pck"), pickle);
	fixture_list("lists", "locked");
	fixture_list("lists", "broken");
	fixture_file(fixture_path("lists/broken/config.pck"), "junk");
	fixture_list("lists", "hidden");
	assert_int_equal(chmod(fixture_path("lists/hidden/config.pck"), 0), 0);
	fixture_mkdir(fixture_path("lists/half-made"));
	fixture_mkdir(fixture_path("lists/nowhere"));
	assert_int_equal(symlink("/no/such/file",
	                     fixture_path("lists/nowhere/config.pck")), 0);
	fixture_file(fixture_path("lists/file"), "");
	assert_int_equal(symlink("foo", fixture_path("lists/linked")), 0);
	assert_int_equal(symlink("no", fixture_path("lists/dangling")), 0);
	assert_int_equal(chmod(fixture_path("lists/locked"), 0), 0);
	assert_int_equal(directory_identify(fixture_path("lists"), &id), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct str name = str_from(names[i]);
		struct entry_facts f = facts(names[i]);
		struct list_info info;
		struct stat st = { 0 };
		enum lists_found found = directory_find(&mailman2,
		    fixture_path("lists"), NULL, name, &st);
		bool unread = directory_read(&mailman2, fixture_path("lists"),
		    name, DIRECTORY_READ_MAX, &info) == -1;

		if (f.found != found)
			fail_msg("%s: %d, not %d", names[i], f.found, found);
		assert_true(f.dev == id.dev && f.ino == id.ino);
		if (found == LISTS_FOUND || found == LISTS_NO_ANSWER) {
			assert_int_equal(f.unread, unread);
			assert_string_equal(f.info.host, info.host);
			assert_string_equal(f.info.url, info.url);
		}
		if (found == LISTS_FOUND) {
			assert_true(f.file_ino == st.st_ino);
			assert_true(f.file_mtime == scan_mtime(&st));
			assert_true(f.file_size == (uint64_t)st.st_size);
			assert_true(f.file_ctime / 1000000000 ==
			    st.st_ctim.tv_sec);
			assert_true(f.file_ctime % 1000000000 ==
			    st.st_ctim.tv_nsec);
		} else {
			assert_true(f.file_ino == 0 && f.file_mtime == 0);
		}
	}
	assert_int_equal(facts("nowhere").found, LISTS_NO_ANSWER);
	assert_string_equal(facts("foo").info.host, "a.test");
}

static void
test_away(void **state)
{
	struct entry_facts f;

	(void)state;
	fixture_list("lists", "foo");
	/* An entry may be there, but nobody may look: away is for all names. */
	assert_int_equal(chmod(fixture_path("lists"), 0444), 0);
	f = facts("foo");
	assert_int_equal(f.found, LISTS_AWAY);
	assert_false(f.unread);
	assert_int_equal(chmod(fixture_path("lists"), 0755), 0);
	assert_int_equal(rename(fixture_path("lists"), fixture_path("moved")),
	    0);
	f = facts("foo");
	assert_int_equal(f.found, LISTS_AWAY);
	assert_true(f.dev == 0 && f.ino == 0);
	fixture_file(fixture_path("lists"), "no directory");
	assert_int_equal(facts("foo").found, LISTS_AWAY);
}

/* Of another directory nothing is believed, and nothing is absent. */
static void
test_identity(void **state)
{
	static const struct {
		enum lists_found there;
		enum lists_found elsewhere;
	} cases[] = {
		{ LISTS_FOUND, LISTS_NO_ANSWER },
		{ LISTS_ABSENT, LISTS_AWAY },
		{ LISTS_NO_ANSWER, LISTS_NO_ANSWER },
		{ LISTS_AWAY, LISTS_AWAY },
	};
	const struct directory_id same = { 1, 2 }, inode = { 1, 3 },
		device = { 2, 2 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct entry_facts f = { .found = cases[i].there,
			.dev = 1, .ino = 2 };

		assert_int_equal(entry_facts_found(&f, NULL), f.found);
		assert_int_equal(entry_facts_found(&f, &same), f.found);
		assert_int_equal(entry_facts_found(&f, &inode),
		    cases[i].elsewhere);
		assert_int_equal(entry_facts_found(&f, &device),
		    cases[i].elsewhere);
	}
}

/* Mailman 3: a directory stands for itself, and the files beside count. */
static void
test_stamp(void **state)
{
	struct entry_facts f;
	uint64_t before;

	(void)state;
	fixture_mkdir(fixture_path("data"));
	fixture_mkdir(fixture_path("lists/foo.a.test"));
	f = take(&mailman3, "foo.a.test");
	assert_int_equal(f.found, LISTS_FOUND);
	assert_false(f.unread);
	assert_true(f.stamp == 0);
	fixture_file(fixture_path("data/postfix_lmtp"), "x");
	f = take(&mailman3, "foo.a.test");
	before = f.stamp;
	assert_true(before == mailman3.stamp(fixture_path("data")));
	assert_true(before != 0);
	fixture_file(fixture_path("data/postfix_lmtp"), "longer");
	assert_true(take(&mailman3, "bar.a.test").stamp != before);
	/* Where the directory is away the files may still be there. */
	assert_int_equal(rmdir(fixture_path("lists/foo.a.test")), 0);
	assert_int_equal(rmdir(fixture_path("lists")), 0);
	assert_true(take(&mailman3, "bar.a.test").stamp != 0);
	assert_true(take(&mailman2, "bar").stamp == 0);
	entry_facts_take(&mailman3, "/no", NULL, STR("x"), &f);
	assert_true(f.stamp == 0);
	fixture_mkdir(fixture_path("lists"));
}

/* What lies behind the first bytes is zero. */
static void
test_size(void **state)
{
	struct entry_facts f, cut;

	(void)state;
	fixture_list("lists", "foo");
	f = facts("foo");
	assert_int_equal(entry_facts_size(&f),
	    offsetof(struct entry_facts, info));
	memset(&cut, 0, sizeof(cut));
	memcpy(&cut, &f, entry_facts_size(&f));
	assert_memory_equal(&cut, &f, sizeof(f));
	fixture_file(fixture_path("lists/foo/config.pck"), pickle);
	f = facts("foo");
	assert_int_equal(entry_facts_size(&f), sizeof(f));
	f = facts("nosuch");
	assert_int_equal(entry_facts_size(&f),
	    offsetof(struct entry_facts, info));
	memset(&f, 0, sizeof(f));
	f.info.url[0] = 'h';
	assert_int_equal(entry_facts_size(&f), sizeof(f));
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_agrees_with_look_ups),
		TEST(test_away),
		TEST(test_identity),
		TEST(test_stamp),
		TEST(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
