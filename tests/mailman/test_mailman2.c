#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "mailman/address.h"
#include "mailman/list_info.h"
#include "mailman/mailman.h"
#include "tests/fixture.h"
#include "tests/sample.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define RULES(delimiters_, site_list_)                                        \
	.mailman = &mailman2, .delimiters = delimiters_,                       \
	.site_list = { "" site_list_, sizeof(site_list_) - 1 }
#define DEFAULTS RULES("+", "mailman")

static const struct address_rules verp = { DEFAULTS,
	.actions = ACTION_ALL };
static const struct address_rules any = { DEFAULTS,
	.actions = ACTION_ALL, .plus_any = true };

/*
 * Addresses.
 */

static const char *const names[] = { "foo", "foo-admin", "bar", "dev-announce",
	"x", "x-request", "owner", "owner-x", "request", "post-owner",
	"mailman", "a+b", "v-bounces", "v", "...", "-dash", "p-post",
	"foo-bounces+odd", NULL };

struct row {
	struct str local;
	const char *list; /* NULL: absent */
	enum action action;
	const char *detail;
};
#define ROW(local, ...) { { "" local, sizeof(local) - 1 }, __VA_ARGS__ }
#define ABSENT(local) ROW(local, NULL, 0, NULL)

static void
check_rows(const struct address_rules *rules, const struct row *rows, size_t n)
{
	struct sample s;

	sample_lists(&s, names);
	for (size_t i = 0; i < n; i++) {
		const struct row *r = &rows[i];
		struct reading m = { 0 };
		enum lists_found f = reading_find(rules, &s.lists,
		    LISTS_FROM_SNAPSHOT, r->local, &m);

		if (f != (r->list ? LISTS_FOUND : LISTS_ABSENT))
			fail_msg("%.*s: %d", (int)r->local.n, r->local.p, f);
		if (!r->list)
			continue;
		if (!str_is(m.list, r->list) || m.action != r->action ||
		    !str_is(m.detail, r->detail ? r->detail : ""))
			fail_msg("%.*s: %s of %.*s, detail %.*s",
			    (int)r->local.n, r->local.p,
			    action_name(m.action), (int)m.list.n, m.list.p,
			    (int)m.detail.n, m.detail.p);
	}
}

static const struct row in_order[] = {
	/* Rule 1. */
	ROW("foo", "foo", ACTION_POST, NULL),
	ROW("...", "...", ACTION_POST, NULL),
	ROW("-dash", "-dash", ACTION_POST, NULL),
	ROW("a+b", "a+b", ACTION_POST, NULL),
	ABSENT("fo"),
	ABSENT("foo-"),
	ABSENT(""),
	/* Rule 1 before rule 2. */
	ROW("foo-admin", "foo-admin", ACTION_POST, NULL),
	ROW("x-request", "x-request", ACTION_POST, NULL),
	ROW("foo-admin-admin", "foo-admin", ACTION_ADMIN, NULL),
	/* Rule 2. */
	ROW("bar-admin", "bar", ACTION_ADMIN, NULL),
	ROW("bar-bounces", "bar", ACTION_BOUNCES, NULL),
	ROW("bar-confirm", "bar", ACTION_CONFIRM, NULL),
	ROW("bar-join", "bar", ACTION_JOIN, NULL),
	ROW("bar-leave", "bar", ACTION_LEAVE, NULL),
	ROW("bar-owner", "bar", ACTION_OWNER, NULL),
	ROW("bar-request", "bar", ACTION_REQUEST, NULL),
	ROW("bar-subscribe", "bar", ACTION_SUBSCRIBE, NULL),
	ROW("bar-unsubscribe", "bar", ACTION_UNSUBSCRIBE, NULL),
	ROW("dev-announce-owner", "dev-announce", ACTION_OWNER, NULL),
	ROW("-dash-join", "-dash", ACTION_JOIN, NULL),
	ROW("a+b-owner", "a+b", ACTION_OWNER, NULL),
	ABSENT("bar-post"),
	ABSENT("bar-loop"),
	ABSENT("bar-mailcmd"),
	ABSENT("bar-adminx"),
	ABSENT("bar.admin"),
	ABSENT("bar-request-"),
	ABSENT("-owner"),
	ABSENT("dev"),
	ABSENT("dev-owner"),
	/* Rule 2 before rule 3. */
	ROW("owner-request", "owner", ACTION_REQUEST, NULL),
	ROW("owner-owner", "owner", ACTION_OWNER, NULL),
	/* Rule 1 before rule 3. */
	ROW("owner-x", "owner-x", ACTION_POST, NULL),
	/* Rule 3. */
	ROW("owner-foo", "foo", ACTION_OWNER, NULL),
	ROW("owner-dev-announce", "dev-announce", ACTION_OWNER, NULL),
	ROW("owner-mailman", "mailman", ACTION_OWNER, NULL),
	ROW("owner-foo-admin", "foo-admin", ACTION_OWNER, NULL),
	ROW("owner-post-owner", "post-owner", ACTION_OWNER, NULL),
	ABSENT("owner-"),
	ABSENT("owner-nosuch"),
	ABSENT("owner-owner-foo"),
	ABSENT("bounces-foo"),
	ABSENT("request-foo"),
	/* Mailman's own loop; a list cannot be asked for it. */
	ROW("mailman", "mailman", ACTION_POST, NULL),
	ROW("mailman-owner", "mailman", ACTION_OWNER, NULL),
	ROW("mailman-loop", "mailman", ACTION_LOOP, NULL),
	ABSENT("mailman-loop+x"),
	ABSENT("owner-mailman-loop"),
	ABSENT("mailman-loop-owner"),
};

static void
first_reading_counts(void **state)
{
	(void)state;
	check_rows(&verp, in_order, COUNT(in_order));
}

static void
details_of_verp(void **state)
{
	static const struct row rows[] = {
		ROW("foo-bounces+user=example.com", "foo", ACTION_BOUNCES,
		    "user=example.com"),
		ROW("foo-bounces+", "foo", ACTION_BOUNCES, ""),
		ROW("foo-bounces++", "foo", ACTION_BOUNCES, "+"),
		ROW("foo-bounces+user+tag=example.com", "foo", ACTION_BOUNCES,
		    "user+tag=example.com"),
		ROW("foo-bounces+a-b-request=c.d", "foo", ACTION_BOUNCES,
		    "a-b-request=c.d"),
		ROW("foo-bounces+a b\377\n", "foo", ACTION_BOUNCES,
		    "a b\377\n"),
		ROW("foo-confirm+0123456789abcdef", "foo", ACTION_CONFIRM,
		    "0123456789abcdef"),
		ROW("dev-announce-bounces+x", "dev-announce", ACTION_BOUNCES,
		    "x"),
		/* A whole list name counts before a detail. */
		ROW("foo-bounces+odd", "foo-bounces+odd", ACTION_POST, NULL),
		ROW("foo-bounces+odd-owner", "foo-bounces+odd", ACTION_OWNER,
		    NULL),
		ROW("foo-bounces+odder", "foo", ACTION_BOUNCES, "odder"),
		/* The name itself holds a plus. */
		ROW("a+b-bounces+c+d", "a+b", ACTION_BOUNCES, "c+d"),
		/* List v-bounces does not hide them. */
		ROW("v-bounces+x", "v", ACTION_BOUNCES, "x"),
		ROW("v-confirm+x", "v", ACTION_CONFIRM, "x"),
		ROW("v-bounces-bounces+x", "v-bounces", ACTION_BOUNCES, "x"),
		ABSENT("foo+x"),
		ABSENT("foo-owner+x"),
		ABSENT("foo-request+x"),
		ABSENT("owner-foo+x"),
		ABSENT("foo-admin+x"),
		ABSENT("+foo"),
		ABSENT("+"),
		ABSENT("a+c"),
		ABSENT("nosuch-bounces+x"),
		ABSENT("bounces+x"),
	};

	(void)state;
	check_rows(&verp, rows, COUNT(rows));
}

static void
details_of_every_action(void **state)
{
	static const struct row rows[] = {
		ROW("foo+x", "foo", ACTION_POST, "x"),
		ROW("foo-owner+x+y", "foo", ACTION_OWNER, "x+y"),
		ROW("owner-foo+x", "foo", ACTION_OWNER, "x"),
		ROW("foo-admin+x", "foo-admin", ACTION_POST, "x"),
		ROW("v-bounces+x", "v-bounces", ACTION_POST, "x"),
		ROW("a+b", "a+b", ACTION_POST, NULL),
		ROW("a+b+c", "a+b", ACTION_POST, "c"),
		ROW("mailman-loop+x", "mailman", ACTION_LOOP, "x"),
		ROW("foo++", "foo", ACTION_POST, "+"),
		ABSENT("a+c"),
		ABSENT("+foo"),
		ABSENT("nosuch+foo"),
	};

	(void)state;
	check_rows(&any, rows, COUNT(rows));
}

static void
actions_are_limited(void **state)
{
	static const struct address_rules few = { DEFAULTS,
		.actions =
		    ACTION_BIT(ACTION_OWNER) | ACTION_BIT(ACTION_CONFIRM) };
	static const struct row rows[] = {
		ABSENT("foo"),
		ABSENT("foo-bounces"),
		ABSENT("foo-bounces+x"),
		ABSENT("mailman-loop"),
		/* Another list's post does not exist, so that is the owner. */
		ROW("owner-x", "x", ACTION_OWNER, NULL),
		ROW("foo-owner", "foo", ACTION_OWNER, NULL),
		ROW("owner-foo", "foo", ACTION_OWNER, NULL),
		ROW("foo-confirm+x", "foo", ACTION_CONFIRM, "x"),
	};

	(void)state;
	check_rows(&few, rows, COUNT(rows));
}

static enum lists_found
answers_here(const void *arg, const struct list *list)
{
	return list->unread || str_is(list->host, arg) ? LISTS_FOUND :
	    LISTS_ABSENT;
}

/* Of lists foo, v and v-bounces. */
static void
details_behind_a_dash(void **state)
{
	static const struct address_rules dash = {
		RULES("-", "mailman"), .actions = ACTION_ALL };
	static const struct row rows[] = {
		ROW("foo-bounces-user=example.com", "foo", ACTION_BOUNCES,
		    "user=example.com"),
		ROW("foo-bounces-a-b+c=example.com", "foo", ACTION_BOUNCES,
		    "a-b+c=example.com"),
		ROW("foo-bounces-", "foo", ACTION_BOUNCES, ""),
		ROW("foo-bounces--", "foo", ACTION_BOUNCES, "-"),
		ROW("foo-bounces-bounces", "foo", ACTION_BOUNCES, "bounces"),
		ROW("foo-bounces-owner", "foo", ACTION_BOUNCES, "owner"),
		ROW("foo-bounces-\1-\377", "foo", ACTION_BOUNCES, "\1-\377"),
		ROW("foo-confirm-0123456789abcdef", "foo", ACTION_CONFIRM,
		    "0123456789abcdef"),
		ROW("dev-announce-bounces-x", "dev-announce", ACTION_BOUNCES,
		    "x"),
		/* The bounces of foo are not those of foo-admin. */
		ROW("foo-admin-bounces-x", "foo-admin", ACTION_BOUNCES, "x"),
		/* What is an address without a detail counts first. */
		ROW("v-bounces-owner", "v-bounces", ACTION_OWNER, NULL),
		ROW("v-bounces-bounces", "v-bounces", ACTION_BOUNCES, NULL),
		ROW("v-bounces", "v-bounces", ACTION_POST, NULL),
		/* List v-bounces hides no bounces of v, nor v its. */
		ROW("v-bounces-user=example.com", "v", ACTION_BOUNCES,
		    "user=example.com"),
		ROW("v-bounces-bounces-u=d.org", "v-bounces", ACTION_BOUNCES,
		    "u=d.org"),
		ROW("v-bounces-confirm-x", "v-bounces", ACTION_CONFIRM, "x"),
		/* Nothing but bounces and confirm takes one. */
		ABSENT("foo-x"),
		ABSENT("foo-owner-x"),
		ABSENT("foo-request-x"),
		ABSENT("owner-foo-x"),
		ABSENT("foo-admin-x"),
		ABSENT("nosuch-bounces-x"),
		ABSENT("-bounces-x"),
		ABSENT("bounces-x"),
		/* The plus is none then. */
		ABSENT("foo-bounces+user=example.com"),
	};

	(void)state;
	check_rows(&dash, rows, COUNT(rows));
}

static void
details_behind_both(void **state)
{
	static const char *const orders[] = { "+-", "-+" };
	static const struct row rows[] = {
		ROW("foo-bounces+a-b=c.d", "foo", ACTION_BOUNCES, "a-b=c.d"),
		ROW("foo-bounces-a+b=c.d", "foo", ACTION_BOUNCES, "a+b=c.d"),
		ROW("foo-bounces-a-bounces+b", "foo", ACTION_BOUNCES,
		    "a-bounces+b"),
		ROW("foo-bounces+a-bounces-b", "foo", ACTION_BOUNCES,
		    "a-bounces-b"),
		ROW("v-bounces+x", "v", ACTION_BOUNCES, "x"),
		ROW("v-bounces-x", "v", ACTION_BOUNCES, "x"),
		ABSENT("foo+x"),
		ABSENT("foo-x"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		struct address_rules both = verp;

		both.delimiters = orders[i];
		check_rows(&both, rows, COUNT(rows));
	}
}

/* plus = "any" is about the plus alone: what follows a dash may be the name of
 * another list, which does not exist. */
static void
a_dash_is_no_detail_of_every_action(void **state)
{
	struct address_rules dash = any;
	static const struct row rows[] = {
		ROW("foo-bounces-x", "foo", ACTION_BOUNCES, "x"),
		ROW("foo+x", "foo", ACTION_POST, "x"),
		ROW("foo-owner+x", "foo", ACTION_OWNER, "x"),
		ROW("v-bounces-x", "v", ACTION_BOUNCES, "x"),
		ROW("v-bounces+x", "v-bounces", ACTION_POST, "x"),
		ABSENT("foo-x"),
		ABSENT("foo-owner-x"),
	};

	(void)state;
	dash.delimiters = "-";
	check_rows(&dash, rows, COUNT(rows));
}

static void
other_delimiters(void **state)
{
	struct address_rules odd = verp;
	static const struct row rows[] = {
		ROW("foo-bounces=x", "foo", ACTION_BOUNCES, "x"),
		ROW("foo-bounces.x=y.z", "foo", ACTION_BOUNCES, "x=y.z"),
		ROW("foo-confirm#x", "foo", ACTION_CONFIRM, "x"),
		ABSENT("foo=x"),
		ABSENT("foo-bounces-x"),
	};

	(void)state;
	odd.delimiters = "=.#";
	check_rows(&odd, rows, COUNT(rows));
}

static void
another_site_list(void **state)
{
	static const char *const of_site[] = { "foo-bar", "foo", "mailman",
		NULL };
	static const struct {
		const char *local;
		enum action action; /* ACTIONS: absent */
	} rows[] = {
		{ "foo-bar", ACTION_POST },
		{ "foo-bar-owner", ACTION_OWNER },
		{ "foo-bar-bounces", ACTION_BOUNCES },
		{ "foo-bar-bounces+x", ACTION_BOUNCES },
		{ "foo-bar-request", ACTION_REQUEST },
		{ "foo-bar-loop", ACTION_LOOP },
		/* Its other addresses, and mailman, are at home alone. */
		{ "foo-bar-join", ACTIONS },
		{ "foo-bar-confirm+x", ACTIONS },
		{ "foo-bar-looper", ACTIONS },
		{ "foo-bar.loop", ACTIONS },
		{ "foo-loop", ACTIONS },
		{ "mailman-loop", ACTIONS },
		{ "mailman-owner", ACTIONS },
		{ "mailman", ACTIONS },
	};
	const struct address_rules rules = { RULES("+", "foo-bar"),
		.actions = ACTION_ALL, .answers_here = answers_here,
		.arg = "elsewhere" };
	struct sample s;

	(void)state;
	sample_lists(&s, of_site);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct reading m = { 0 };
		enum lists_found f = reading_find(&rules, &s.lists,
		    LISTS_FROM_DISK, str_from(rows[i].local), &m);

		if (f != (rows[i].action < ACTIONS ? LISTS_FOUND :
		    LISTS_ABSENT) || (f == LISTS_FOUND &&
		    (m.action != rows[i].action || !str_is(m.list, "foo-bar"))))
			fail_msg("%s: %d %d", rows[i].local, f, m.action);
	}
}

static void
no_list_has_such_bytes(void **state)
{
	static const struct row rows[] = {
		ABSENT("."),
		ABSENT(".."),
		ABSENT("..-owner"),
		ABSENT("owner-.."),
		ABSENT("../lists/foo"),
		ABSENT("./foo"),
		ABSENT("foo/"),
		ABSENT("foo\0"),
		ABSENT("foo\0-owner"),
		ABSENT("foo-owner\n"),
		ABSENT("foo-owner||id"),
		ABSENT("f\303\266o"),
		ABSENT("\"foo\""),
		ABSENT("foo@lists"),
		ABSENT("foo-.*"),
		ABSENT("*-owner"),
	};

	(void)state;
	check_rows(&verp, rows, COUNT(rows));
	check_rows(&any, rows, COUNT(rows));
}

/*
 * Hosts.
 */

static const char *const hosted[] = { "foo@one", "foo-admin@two", "bar@two",
	"foo-bounces@two", "mailman@one", NULL };

static enum lists_found
understand_at(const char *host, const struct sample *s,
    enum lists_from from, const char *local, struct reading *m)
{
	const struct address_rules rules = { DEFAULTS,
		.actions = ACTION_ALL,
		.answers_here = answers_here,
		.arg = host };

	*m = (struct reading){ 0 };
	return reading_find(&rules, &s->lists, from, str_from(local),
	    m);
}

static void
lists_answer_at_home(void **state)
{
	static const struct {
		const char *local, *host, *list;
		enum action action;
	} rows[] = {
		{ "foo", "one", "foo", ACTION_POST },
		{ "foo", "two", NULL, 0 },
		{ "owner-foo", "two", NULL, 0 },
		{ "bar-join", "two", "bar", ACTION_JOIN },
		{ "bar-join", "one", NULL, 0 },
		/* The same address is a list at one and an action at the
		 * other. */
		{ "foo-admin", "two", "foo-admin", ACTION_POST },
		{ "foo-admin", "one", "foo", ACTION_ADMIN },
		{ "foo-bounces", "one", "foo", ACTION_BOUNCES },
		{ "foo-bounces", "two", "foo-bounces", ACTION_POST },
		{ "foo-bounces+x", "one", "foo", ACTION_BOUNCES },
		{ "foo-bounces+x", "two", NULL, 0 },
		{ "foo-admin-admin", "two", "foo-admin", ACTION_ADMIN },
		/* The site list is at home as any, and these are everywhere. */
		{ "mailman", "one", "mailman", ACTION_POST },
		{ "mailman", "two", "mailman", ACTION_POST },
		{ "mailman-owner", "two", "mailman", ACTION_OWNER },
		{ "mailman-bounces", "two", "mailman", ACTION_BOUNCES },
		{ "mailman-bounces+x", "two", "mailman", ACTION_BOUNCES },
		{ "mailman-request", "two", "mailman", ACTION_REQUEST },
		{ "mailman-loop", "two", "mailman", ACTION_LOOP },
		{ "mailman-join", "one", "mailman", ACTION_JOIN },
		{ "mailman-join", "two", NULL, 0 },
		{ "mailman-confirm+x", "two", NULL, 0 },
		{ "mailman-admin", "two", NULL, 0 },
		{ "owner-mailman", "two", NULL, 0 },
	};
	struct reading m;
	struct sample s;

	(void)state;
	sample_lists(&s, hosted);
	for (size_t i = 0; i < COUNT(rows); i++)
		for (enum lists_from e = LISTS_FROM_SNAPSHOT;
		     e <= LISTS_FROM_DISK; e++) {
			enum lists_found f = understand_at(rows[i].host, &s, e,
			    rows[i].local, &m);

			/* The disk may have another host for a list that does
			 * not answer here. */
			if (f == LISTS_UNSURE && e == LISTS_FROM_SNAPSHOT)
				continue;
			if (f != (rows[i].list ? LISTS_FOUND : LISTS_ABSENT) ||
			    (rows[i].list && (m.action != rows[i].action ||
			    !str_is(m.list, rows[i].list))))
				fail_msg("%s at %s: %d", rows[i].local,
				    rows[i].host, f);
		}
	/* Without a site list there are no addresses of the site. */
	sample_lists(&s, names + COUNT(names) - 1);
	assert_int_equal(understand_at("two", &s, LISTS_FROM_DISK, "mailman",
	    &m), LISTS_ABSENT);
}

/* Only a list that is absent for its host is asked whether it moved. */
static void
lists_that_moved(void **state)
{
	static const char *const moved[] = { "foo@two", "foo-admin@three",
		NULL };
	struct reading m;
	struct sample s;

	(void)state;
	sample_lists(&s, hosted);
	s.moved = moved;
	assert_int_equal(understand_at("two", &s, LISTS_FROM_SNAPSHOT, "foo",
	                     &m),
	    LISTS_UNSURE);
	assert_int_equal(understand_at("two", &s, LISTS_FROM_DISK, "foo", &m),
	    LISTS_FOUND);
	assert_int_equal(understand_at("two", &s, LISTS_FROM_DISK,
	    "foo-confirm+x", &m), LISTS_FOUND);
	assert_true(str_is(m.detail, "x"));
	/* Its new host is another still. */
	assert_int_equal(understand_at("three", &s, LISTS_FROM_DISK, "foo",
	    &m), LISTS_ABSENT);
	/* At the old one it answers until the next scan. */
	assert_int_equal(understand_at("one", &s, LISTS_FROM_DISK, "foo", &m),
	    LISTS_FOUND);
	/* Its file is too large to be read now: nobody knows. */
	s.unread = "bar";
	assert_int_equal(understand_at("one", &s, LISTS_FROM_DISK, "bar", &m),
	    LISTS_NO_ANSWER);
	assert_int_equal(understand_at("two", &s, LISTS_FROM_DISK, "bar", &m),
	    LISTS_FOUND);
}

/*
 * No answer.
 */

static enum lists_found
understand(const struct sample *s, const char *local, struct reading *m)
{
	*m = (struct reading){ 0 };
	return reading_find(&verp, &s->lists, LISTS_FROM_DISK,
	    str_from(local), m);
}

static void
a_doubtful_name_ends_the_search(void **state)
{
	struct reading m;
	struct sample s;

	(void)state;
	sample_lists(&s, names);
	s.doubtful = "bar-owner";
	/* Not bar's owner, as long as a list bar-owner may be there. */
	assert_int_equal(understand(&s, "bar-owner", &m), LISTS_NO_ANSWER);
	assert_int_equal(understand(&s, "bar-admin", &m), LISTS_FOUND);
	s.doubtful = "owner";
	assert_int_equal(understand(&s, "owner-request", &m),
	    LISTS_NO_ANSWER);
	s.doubtful = "foo";
	assert_int_equal(understand(&s, "foo-bounces+x", &m),
	    LISTS_NO_ANSWER);
	/* A list's post address takes no detail: it cannot be meant. */
	s.doubtful = "foo-bounces";
	assert_int_equal(understand(&s, "foo-bounces+x", &m), LISTS_FOUND);
	/* The detail is not looked at where the whole is found. */
	assert_int_equal(understand(&s, "foo-bounces+odd", &m), LISTS_FOUND);
	/* Whoever comes later does not matter. */
	s.doubtful = "foo";
	assert_int_equal(understand(&s, "foo-admin", &m), LISTS_FOUND);
	assert_int_equal(m.action, ACTION_POST);
	assert_int_equal(understand(&s, "foo-owner", &m), LISTS_NO_ANSWER);
	assert_int_equal(understand(&s, "nosuch", &m), LISTS_ABSENT);
}

/* Away for every name but those it knows, as a cache without its directory. */
static enum lists_found
find_or_away(const struct lists *l, struct str name, enum lists_from from,
    struct list *out)
{
	struct sample known;
	enum lists_found f;

	(void)l;
	sample_lists(&known, names);
	f = known.lists.find(&known.lists, name, from, out);
	return f == LISTS_FOUND ? f : LISTS_AWAY;
}

static void
away_does_not_end_the_search(void **state)
{
	static const struct lists away = { .find = find_or_away };
	struct reading m;

	(void)state;
	assert_int_equal(reading_find(&verp, &away, LISTS_FROM_DISK,
	    STR("bar-owner"), &m), LISTS_FOUND);
	assert_true(str_is(m.list, "bar"));
	assert_int_equal(reading_find(&verp, &away, LISTS_FROM_DISK,
	    STR("bar-bounces+x"), &m), LISTS_FOUND);
	assert_true(str_is(m.detail, "x"));
	assert_int_equal(reading_find(&verp, &away, LISTS_FROM_DISK,
	    STR("nosuch"), &m), LISTS_AWAY);
	assert_int_equal(reading_find(&verp, &away, LISTS_FROM_DISK,
	    STR("nosuch-bounces+x"), &m), LISTS_AWAY);
	/* What can be no list is absent all the same. */
	assert_int_equal(reading_find(&verp, &away, LISTS_FROM_DISK,
	    STR("a/b"), &m), LISTS_ABSENT);
}

/*
 * Enumeration.
 */

struct walk {
	const struct address_rules *rules;
	const char *list;
	char seen[32][64];
	size_t n;
};

static int
visit_local(void *arg, struct str local, enum action a)
{
	struct walk *w = arg;
	const char *one[] = { w->list, NULL };
	struct reading m;
	struct sample s;

	for (size_t i = 0; i < w->n; i++)
		assert_false(str_is(local, w->seen[i]));
	assert_true(w->n < COUNT(w->seen));
	snprintf(w->seen[w->n++], sizeof(w->seen[0]), "%.*s", (int)local.n,
	    local.p);
	sample_lists(&s, one);
	assert_int_equal(reading_find(w->rules, &s.lists, LISTS_FROM_SNAPSHOT,
	    local, &m), LISTS_FOUND);
	assert_int_equal(m.action, a);
	assert_true(str_is(m.list, w->list));
	return 0;
}

static size_t
count_locals(const struct address_rules *rules, const char *list)
{
	struct walk w = { .rules = rules, .list = list };

	assert_int_equal(mailman2.each_local(rules, str_from(list), visit_local,
	    &w), 0);
	return w.n;
}

static int
stop(void *arg, struct str local, enum action a)
{
	size_t *left = arg;

	(void)local;
	(void)a;
	return (*left)-- == 0 ? 7 : 0;
}

static void
enumerates_what_it_understands(void **state)
{
	static const struct address_rules few = { DEFAULTS,
		.actions = ACTION_BIT(ACTION_POST) | ACTION_BIT(ACTION_REQUEST),
		.plus_any = true };
	static const struct address_rules other = {
		RULES("+", "other"), .actions = ACTION_ALL };
	char wide[256];

	(void)state;
	/* Ten and owner-NAME. */
	assert_int_equal(count_locals(&verp, "foo"), 11);
	assert_int_equal(count_locals(&any, "foo"), 11);
	assert_int_equal(count_locals(&verp, "..."), 11);
	assert_int_equal(count_locals(&few, "foo"), 2);
	/* The loop's mailbox. */
	assert_int_equal(count_locals(&verp, "mailman"), 12);
	assert_int_equal(count_locals(&other, "other"), 12);
	assert_int_equal(count_locals(&other, "mailman"), 11);
	/* owner-owner is one address. */
	assert_int_equal(count_locals(&verp, "owner"), 10);
	memset(wide, 'w', 255);
	wide[255] = '\0';
	{
		size_t left = 1000;

		assert_int_equal(mailman2.each_local(&verp, str_from(wide),
		    stop, &left), 0);
		assert_int_equal(left, 1000 - 11);
	}
	for (size_t k = 0; k < 11; k++) {
		size_t left = k;

		assert_int_equal(mailman2.each_local(&verp, STR("foo"), stop,
		    &left), 7);
	}
}

/*
 * Directories.
 */

static int
ask(const char *name, struct stat *st)
{
	int dir = open(fixture_path("lists"), O_RDONLY | O_DIRECTORY);
	int rc;

	assert_int_not_equal(dir, -1);
	rc = mailman2.is_list(dir, name, st);
	close(dir);
	return rc;
}

static void
four_files_make_a_list(void **state)
{
	static const char *const files[] = { "config.pck", "config.pck.last",
		"config.db", "config.db.last" };
	struct stat st, must;

	(void)state;
	fixture_mkdir(fixture_path("lists/none"));
	fixture_file(fixture_path("lists/none/config.pck.tmp"), "");
	fixture_file(fixture_path("lists/none/config.pck.corrupt"), "");
	assert_int_equal(ask("none", &st), 0);
	assert_int_equal(ask("nosuch", &st), 0);
	for (size_t i = 0; i < COUNT(files); i++) {
		const char *dir = fixture_path("lists/l%zu", i);

		fixture_mkdir(dir);
		fixture_file(fixture_path("lists/l%zu/%s", i, files[i]), "x");
		assert_int_equal(stat(fixture_path("lists/l%zu/%s", i,
		    files[i]), &must), 0);
		assert_int_equal(ask(strrchr(dir, '/') + 1, &st), 1);
		assert_int_equal(st.st_ino, must.st_ino);
	}
	/* config.pck counts before its predecessor. */
	fixture_file(fixture_path("lists/l1/config.pck"), "new");
	assert_int_equal(ask("l1", &st), 1);
	assert_int_equal(st.st_size, 3);
}

static void
oddities_on_disk(void **state)
{
	struct stat st;

	(void)state;
	/* A file where a list would be. */
	fixture_file(fixture_path("lists/file"), "");
	assert_int_equal(ask("file", &st), 0);
	/* A link to a list, and links to nothing. */
	fixture_list("lists", "real");
	assert_int_equal(symlink("real", fixture_path("lists/link")), 0);
	assert_int_equal(ask("link", &st), 1);
	assert_int_equal(symlink("nowhere", fixture_path("lists/gone")), 0);
	assert_int_equal(ask("gone", &st), 0);
	assert_int_equal(symlink("loop", fixture_path("lists/loop")), 0);
	assert_int_equal(ask("loop", &st), 0);
	fixture_mkdir(fixture_path("lists/dangling"));
	assert_int_equal(symlink("nowhere",
	    fixture_path("lists/dangling/config.pck")), 0);
	/* What it leads to may be on a volume that is away. */
	assert_int_equal(ask("dangling", &st), -1);
	assert_int_equal(errno, ENOLINK);
	fixture_file(fixture_path("lists/dangling/config.db"), "");
	assert_int_equal(ask("dangling", &st), 1);
	/* Mailman asks whether it exists, not what it is. */
	fixture_mkdir(fixture_path("lists/dir"));
	fixture_mkdir(fixture_path("lists/dir/config.pck"));
	assert_int_equal(ask("dir", &st), 1);
	fixture_mkdir(fixture_path("lists/fifo"));
	assert_int_equal(mkfifo(fixture_path("lists/fifo/config.pck"), 0600),
	    0);
	assert_int_equal(ask("fifo", &st), 1);
}

static void
closed_directories_are_no_answer(void **state)
{
	char wide[256];
	struct stat st;

	(void)state;
	fixture_list("lists", "closed");
	assert_int_equal(chmod(fixture_path("lists/closed"), 0), 0);
	assert_int_equal(ask("closed", &st), -1);
	/* What may be searched, though not read, is known. */
	assert_int_equal(chmod(fixture_path("lists/closed"), 0111), 0);
	assert_int_equal(ask("closed", &st), 1);
	/* The file's own mode is Mailman's affair. */
	fixture_list("lists", "secret");
	assert_int_equal(chmod(fixture_path("lists/secret/config.pck"), 0), 0);
	assert_int_equal(ask("secret", &st), 1);
	/* A name as long as any may be. */
	memset(wide, 'w', 255);
	wide[255] = '\0';
	assert_int_equal(ask(wide, &st), 0);
	fixture_list("lists", wide);
	assert_int_equal(ask(wide, &st), 1);
}

static const char *
read_particulars(const char *name, off_t max)
{
	static char text[600];
	int dir = open(fixture_path("lists"), O_RDONLY | O_DIRECTORY);
	struct list_info p;
	int rc;

	assert_int_not_equal(dir, -1);
	rc = mailman2.read(dir, name, max, &p);
	close(dir);
	if (rc == -1)
		return "not now";
	snprintf(text, sizeof(text), "%s %s", p.host, p.url);
	return text;
}

/* FILE of list "l" says that. */
static void
write_config(const char *file, const char *host, const char *url, int shown)
{
	char text[2048];

	snprintf(text, sizeof(text), "}(S'host_name'\nS'%s'\n"
	    "S'web_page_url'\nS'%s'\nS'advertised'\nI0%d\nu.", host, url,
	    shown);
	fixture_file(fixture_path("lists/l/%s", file), text);
}

static void
particulars_of_a_list(void **state)
{
	static const struct {
		const char *host, *url;
		int shown;
		const char *what;
	} rows[] = {
		{ "Lists.Example.NET", "http://x/m/", 1,
		    "lists.example.net http://x/m/listinfo" },
		{ "a.test", "http://x/m", 1, "a.test http://x/m/listinfo" },
		/* Who is not advertised names no page. */
		{ "a.test", "http://x/m/", 0, "a.test " },
		{ "a.test", "", 1, "a.test " },
		{ "", "", 1, " " },
		/* As the domain of an address. */
		{ "A.test.", "", 1, "a.test " },
		{ ".", "", 1, " " },
		{ "a.test..", "", 1, "a.test. " },
	};
	char wide[300], both[700];

	(void)state;
	fixture_mkdir(fixture_path("lists/l"));
	for (size_t i = 0; i < COUNT(rows); i++) {
		write_config("config.pck", rows[i].host, rows[i].url,
		    rows[i].shown);
		assert_string_equal(read_particulars("l", 4096), rows[i].what);
	}
	/* As long as they may be. */
	memset(wide, 'w', 255);
	wide[255] = '\0';
	write_config("config.pck", wide, wide, 1);
	snprintf(both, sizeof(both), "%s %s/listinfo", wide, wide);
	assert_string_equal(read_particulars("l", 4096), both);
}

static void
particulars_of_broken_lists(void **state)
{
	(void)state;
	assert_string_equal(read_particulars("nosuch", 4096), "not now");
	fixture_mkdir(fixture_path("lists/l"));
	assert_string_equal(read_particulars("l", 4096), "not now");
	fixture_file(fixture_path("lists/l/config.db"), "{");
	assert_string_equal(read_particulars("l", 4096), " ");
	/* The one before counts as it does for Mailman. */
	write_config("config.pck.last", "old.test", "", 1);
	assert_string_equal(read_particulars("l", 4096), "old.test ");
	fixture_file(fixture_path("lists/l/config.pck"), "");
	assert_string_equal(read_particulars("l", 4096), "old.test ");
	fixture_file(fixture_path("lists/l/config.pck"), "}(S'host_name'\n");
	assert_string_equal(read_particulars("l", 4096), "old.test ");
	write_config("config.pck", "new.test", "", 1);
	assert_string_equal(read_particulars("l", 4096), "new.test ");
	/* Without a host it is whole, and has none. */
	fixture_file(fixture_path("lists/l/config.pck"), "}.");
	assert_string_equal(read_particulars("l", 4096), " ");
	/* What may not be read is not broken: the one before is no answer. */
	assert_int_equal(chmod(fixture_path("lists/l/config.pck"), 0), 0);
	assert_string_equal(read_particulars("l", 4096), "not now");
}

static void
particulars_that_take_too_long(void **state)
{
	(void)state;
	fixture_mkdir(fixture_path("lists/l"));
	write_config("config.pck", "a.test", "", 1);
	assert_string_equal(read_particulars("l", 10), "not now");
	fixture_file(fixture_path("lists/l/config.pck"), "broken");
	write_config("config.pck.last", "a.test", "", 1);
	assert_string_equal(read_particulars("l", 10), "not now");
	assert_string_equal(read_particulars("l", 4096), "a.test ");
}

/*
 * Every address that Mailman's own code accepts, and what it means there.
 */

struct verdict {
	char *local, *host, *command, *list;
	bool ambiguous;
};

static struct verdict verdict[1024];
static size_t verdicts;

static void
read_verdicts(FILE *f)
{
	char line[1024];

	while (fgets(line, sizeof(line), f)) {
		struct verdict *v = &verdict[verdicts];
		char *rest;

		line[strcspn(line, "\n")] = '\0';
		if (*line == '#')
			continue;
		assert_true(++verdicts < COUNT(verdict));
		rest = v->local = strdup(line);
		v->host = strchr(strsep(&rest, "\t"), '@') + 1;
		v->host[-1] = '\0';
		v->command = strsep(&rest, "\t");
		v->list = strsep(&rest, "\t");
		v->ambiguous = rest && !strcmp(rest, "AMBIGUOUS");
		assert_non_null(v->list);
	}
}

/* The lists of one host, as its posting addresses name them. */
static void
lists_at(const char *host, const char *known[COUNT(verdict)])
{
	size_t n = 0;

	for (size_t i = 0; i < verdicts; i++)
		if (!strcmp(verdict[i].host, host) &&
		    !strcmp(verdict[i].command, "post"))
			known[n++] = verdict[i].list;
	known[n] = NULL;
}

static void
check_verdict(const struct verdict *v)
{
	static const char *known[COUNT(verdict)];
	struct reading m = { 0 };
	struct address a;
	struct sample s;

	lists_at(v->host, known);
	sample_lists(&s, known);
	address_parse_local(str_from(v->local), &a);
	if (reading_find(&verp, &s.lists, LISTS_FROM_SNAPSHOT, a.local, &m) !=
	    LISTS_FOUND)
		fail_msg("absent: %s@%s", v->local, v->host);
	/* Mailman writes both aliases and does not say which one wins. */
	if (v->ambiguous)
		assert_int_equal(m.action, ACTION_POST);
	else if (!str_is(m.list, v->list) ||
	    strcmp(action_name(m.action), v->command))
		fail_msg("%s@%s: %s of %.*s", v->local, v->host,
		    action_name(m.action), (int)m.list.n, m.list.p);
}

static void
agrees_with_mailman(void **state)
{
	FILE *f = fopen(
	    fixture_table("mailman-2.1/lists-small.expected.tsv"), "r");

	(void)state;
	assert_non_null(f);
	read_verdicts(f);
	fclose(f);
	assert_true(verdicts > 500);
	for (size_t i = 0; i < verdicts; i++)
		check_verdict(&verdict[i]);
	for (size_t i = 0; i < verdicts; i++)
		free(verdict[i].local);
}

#define DISK(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_reading_counts),
		cmocka_unit_test(details_of_verp),
		cmocka_unit_test(details_of_every_action),
		cmocka_unit_test(details_behind_a_dash),
		cmocka_unit_test(details_behind_both),
		cmocka_unit_test(a_dash_is_no_detail_of_every_action),
		cmocka_unit_test(other_delimiters),
		cmocka_unit_test(another_site_list),
		cmocka_unit_test(actions_are_limited),
		cmocka_unit_test(no_list_has_such_bytes),
		cmocka_unit_test(lists_answer_at_home),
		cmocka_unit_test(lists_that_moved),
		cmocka_unit_test(a_doubtful_name_ends_the_search),
		cmocka_unit_test(away_does_not_end_the_search),
		cmocka_unit_test(enumerates_what_it_understands),
		DISK(four_files_make_a_list),
		DISK(oddities_on_disk),
		DISK(closed_directories_are_no_answer),
		DISK(particulars_of_a_list),
		DISK(particulars_of_broken_lists),
		DISK(particulars_that_take_too_long),
		cmocka_unit_test(agrees_with_mailman),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
