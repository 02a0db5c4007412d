#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "mailman/mailman.h"
#include "tests/fixture.h"
#include "tests/sample.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct str domains[] = { { "d.test", 6 }, { "old.test", 8 } };
static const struct address_rules rules = { .mailman = &mailman3,
	.actions = ACTION_ALL, .names = domains,
	.nnames = 2, .delimiters = "+" };

static const char *const names[] = { "foo.d.test", "foo-request.d.test",
	"join-leave.d.test", "c++.d.test", "plus+sign.d.test", ".dot.d.test",
	"dash-.d.test", "-dash.d.test", "owner.d.test", "a.b.d.test",
	"moved.old.test", "d.test", "bar-bounces.d.test", "x.e.test", NULL };

struct row {
	const char *local;
	const char *list; /* NULL: absent */
	enum action action;
	const char *detail;
};

static const struct row rows[] = {
	{ "foo", "foo", ACTION_POST, "" },
	{ "foo-bounces", "foo", ACTION_BOUNCES, "" },
	{ "foo-confirm", "foo", ACTION_CONFIRM, "" },
	{ "foo-join", "foo", ACTION_JOIN, "" },
	{ "foo-leave", "foo", ACTION_LEAVE, "" },
	{ "foo-owner", "foo", ACTION_OWNER, "" },
	{ "foo-subscribe", "foo", ACTION_SUBSCRIBE, "" },
	{ "foo-unsubscribe", "foo", ACTION_UNSUBSCRIBE, "" },
	/* A list of that name comes first. */
	{ "foo-request", "foo-request", ACTION_POST, "" },
	{ "foo-request-request", "foo-request", ACTION_REQUEST, "" },
	{ "join-leave", "join-leave", ACTION_POST, "" },
	{ "join-leave-join", "join-leave", ACTION_JOIN, "" },
	/* The first '+', on every form. */
	{ "foo+x", "foo", ACTION_POST, "x" },
	{ "foo+", "foo", ACTION_POST, "" },
	{ "foo-bounces+u=d.test", "foo", ACTION_BOUNCES, "u=d.test" },
	{ "foo-owner+a+b", "foo", ACTION_OWNER, "a+b" },
	{ "foo-request+x", "foo-request", ACTION_POST, "x" },
	{ "bar-bounces+u", "bar-bounces", ACTION_POST, "u" },
	/* A name with one cannot be reached. */
	{ "c++", NULL, 0, NULL },
	{ "c++-request", NULL, 0, NULL },
	{ "plus+sign", NULL, 0, NULL },
	{ "plus+sign-owner", NULL, 0, NULL },
	/* Odd ones. */
	{ ".dot", ".dot", ACTION_POST, "" },
	{ ".dot-leave", ".dot", ACTION_LEAVE, "" },
	{ "dash-", "dash-", ACTION_POST, "" },
	{ "dash--request", "dash-", ACTION_REQUEST, "" },
	{ "-dash", "-dash", ACTION_POST, "" },
	{ "owner", "owner", ACTION_POST, "" },
	{ "owner-owner", "owner", ACTION_OWNER, "" },
	{ "a.b", "a.b", ACTION_POST, "" },
	{ "moved", "moved", ACTION_POST, "" },
	{ "moved-join", "moved", ACTION_JOIN, "" },
	/* No such thing. */
	{ "foo-admin", NULL, 0, NULL },
	{ "foo-post", NULL, 0, NULL },
	{ "foo-loop", NULL, 0, NULL },
	{ "foo-", NULL, 0, NULL },
	{ "foo--request", NULL, 0, NULL },
	{ "owner-foo", NULL, 0, NULL },
	{ "mailman", NULL, 0, NULL },
	{ "mailman-loop", NULL, 0, NULL },
	{ "-request", NULL, 0, NULL },
	{ "", NULL, 0, NULL },
	{ "+x", NULL, 0, NULL },
	{ "x", NULL, 0, NULL },
	{ "foo.d", NULL, 0, NULL },
	{ "foo.d.test", NULL, 0, NULL },
	{ "../lists/foo", NULL, 0, NULL },
};

static void
understands(void **state)
{
	struct sample s;

	(void)state;
	sample_lists(&s, names);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		struct reading m = { 0 };
		enum lists_found f = reading_find(&rules, &s.lists,
		    LISTS_FROM_SNAPSHOT, str_from(r->local), &m);

		if (f != (r->list ? LISTS_FOUND : LISTS_ABSENT))
			fail_msg("%s: %d", r->local, f);
		if (r->list && (!str_is(m.list, r->list) ||
		    m.action != r->action || !str_is(m.detail, r->detail)))
			fail_msg("%s: %s of %.*s, detail %.*s", r->local,
			    action_name(m.action), (int)m.list.n, m.list.p,
			    (int)m.detail.n, m.detail.p);
	}
}

static enum lists_found
ask(const struct sample *s, const char *local, struct reading *m)
{
	return reading_find(&rules, &s->lists, LISTS_FROM_DISK,
	    str_from(local), m);
}

static void
ids(void **state)
{
	struct sample s;
	struct reading m;

	(void)state;
	sample_lists(&s, names);
	assert_int_equal(ask(&s, "moved-join", &m), LISTS_FOUND);
	assert_true(reading_is(&m, STR("moved.old.test")));
	assert_false(reading_is(&m, STR("moved.d.test")));
	assert_false(reading_is(&m, STR("movedxold.test")));
	assert_false(reading_is(&m, STR("moved")));
}

static void
doubt(void **state)
{
	struct sample s;
	struct reading m;

	(void)state;
	sample_lists(&s, names);
	s.doubtful = "foo-owner.d.test";
	/* It may be the list that hides foo's owner. */
	assert_int_equal(ask(&s, "foo-owner", &m), LISTS_NO_ANSWER);
	assert_int_equal(ask(&s, "foo-join", &m), LISTS_FOUND);
	s.away = true;
	assert_int_equal(ask(&s, "foo", &m), LISTS_AWAY);
	/* No list for certain. */
	assert_int_equal(ask(&s, "/", &m), LISTS_ABSENT);
	assert_int_equal(ask(&s, "+x", &m), LISTS_ABSENT);
}

static void
without_a_domain(void **state)
{
	const struct address_rules local = { .mailman = &mailman3,
		.actions = ACTION_ALL, .delimiters = "+" };
	struct reading m;
	struct sample s;

	(void)state;
	sample_lists(&s, names);
	assert_int_equal(reading_find(&local, &s.lists, LISTS_FROM_DISK,
	    STR("foo"), &m), LISTS_ABSENT);
	assert_int_equal(reading_find(&local, &s.lists, LISTS_FROM_DISK,
	    STR("foo.d.test"), &m), LISTS_ABSENT);
}

static void
actions_that_do_not_exist(void **state)
{
	struct address_rules most = rules;
	struct reading m;
	struct sample s;

	(void)state;
	sample_lists(&s, names);
	most.actions = ACTION_BIT(ACTION_POST);
	assert_int_equal(reading_find(&most, &s.lists, LISTS_FROM_SNAPSHOT,
	    STR("foo"), &m), LISTS_FOUND);
	assert_int_equal(reading_find(&most, &s.lists, LISTS_FROM_SNAPSHOT,
	    STR("foo-join"), &m), LISTS_ABSENT);
}

static void
another_delimiter(void **state)
{
	static const char *const locals[] = { "foo=x", "foo-join=x=y" };
	struct address_rules odd = rules;
	struct reading m;
	struct sample s;

	(void)state;
	sample_lists(&s, names);
	odd.delimiters = "=";
	for (size_t i = 0; i < COUNT(locals); i++) {
		assert_int_equal(reading_find(&odd, &s.lists,
		    LISTS_FROM_SNAPSHOT, str_from(locals[i]), &m),
		    LISTS_FOUND);
		assert_true(str_is(m.list, "foo"));
		assert_true(str_is(m.detail, i ? "x=y" : "x"));
	}
	assert_int_equal(reading_find(&odd, &s.lists, LISTS_FROM_SNAPSHOT,
	    STR("foo+x"), &m), LISTS_ABSENT);
}

struct seen {
	char text[512];
	size_t n;
};

static int
see(void *arg, struct str local, enum action a)
{
	struct seen *s = arg;

	(void)a;
	s->n++;
	snprintf(s->text + strlen(s->text), sizeof(s->text) - strlen(s->text),
	    "%.*s ", (int)local.n, local.p);
	return s->n == 20 ? 7 : 0;
}

static void
enumerates(void **state)
{
	struct seen s = { "", 0 };

	(void)state;
	assert_int_equal(mailman3.each_local(&rules, STR("a.b.d.test"), see,
	    &s), 0);
	assert_string_equal(s.text, "a.b a.b-bounces a.b-confirm a.b-join "
	    "a.b-leave a.b-owner a.b-request a.b-subscribe a.b-unsubscribe ");
	assert_int_equal(mailman3.each_local(&rules, STR("a.b.e.test"), see,
	    &s), 0);
	assert_int_equal(mailman3.each_local(&rules, STR("d.test"), see, &s),
	    0);
	assert_int_equal(mailman3.each_local(&rules, STR(".d.test"), see,
	    &s), 0);
	assert_int_equal(s.n, 9);
	s.n = 19;
	assert_int_equal(mailman3.each_local(&rules, STR("a.old.test"), see,
	    &s), 7);
}

/*
 * Directories.
 */

static int
is_list(const char *name, struct stat *st)
{
	int dir = open(fixture_path("lists"), O_PATH | O_DIRECTORY), rc;

	assert_int_not_equal(dir, -1);
	rc = mailman3.is_list(dir, name, st);
	close(dir);
	return rc;
}

static void
directories(void **state)
{
	struct stat st;

	(void)state;
	fixture_mkdir(fixture_path("lists/a.d.test"));
	fixture_mkdir(fixture_path("elsewhere"));
	fixture_file(fixture_path("lists/file.d.test"), "x");
	assert_int_equal(symlink("../elsewhere",
	    fixture_path("lists/link.d.test")), 0);
	assert_int_equal(symlink("nowhere",
	    fixture_path("lists/dangling.d.test")), 0);
	assert_int_equal(symlink("loop.d.test",
	    fixture_path("lists/loop.d.test")), 0);
	assert_int_equal(is_list("a.d.test", &st), 1);
	assert_int_equal(is_list("link.d.test", &st), 1);
	assert_int_equal(is_list("file.d.test", &st), 0);
	assert_int_equal(is_list("dangling.d.test", &st), 0);
	assert_int_equal(is_list("loop.d.test", &st), -1);
	assert_int_equal(is_list("nosuch.d.test", &st), 0);
}

/* Digests come and go in it: it stays the one that it was. */
static void
when_it_was_made(void **state)
{
	const struct timespec old[2] = { { 1000, 5 }, { 1000, 5 } };
	struct stat st, later;

	(void)state;
	fixture_mkdir(fixture_path("lists/a.d.test"));
	assert_int_equal(is_list("a.d.test", &st), 1);
	fixture_file(fixture_path("lists/a.d.test/digest.mmdf"), "x");
	assert_int_equal(utimensat(AT_FDCWD, fixture_path("lists/a.d.test"),
	    NULL, 0), 0);
	assert_int_equal(is_list("a.d.test", &later), 1);
	assert_int_equal(st.st_size, 0);
	assert_true(later.st_mtim.tv_sec == st.st_mtim.tv_sec &&
	    later.st_mtim.tv_nsec <= st.st_mtim.tv_nsec);
	assert_int_equal(later.st_ino, st.st_ino);
	/* A copy is as old as its original. */
	assert_int_equal(utimensat(AT_FDCWD, fixture_path("lists/a.d.test"),
	    old, 0), 0);
	assert_int_equal(is_list("a.d.test", &later), 1);
	assert_int_equal(later.st_mtim.tv_sec, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understands),
		cmocka_unit_test(ids),
		cmocka_unit_test(doubt),
		cmocka_unit_test(without_a_domain),
		cmocka_unit_test(actions_that_do_not_exist),
		cmocka_unit_test(another_delimiter),
		cmocka_unit_test(enumerates),
		cmocka_unit_test_setup_teardown(directories, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(when_it_was_made,
		    fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("mailman3", tests, NULL, NULL);
}
