#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "mailman/directory.h"
#include "mailman/disk_lists.h"
#include "mailman/mailman.h"
#include "tests/fixture.h"

static struct disk_lists bare;
static char dir[1024];

static int
setup(void **state)
{
	int rc = fixture_setup(state);

	snprintf(dir, sizeof(dir), "%s", fixture_path("lists"));
	disk_lists_init(&bare, &mailman2, dir);
	return rc;
}

static void
make_list(const char *name, const char *host)
{
	char text[512];

	fixture_list("lists", name);
	snprintf(text, sizeof(text), "}(S'host_name'\nS'%s'\nu.", host);
	fixture_file(fixture_path("lists/%s/config.pck", name), text);
}

static enum lists_found
ask(const char *name, enum lists_from from, struct list *list)
{
	return bare.lists.find(&bare.lists, str_from(name), from, list);
}

static void
test_find(void **state)
{
	static const struct {
		const char *name;
		enum lists_found found;
		const char *host;
		bool unread;
	} cases[] = {
		{ "foo", LISTS_FOUND, "a.test", false },
		{ "bar", LISTS_FOUND, "b.test", false },
		{ "odd", LISTS_FOUND, "", false },
		{ "linked", LISTS_FOUND, "a.test", false },
		{ "closed", LISTS_FOUND, "", true },
		{ "nosuch", LISTS_ABSENT, "", false },
		{ "half-made", LISTS_ABSENT, "", false },
		{ "file", LISTS_ABSENT, "", false },
		{ "locked", LISTS_NO_ANSWER, "", false },
		/* Nothing of the one before is left. */
		{ "foo", LISTS_FOUND, "a.test", false },
	};

	(void)state;
	make_list("foo", "A.Test");
	make_list("bar", "b.test.");
	make_list("closed", "c.test");
	make_list("locked", "c.test");
	fixture_list("lists", "odd");
	fixture_mkdir(fixture_path("lists/half-made"));
	fixture_file(fixture_path("lists/file"), "");
	assert_int_equal(symlink("foo", fixture_path("lists/linked")), 0);
	assert_int_equal(chmod(fixture_path("lists/closed/config.pck"), 0), 0);
	assert_int_equal(chmod(fixture_path("lists/locked"), 0), 0);
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = i / 2;
		struct list list = { .name = STR("x"), .host = STR("y"),
			.unread = true };

		if (ask(cases[n].name,
		        i % 2 ? LISTS_FROM_SNAPSHOT : LISTS_FROM_DISK,
		        &list) != cases[n].found)
			fail_msg("%s: not %d", cases[n].name, cases[n].found);
		assert_true(str_is(list.name, cases[n].name));
		assert_true(str_is(list.host, cases[n].host));
		assert_int_equal(list.unread, cases[n].unread);
	}
}

/* A directory is there for some of them, which is none that may become a
 * list. */
static void
test_names_of_no_entry(void **state)
{
	static const char *const names[] = { "", ".", "..", "/", "foo/", ":foo",
		"Foo", "a\nb" };
	struct list list;

	(void)state;
	make_list("foo", "a.test");
	fixture_mkdir(fixture_path("lists/Foo"));
	fixture_mkdir(fixture_path("lists/:foo"));
	bare.unfinished_is_no_answer = true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (ask(names[i], LISTS_FROM_SNAPSHOT, &list) != LISTS_ABSENT)
			fail_msg("%s", names[i]);
}

/* What the daemon does not read while others wait. */
static void
test_large_configuration(void **state)
{
	struct list list;

	(void)state;
	make_list("large", "a.test");
	assert_int_equal(truncate(fixture_path("lists/large/config.pck"),
	                     DIRECTORY_READ_MAX + 1), 0);
	assert_int_equal(ask("large", LISTS_FROM_DISK, &list), LISTS_FOUND);
	assert_true(str_is(list.host, "a.test") && !list.unread);
}

/* There is no snapshot that anything could have changed since. */
static void
test_what_is_constant(void **state)
{
	struct list list = { .name = STR("x"), .host = STR("y"),
		.unread = true };

	(void)state;
	make_list("foo", "a.test");
	assert_int_equal(ask("foo", LISTS_FROM_SNAPSHOT, &list), LISTS_FOUND);
	make_list("new", "a.test");
	assert_int_equal(ask("new", LISTS_FROM_SNAPSHOT, &list), LISTS_FOUND);
	fixture_unlist("lists", "foo");
	assert_int_equal(ask("foo", LISTS_FROM_SNAPSHOT, &list), LISTS_ABSENT);
	assert_int_equal(bare.lists.find_changed(&bare.lists, STR("new"),
	                     &list), LISTS_ABSENT);
	assert_true(str_is(list.name, "new") && list.host.n == 0);
	assert_false(bare.lists.look(&bare.lists));
	assert_false(bare.lists.complete(&bare.lists));
}

/* For who asks before a refusal: what may be a list, or becomes one. */
static void
test_what_may_be_a_list(void **state)
{
	static const struct {
		const char *name;
		enum lists_found found;
	} cases[] = {
		{ "foo", LISTS_FOUND },
		{ "half-made", LISTS_NO_ANSWER },
		{ "nowhere", LISTS_NO_ANSWER },
		{ "upper", LISTS_NO_ANSWER },
		/* Nobody can tell whether that is one. */
		{ "shut", LISTS_NO_ANSWER },
		/* No list in whichever case, and another name. */
		{ "archives", LISTS_ABSENT },
		{ "uppe", LISTS_ABSENT },
		{ "file", LISTS_ABSENT },
	};
	struct list list;

	(void)state;
	make_list("foo", "a.test");
	make_list("Upper", "a.test");
	make_list("Shut", "a.test");
	fixture_mkdir(fixture_path("lists/half-made"));
	fixture_mkdir(fixture_path("lists/Archives"));
	fixture_file(fixture_path("lists/file"), "");
	assert_int_equal(symlink("/nonexistent",
	                     fixture_path("lists/nowhere")), 0);
	assert_int_equal(chmod(fixture_path("lists/Shut"), 0), 0);
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = i / 2;
		enum lists_found found = cases[n].found;

		bare.unfinished_is_no_answer = i % 2;
		if (found == LISTS_NO_ANSWER && i % 2 == 0)
			found = LISTS_ABSENT;
		if (ask(cases[n].name, LISTS_FROM_DISK, &list) != found)
			fail_msg("%s: not %d", cases[n].name, found);
	}
}

static int
never_called(void *arg, const struct lists_host *host)
{
	(void)arg;
	fail_msg("host %.*s", (int)host->name.n, host->name.p);
	return 1;
}

static void
test_no_hosts(void **state)
{
	(void)state;
	make_list("foo", "a.test");
	assert_int_equal(bare.lists.each_host(&bare.lists, never_called, NULL),
	    0);
}

struct tour {
	int n, foo, bar, result;
};

static int
visit(void *arg, const struct list *list)
{
	struct tour *t = arg;

	t->n++;
	t->foo += str_is(list->name, "foo");
	t->bar += str_is(list->name, "bar");
	/* Nobody opened their files. */
	assert_true(list->unread && list->host.n == 0);
	return t->result;
}

static void
test_each(void **state)
{
	struct tour t = { 0 };

	(void)state;
	assert_int_equal(bare.lists.each(&bare.lists, visit, &t), 0);
	assert_int_equal(t.n, 0);
	make_list("foo", "a.test");
	make_list("bar", "b.test");
	make_list("locked", "b.test");
	make_list("No-List", "b.test");
	fixture_mkdir(fixture_path("lists/half-made"));
	fixture_file(fixture_path("lists/config.pck"), "stray");
	assert_int_equal(chmod(fixture_path("lists/locked"), 0), 0);
	assert_int_equal(bare.lists.each(&bare.lists, visit, &t), 0);
	assert_true(t.n == 2 && t.foo == 1 && t.bar == 1);
	/* It ends where it is told to. */
	t = (struct tour){ .result = 5 };
	assert_int_equal(bare.lists.each(&bare.lists, visit, &t), 5);
	assert_int_equal(t.n, 1);
	t = (struct tour){ .result = -7 };
	assert_int_equal(bare.lists.each(&bare.lists, visit, &t), -7);
	assert_int_equal(t.n, 1);
	t = (struct tour){ 0 };
	assert_int_equal(chmod(dir, 0111), 0);
	assert_int_equal(bare.lists.each(&bare.lists, visit, &t), -1);
	assert_int_equal(t.n, 0);
}

static void
test_inhabited(void **state)
{
	(void)state;
	assert_int_equal(disk_lists_any(&bare), 0);
	/* What lies about is no list. */
	fixture_file(fixture_path("lists/README"), "");
	fixture_file(fixture_path("lists/config.pck"), "");
	fixture_mkdir(fixture_path("lists/half-made"));
	fixture_mkdir(fixture_path("lists/lost+found"));
	assert_int_equal(symlink("nowhere", fixture_path("lists/dangling")),
	    0);
	assert_int_equal(disk_lists_any(&bare), 0);
	make_list("locked", "a.test");
	assert_int_equal(chmod(fixture_path("lists/locked"), 0), 0);
	assert_int_equal(disk_lists_any(&bare), 0);
	make_list("foo", "a.test");
	assert_int_equal(disk_lists_any(&bare), 1);
	make_list("bar", "a.test");
	assert_int_equal(disk_lists_any(&bare), 1);
}

static void
test_away(void **state)
{
	struct list list;

	(void)state;
	make_list("foo", "a.test");
	/* Names can be asked for where they cannot be listed. */
	assert_int_equal(chmod(dir, 0111), 0);
	assert_int_equal(disk_lists_any(&bare), -1);
	assert_int_equal(ask("foo", LISTS_FROM_DISK, &list), LISTS_FOUND);
	assert_int_equal(ask("bar", LISTS_FROM_DISK, &list), LISTS_ABSENT);
	assert_int_equal(chmod(dir, 0), 0);
	assert_int_equal(disk_lists_any(&bare), -1);
	assert_int_equal(ask("foo", LISTS_FROM_DISK, &list), LISTS_AWAY);
	assert_int_equal(ask("bar", LISTS_FROM_SNAPSHOT, &list), LISTS_AWAY);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(rename(dir, fixture_path("moved")), 0);
	assert_int_equal(disk_lists_any(&bare), -1);
	assert_int_equal(ask("foo", LISTS_FROM_DISK, &list), LISTS_AWAY);
	assert_true(str_is(list.name, "foo") && list.host.n == 0);
	fixture_file(dir, "a file");
	assert_int_equal(disk_lists_any(&bare), -1);
	assert_int_equal(ask("foo", LISTS_FROM_DISK, &list), LISTS_AWAY);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_find),
		TEST(test_names_of_no_entry),
		TEST(test_large_configuration),
		TEST(test_what_is_constant),
		TEST(test_what_may_be_a_list),
		TEST(test_no_hosts),
		TEST(test_each),
		TEST(test_inhabited),
		TEST(test_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
