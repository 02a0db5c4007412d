#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "mailman/resolve.h"
#include "mailman/sites.h"
#include "tests/sample.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Three sites: new and old share a dedicated and a shared domain, other has
 * both kinds alone.
 */
static const char text[] =
    "site \"new\" { lists_dir = \"/new\" hosts = any\n"
    "  domain \"lists.test\" { dedicated = true\n"
    "    redirect = { \"postmaster=root@mail.test\", \"foo=a@mail.test\" } }\n"
    "  domain \"mixed.test\" {}\n"
    "  domain \"alias.test\" { alias = \"lists.test\" } }\n"
    "site \"old\" { lists_dir = \"/old\" hosts = any\n"
    "  plus = \"any\"\n"
    "  domain \"lists.test\" { dedicated = true\n"
    "    redirect = { \"abuse=abuse@mail.test\", \"foo=b@mail.test\" } }\n"
    "  domain \"mixed.test\" {} }\n"
    "site \"other\" { lists_dir = \"/other\" hosts = any\n"
    "  actions = { \"post\", \"owner\" }\n"
    "  domain \"Own.Test\" { dedicated = true }\n"
    "  domain \"beside.test\" {}\n"
    "  domain \"nick.test\" { alias = \"beside.test\" } }\n";

static const char *const in_new[] = { "foo", "moved", "new", "owner-x", NULL };
static const char *const in_old[] = { "bar", "moved", "x", "new-request",
	"owner", NULL };
static const char *const in_other[] = { "solo", "x", "mailman", NULL };

enum { NEW, OLD, OTHER, SITES };

static struct {
	struct conf *conf;
	struct sample sample[SITES];
	struct sites *sites;
} at;

static int
setup(void **state)
{
	const struct lists *lists[SITES];

	(void)state;
	at.conf = sample_conf(text);
	sample_lists(&at.sample[NEW], in_new);
	sample_lists(&at.sample[OLD], in_old);
	sample_lists(&at.sample[OTHER], in_other);
	for (size_t i = 0; i < SITES; i++)
		lists[i] = &at.sample[i].lists;
	at.sites = sample_sites(at.conf, lists);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	sites_free(at.sites);
	conf_free(at.conf);
	return 0;
}

static struct route route;

static enum resolved
ask(const char *key)
{
	/* What is found points into it. */
	static struct address a;

	assert_int_equal(address_parse(str_from(key), &a), 0);
	return resolve(at.sites, &a, &route);
}

struct row {
	const char *key;
	const char *site; /* NULL: absent */
	const char *list;
	enum action action;
};

static void
check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum resolved r = ask(rows[i].key);

		if (r != (rows[i].site ? RESOLVED_FOUND : RESOLVED_ABSENT))
			fail_msg("%s: %d", rows[i].key, r);
		if (!rows[i].site)
			continue;
		assert_null(route.redirect);
		if (strcmp(route.site->conf->name, rows[i].site) ||
		    !str_is(route.reading.list, rows[i].list) ||
		    route.reading.action != rows[i].action)
			fail_msg("%s: %s of %.*s in %s", rows[i].key,
			    action_name(route.reading.action),
			    (int)route.reading.list.n, route.reading.list.p,
			    route.site->conf->name);
	}
}

static void
sites_in_order(void **state)
{
	static const struct row rows[] = {
		{ "new@lists.test", "new", "new", ACTION_POST },
		{ "bar@lists.test", "old", "bar", ACTION_POST },
		{ "bar-owner@mixed.test", "old", "bar", ACTION_OWNER },
		{ "moved@lists.test", "new", "moved", ACTION_POST },
		{ "moved-bounces+u@mixed.test", "new", "moved",
		    ACTION_BOUNCES },
		/* Any reading of an earlier site beats a later site's list. */
		{ "new-request@mixed.test", "new", "new", ACTION_REQUEST },
		{ "owner-x@mixed.test", "new", "owner-x", ACTION_POST },
		{ "x@lists.test", "old", "x", ACTION_POST },
		/* The manner is each site's own. */
		{ "moved+u@mixed.test", "old", "moved", ACTION_POST },
		{ "new+u@mixed.test", NULL, NULL, 0 },
		{ "solo@own.test", "other", "solo", ACTION_POST },
		{ "x-owner@beside.test", "other", "x", ACTION_OWNER },
		{ "x-request@own.test", NULL, NULL, 0 },
		/* The mailbox exists whatever actions are named. */
		{ "mailman-loop@own.test", "other", "mailman", ACTION_LOOP },
		{ "solo@lists.test", NULL, NULL, 0 },
		{ "bar@own.test", NULL, NULL, 0 },
		{ "nosuch@mixed.test", NULL, NULL, 0 },
		{ "@lists.test", NULL, NULL, 0 },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void
domains_without_case(void **state)
{
	static const struct row rows[] = {
		{ "Bar@LISTS.Test", "old", "bar", ACTION_POST },
		{ "bar@lists.test.", "old", "bar", ACTION_POST },
		{ "solo@own.test", "other", "solo", ACTION_POST },
		{ "bar@lists.test..", NULL, NULL, 0 },
		{ "bar@.lists.test", NULL, NULL, 0 },
		{ "bar@sub.lists.test", NULL, NULL, 0 },
		{ "bar@test", NULL, NULL, 0 },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void
aliases_of_domains(void **state)
{
	static const struct row rows[] = {
		{ "bar@alias.test", "old", "bar", ACTION_POST },
		{ "new@alias.test", "new", "new", ACTION_POST },
		{ "solo@nick.test", "other", "solo", ACTION_POST },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
	assert_int_equal(ask("bar@alias.test"), RESOLVED_FOUND);
	assert_true(str_is(route.domain->name, "lists.test"));
	assert_int_equal(ask("nosuch@alias.test"), RESOLVED_ABSENT);
	assert_true(route.domain->dedicated);
	assert_int_equal(ask("postmaster@alias.test"), RESOLVED_FOUND);
	assert_string_equal(route.redirect, "root@mail.test");
}

static void
foreign_domains_are_absent(void **state)
{
	(void)state;
	for (size_t i = 0; i < SITES; i++)
		at.sample[i].away = true;
	assert_int_equal(ask("bar@elsewhere.test"), RESOLVED_ABSENT);
	assert_null(route.domain);
}

static void
redirects(void **state)
{
	static const struct {
		const char *key, *target;
	} rows[] = {
		{ "postmaster@lists.test", "root@mail.test" },
		{ "PostMaster@lists.test", "root@mail.test" },
		{ "postmaster+x@lists.test", "root@mail.test" },
		{ "postmaster+x+y@alias.test", "root@mail.test" },
		{ "abuse@lists.test", "abuse@mail.test" },
		/* The first of two counts, before a list as well. */
		{ "foo@lists.test", "a@mail.test" },
		{ "foo-owner@lists.test", NULL },
		{ "foo@mixed.test", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(ask(rows[i].key), RESOLVED_FOUND);
		if (rows[i].target)
			assert_string_equal(route.redirect, rows[i].target);
		else
			assert_null(route.redirect);
	}
	assert_int_equal(ask("postmasters@lists.test"), RESOLVED_ABSENT);
	assert_int_equal(ask("postmaster@mixed.test"), RESOLVED_ABSENT);
	/* They are the configuration's: no site need be there. */
	at.sample[NEW].away = at.sample[OLD].away = true;
	assert_int_equal(ask("postmaster@lists.test"), RESOLVED_FOUND);
}

static void
tells_the_domain_always(void **state)
{
	(void)state;
	assert_int_equal(ask("nosuch@lists.test"), RESOLVED_ABSENT);
	assert_true(route.domain->dedicated);
	assert_int_equal(ask("nosuch@mixed.test"), RESOLVED_ABSENT);
	assert_false(route.domain->dedicated);
	at.sample[NEW].away = true;
	assert_int_equal(ask("nosuch@lists.test"), RESOLVED_NO_ANSWER);
	assert_true(str_is(route.domain->name, "lists.test"));
	assert_true(*route.reason);
}

static void
long_local_parts_are_absent(void **state)
{
	char key[ADDRESS_LOCAL_MAX + 64];

	(void)state;
	memset(key, 'x', sizeof(key));
	memcpy(key + ADDRESS_LOCAL_MAX + 1, "@lists.test", 12);
	/* Absent for certain, whoever is away. */
	at.sample[NEW].away = at.sample[OLD].away = true;
	assert_int_equal(ask(key), RESOLVED_ABSENT);
	assert_true(route.domain->dedicated);
}

/* Sites that are away, and what is known of the domain's lists all the same. */
static void
one_site_away(void **state)
{
	(void)state;
	at.sample[NEW].away = true;
	/* Found elsewhere: found. */
	assert_int_equal(ask("bar@lists.test"), RESOLVED_FOUND);
	assert_int_equal(ask("moved@lists.test"), RESOLVED_FOUND);
	assert_string_equal(route.site->conf->name, "old");
	assert_int_equal(ask("nosuch@lists.test"), RESOLVED_NO_ANSWER);
	assert_int_equal(ask("nosuch@mixed.test"), RESOLVED_NO_ANSWER);
	/* The other site's domains do not notice. */
	assert_int_equal(ask("nosuch@own.test"), RESOLVED_ABSENT);
	at.sample[NEW].away = false;
	at.sample[OLD].away = true;
	assert_int_equal(ask("new@lists.test"), RESOLVED_FOUND);
	assert_int_equal(ask("nosuch@lists.test"), RESOLVED_NO_ANSWER);
}

static void
away_but_complete(void **state)
{
	(void)state;
	at.sample[NEW].away = at.sample[NEW].was_complete = true;
	/* On shared domains absent stays absent, on dedicated ones not. */
	assert_int_equal(ask("nosuch@mixed.test"), RESOLVED_ABSENT);
	assert_int_equal(ask("nosuch@lists.test"), RESOLVED_NO_ANSWER);
	assert_int_equal(ask("nosuch@alias.test"), RESOLVED_NO_ANSWER);
	/* Both must have been. */
	at.sample[OLD].away = true;
	assert_int_equal(ask("nosuch@mixed.test"), RESOLVED_NO_ANSWER);
	at.sample[OLD].was_complete = true;
	assert_int_equal(ask("nosuch@mixed.test"), RESOLVED_ABSENT);
}

static void
a_doubtful_name_stops_the_search(void **state)
{
	(void)state;
	at.sample[NEW].doubtful = "bar";
	assert_int_equal(ask("bar@mixed.test"), RESOLVED_NO_ANSWER);
	assert_true(*route.reason);
	assert_int_equal(ask("bar-owner@lists.test"), RESOLVED_NO_ANSWER);
	assert_int_equal(ask("x@mixed.test"), RESOLVED_FOUND);
	/* Whoever comes later cannot make it doubtful. */
	at.sample[NEW].doubtful = NULL;
	at.sample[OLD].doubtful = "moved";
	assert_int_equal(ask("moved@mixed.test"), RESOLVED_FOUND);
	assert_string_equal(route.site->conf->name, "new");
	/* Nor does being complete help that one name. */
	at.sample[OLD].was_complete = true;
	at.sample[OLD].doubtful = "nosuch";
	assert_int_equal(ask("nosuch@mixed.test"), RESOLVED_NO_ANSWER);
}

static void
directories_that_no_address_leads_to(void **state)
{
	static const char *const misnamed[] = { "news_lists.test",
		"bar_lists.test", "news_mixed.test", "a,b", NULL };
	static const char *const doubtful[] = { "news@lists.test",
		"news-owner@lists.test", "owner-news@lists.test",
		"news-bounces+x@lists.test", "news@alias.test",
		"a,b@lists.test", "a,b-owner@mixed.test" };

	(void)state;
	sample_lists(&at.sample[NEW], misnamed);
	for (size_t i = 0; i < COUNT(doubtful); i++) {
		if (ask(doubtful[i]) != RESOLVED_NO_ANSWER)
			fail_msg("%s", doubtful[i]);
		assert_non_null(strstr(route.reason, "no address leads to"));
	}
	/* They are what their name says, too. */
	assert_int_equal(ask("news_lists.test@lists.test"), RESOLVED_FOUND);
	/* Another site has the list. */
	assert_int_equal(ask("bar@lists.test"), RESOLVED_FOUND);
	assert_string_equal(route.site->conf->name, "old");
	/* At a shared domain a user may be called so. */
	assert_int_equal(ask("news@mixed.test"), RESOLVED_ABSENT);
	assert_int_equal(ask("nosuch@lists.test"), RESOLVED_ABSENT);
	/* Where a scan met none nobody looks for one. */
	at.sample[NEW].lists.none_misnamed = true;
	assert_int_equal(ask("news@lists.test"), RESOLVED_ABSENT);
	assert_int_equal(ask("a,b@lists.test"), RESOLVED_NO_ANSWER);
}

static void
misses_are_verified(void **state)
{
	static const char *const fresh[] = { "fresh", "bar", NULL };

	(void)state;
	at.sample[NEW].fresh = fresh;
	assert_int_equal(ask("fresh@lists.test"), RESOLVED_FOUND);
	assert_int_equal(ask("fresh-join@mixed.test"), RESOLVED_FOUND);
	assert_string_equal(route.site->conf->name, "new");
	/* A hit needs no look into directories: the list of old is known. */
	assert_int_equal(ask("bar@lists.test"), RESOLVED_FOUND);
	assert_string_equal(route.site->conf->name, "old");
	/* Unless changes are under way. */
	at.sample[NEW].is_changing = true;
	assert_int_equal(ask("bar@lists.test"), RESOLVED_FOUND);
	assert_string_equal(route.site->conf->name, "new");
}

static void
changing_lets_a_new_list_win(void **state)
{
	static const char *const fresh[] = { "bar-admin", NULL };

	(void)state;
	at.sample[OLD].fresh = fresh;
	assert_int_equal(ask("bar-admin@lists.test"), RESOLVED_FOUND);
	assert_int_equal(route.reading.action, ACTION_ADMIN);
	at.sample[OLD].is_changing = true;
	assert_int_equal(ask("bar-admin@lists.test"), RESOLVED_FOUND);
	assert_int_equal(route.reading.action, ACTION_POST);
	assert_true(str_is(route.reading.list, "bar-admin"));
}

static enum resolved
ask_local(const char *key)
{
	static struct address a;

	address_parse_local(str_from(key), &a);
	return resolve_local(at.sites, &a, &route);
}

static void
local_parts_alone(void **state)
{
	char wide[ADDRESS_LOCAL_MAX + 2];

	(void)state;
	assert_int_equal(ask_local("Bar-Owner"), RESOLVED_FOUND);
	assert_string_equal(route.site->conf->name, "old");
	assert_int_equal(ask_local("solo"), RESOLVED_FOUND);
	assert_string_equal(route.site->conf->name, "other");
	assert_int_equal(ask_local("x"), RESOLVED_FOUND);
	assert_string_equal(route.site->conf->name, "old");
	assert_int_equal(ask_local("postmaster"), RESOLVED_ABSENT);
	assert_int_equal(ask_local("solo@own.test"), RESOLVED_ABSENT);
	memset(wide, 'x', sizeof(wide));
	wide[sizeof(wide) - 1] = '\0';
	assert_int_equal(ask_local(wide), RESOLVED_ABSENT);
	/* No domain, nobody who would rather have absent. */
	at.sample[NEW].away = at.sample[NEW].was_complete = true;
	assert_int_equal(ask_local("nosuch"), RESOLVED_NO_ANSWER);
}

/*
 * Mail that is here already.
 */

static enum resolved
ask_any_host(const char *key)
{
	static struct address a;
	enum resolved found;

	assert_int_equal(address_parse(str_from(key), &a), 0);
	found = resolve_any_host(at.sites, &a, &route);
	assert_null(route.domain);
	assert_null(route.redirect);
	return found;
}

static void
in_the_sites_of_the_domain(void **state)
{
	static const struct row rows[] = {
		{ "Bar-Owner@LISTS.Test.", "old", "bar", ACTION_OWNER },
		{ "bar@alias.test", "old", "bar", ACTION_POST },
		{ "moved@lists.test", "new", "moved", ACTION_POST },
		{ "solo@nick.test", "other", "solo", ACTION_POST },
		/* A redirect is no list. */
		{ "foo@lists.test", "new", "foo", ACTION_POST },
		{ "postmaster@lists.test", NULL, NULL, 0 },
		{ "solo@lists.test", NULL, NULL, 0 },
		{ "bar@own.test", NULL, NULL, 0 },
		/* Where no site has the domain, all of them in order. */
		{ "bar@unknown.test", "old", "bar", ACTION_POST },
		{ "x@unknown.test", "old", "x", ACTION_POST },
		{ "solo-owner@unknown.test", "other", "solo", ACTION_OWNER },
		{ "nosuch@unknown.test", NULL, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum resolved r = ask_any_host(rows[i].key);

		if (r != (rows[i].site ? RESOLVED_FOUND : RESOLVED_ABSENT))
			fail_msg("%s: %d", rows[i].key, r);
		if (rows[i].site &&
		    (!str_is(route.reading.list, rows[i].list) ||
		        strcmp(route.site->conf->name, rows[i].site) ||
		        route.reading.action != rows[i].action))
			fail_msg("%s", rows[i].key);
	}
}

static void
no_answer_for_mail_that_is_here(void **state)
{
	static const char *const fresh[] = { "fresh", NULL };
	char key[ADDRESS_LOCAL_MAX + 64];

	(void)state;
	at.sample[OLD].fresh = fresh;
	assert_int_equal(ask_any_host("fresh@lists.test"), RESOLVED_FOUND);
	assert_int_equal(ask_any_host("fresh@unknown.test"), RESOLVED_FOUND);
	at.sample[OLD].doubtful = "bar";
	assert_int_equal(ask_any_host("bar@mixed.test"), RESOLVED_NO_ANSWER);
	assert_true(*route.reason);
	assert_int_equal(ask_any_host("bar@unknown.test"), RESOLVED_NO_ANSWER);
	assert_int_equal(ask_any_host("bar@own.test"), RESOLVED_ABSENT);
	/* Nobody here would rather have absent. */
	at.sample[NEW].away = at.sample[NEW].was_complete = true;
	assert_int_equal(ask_any_host("nosuch@mixed.test"),
	    RESOLVED_NO_ANSWER);
	assert_int_equal(ask_any_host("nosuch@unknown.test"),
	    RESOLVED_NO_ANSWER);
	assert_int_equal(ask_any_host("nosuch@own.test"), RESOLVED_ABSENT);
	assert_int_equal(ask_any_host("moved@mixed.test"), RESOLVED_FOUND);
	assert_string_equal(route.site->conf->name, "old");
	memset(key, 'x', sizeof(key));
	memcpy(key + ADDRESS_LOCAL_MAX + 1, "@lists.test", 12);
	assert_int_equal(ask_any_host(key), RESOLVED_ABSENT);
}

/*
 * Enumeration.
 */

struct tour {
	char seen[512][64];
	size_t n;
	size_t stop_after;
	bool local;
};

static int
visit(void *arg, struct str address, const struct route *r)
{
	struct tour *t = arg;
	char key[64];
	enum resolved again;

	snprintf(key, sizeof(key), "%.*s", (int)address.n, address.p);
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->seen[i], key))
			fail_msg("twice: %s", key);
	assert_true(t->n < COUNT(t->seen));
	memcpy(t->seen[t->n++], key, sizeof(key));
	again = t->local ? ask_local(key) : ask(key);
	assert_int_equal(again, RESOLVED_FOUND);
	assert_ptr_equal(route.domain, r->domain);
	assert_ptr_equal(route.site, r->site);
	assert_ptr_equal(route.redirect, r->redirect);
	assert_int_equal(route.reading.action, r->reading.action);
	assert_true(str_eq(route.reading.list, r->reading.list));
	return t->n == t->stop_after ? 5 : 0;
}

/* Every address that may be one, asked one by one. */
static size_t
count_by_asking(bool local)
{
	static const char *const domains[] = { "lists.test", "mixed.test",
		"alias.test", "own.test", "beside.test", "nick.test" };
	static const char *const *const of[] = { in_new, in_old, in_other };
	static const char *const more[] = { "postmaster", "abuse",
		"mailman-loop" };
	static char all[512][32];
	size_t n = 0, count = 0;

	for (size_t i = 0; i < COUNT(of); i++)
		for (size_t j = 0; of[i][j]; j++) {
			const char *l = of[i][j];

			snprintf(all[n++], sizeof(all[0]), "%s", l);
			snprintf(all[n++], sizeof(all[0]), "owner-%s", l);
			for (size_t k = 0; action_names[k]; k++)
				snprintf(all[n++], sizeof(all[0]), "%s-%s", l,
				    action_names[k]);
		}
	for (size_t i = 0; i < COUNT(more); i++)
		snprintf(all[n++], sizeof(all[0]), "%s", more[i]);
	assert_true(n < COUNT(all));
	for (size_t i = 0; i < n; i++) {
		bool twice = false;

		for (size_t j = 0; j < i; j++)
			twice |= !strcmp(all[i], all[j]);
		if (twice)
			continue;
		if (local)
			count += ask_local(all[i]) == RESOLVED_FOUND;
		for (size_t d = 0; !local && d < COUNT(domains); d++) {
			char key[64];
			struct buf b;

			buf_over(&b, key, sizeof(key));
			buf_printf(&b, "%s@%s", all[i], domains[d]);
			count += ask(buf_cstr(&b)) == RESOLVED_FOUND;
		}
	}
	return count;
}

static void
enumerates_what_is_found(void **state)
{
	static struct tour t;

	(void)state;
	t = (struct tour){ .n = 0 };
	assert_int_equal(resolve_each(at.sites, visit, &t), 0);
	assert_int_equal(t.n, count_by_asking(false));
	assert_true(t.n > 200);
	t = (struct tour){ .local = true };
	assert_int_equal(resolve_each_local(at.sites, visit, &t), 0);
	assert_int_equal(t.n, count_by_asking(true));
	assert_true(t.n > 50);
}

static void
enumeration_ends(void **state)
{
	static struct tour t;

	(void)state;
	for (size_t i = 1; i < 60; i += 7) {
		t = (struct tour){ .stop_after = i };
		assert_int_equal(resolve_each(at.sites, visit, &t), 5);
		assert_int_equal(t.n, i);
		t = (struct tour){ .stop_after = i, .local = true };
		assert_int_equal(resolve_each_local(at.sites, visit, &t), 5);
		assert_int_equal(t.n, i);
	}
	/* Lists that cannot be read are not no lists. */
	at.sample[OLD].away = true;
	t = (struct tour){ .n = 0 };
	assert_int_equal(resolve_each(at.sites, visit, &t), -1);
	t = (struct tour){ .local = true };
	assert_int_equal(resolve_each_local(at.sites, visit, &t), -1);
}

static void
some_sites_only(void **state)
{
	static char other[] = "other";
	char *word[] = { other, NULL };
	const struct conf_words only = { word, 1 };
	const struct lists *lists[SITES] = { NULL, NULL,
		&at.sample[OTHER].lists };
	struct sites *s = sites_new(at.conf, lists, &only);
	struct sites *all = at.sites;

	(void)state;
	assert_non_null(s);
	assert_int_equal(s->n, 1);
	at.sites = s;
	assert_int_equal(ask("solo@own.test"), RESOLVED_FOUND);
	assert_int_equal(ask("solo@nick.test"), RESOLVED_FOUND);
	assert_int_equal(ask("bar@lists.test"), RESOLVED_ABSENT);
	assert_null(route.domain);
	assert_int_equal(ask("bar@alias.test"), RESOLVED_ABSENT);
	assert_null(sites_domain(s, STR("lists.test")));
	assert_non_null(sites_domain(s, STR("own.test")));
	at.sites = all;
	sites_free(s);
	sites_free(NULL);
}

static void
an_alias_of_another_site(void **state)
{
	static char name[] = "a";
	char *word[] = { name, NULL };
	const struct conf_words only = { word, 1 };
	struct conf *c = sample_conf(
	    "site \"a\" { lists_dir = \"/a\"\n"
	    "  domain \"nick.test\" { alias = \"real.test\" } }\n"
	    "site \"b\" { lists_dir = \"/b\"\n"
	    "  domain \"real.test\" { dedicated = true } }\n");
	const struct lists *lists[] = { &at.sample[NEW].lists,
		&at.sample[OLD].lists };
	struct sites *all = at.sites;

	(void)state;
	at.sites = sample_sites(c, lists);
	/* It means the real domain's lists, not those of its own site. */
	assert_int_equal(ask("bar@nick.test"), RESOLVED_FOUND);
	assert_string_equal(route.site->conf->name, "b");
	assert_int_equal(ask("new@nick.test"), RESOLVED_ABSENT);
	assert_true(route.domain->dedicated);
	sites_free(at.sites);
	/* A map that does not know the real one does not know the alias. */
	at.sites = sites_new(c, lists, &only);
	assert_int_equal(ask("bar@nick.test"), RESOLVED_ABSENT);
	assert_null(route.domain);
	sites_free(at.sites);
	at.sites = all;
	conf_free(c);
}

/*
 * Hosts.
 */

/* Other sites, each with its lists, in the place of the three. */
static void
use(const char *conf, const char *const *const *known)
{
	const struct lists *lists[SITES];

	sites_free(at.sites);
	conf_free(at.conf);
	at.conf = sample_conf(conf);
	assert_true(at.conf->nsites <= SITES);
	for (size_t i = 0; i < at.conf->nsites; i++) {
		sample_lists(&at.sample[i], known[i]);
		at.sample[i].url = "http://lists/";
		lists[i] = &at.sample[i].lists;
	}
	at.sites = sample_sites(at.conf, lists);
}
#define USE(conf, ...) use(conf, (const char *const *const[]){ __VA_ARGS__ })

/* Where the list NAME answers, in order: "a b c". */
static const char *
homes(const char *name)
{
	static char found[512];
	struct buf b;

	buf_over(&b, found, sizeof(found));
	for (size_t i = 0; i < at.sites->ndomains; i++) {
		char key[128];
		struct buf k;

		buf_over(&k, key, sizeof(key));
		buf_printf(&k, "%s@", name);
		buf_str(&k, at.sites->domain[i].name);
		switch (ask(buf_cstr(&k))) {
		case RESOLVED_FOUND:
			if (b.n)
				buf_char(&b, ' ');
			buf_str(&b, at.sites->domain[i].name);
			break;
		case RESOLVED_ABSENT:
			break;
		case RESOLVED_NO_ANSWER:
			buf_add(&b, "?");
		}
	}
	return buf_cstr(&b);
}

#define DEDICATED(name) "domain \"" name "\" { dedicated = true }\n"
#define SHARED(name) "domain \"" name "\" {}\n"
#define ALIAS(name, real) "domain \"" name "\" { alias = \"" real "\" }\n"
#define SITE(name, more) "site \"" name "\" { lists_dir = \"/" name "\"\n" \
	more "}\n"

static const char *const of_all_kinds[] = { "one@d1", "two@d2", "three@s1",
	"four@s2", "far@elsewhere", "unknown", "nick@old", "nick2@older",
	"mailman@d1", NULL };

/* Lists of a site that do not answer at their own host. */
static size_t
elsewhere(size_t site)
{
	const struct site *s = &at.sites->site[site];

	return s->foreign_lists + s->hostless_lists;
}

static void
every_list_at_its_host(void **state)
{
	(void)state;
	USE(SITE("a", DEDICATED("d1") DEDICATED("d2") SHARED("s1")
	    SHARED("s2") ALIAS("old", "d1") ALIAS("older", "s2")),
	    of_all_kinds);
	assert_string_equal(homes("one"), "d1 old");
	assert_string_equal(homes("two"), "d2");
	assert_string_equal(homes("three"), "s1");
	assert_string_equal(homes("four"), "older s2");
	/* Foreign and unknown: at all that are dedicated. */
	assert_string_equal(homes("far"), "d1 d2 old");
	assert_string_equal(homes("unknown"), "d1 d2 old");
	/* Another name of a domain is its host as well. */
	assert_string_equal(homes("nick"), "d1 old");
	assert_string_equal(homes("nick2"), "older s2");
	assert_string_equal(homes("nick2-bounces+x"), "older s2");
	assert_string_equal(homes("mailman"), "d1 d2 old older s1 s2");
	assert_string_equal(homes("mailman-loop"), "d1 d2 old older s1 s2");
	assert_string_equal(homes("mailman-join"), "d1 old");
	assert_int_equal(at.sites->site[0].foreign_lists, 1);
	assert_int_equal(at.sites->site[0].hostless_lists, 1);
	assert_int_equal(at.sites->site[0].nforeign, 1);
	assert_true(str_is(at.sites->site[0].foreign[0].name, "elsewhere"));
	assert_true(at.sites->site[0].dedicates);
}

static void
foreign_hosts_without_a_dedicated_domain(void **state)
{
	(void)state;
	USE(SITE("a", SHARED("d1") SHARED("s1") ALIAS("old", "d1")),
	    of_all_kinds);
	assert_false(at.sites->site[0].dedicates);
	assert_string_equal(homes("one"), "d1 old");
	assert_string_equal(homes("three"), "s1");
	assert_string_equal(homes("far"), "d1 old s1");
	assert_string_equal(homes("unknown"), "d1 old s1");
	/* Hosts that are no domain of the site are foreign. */
	assert_string_equal(homes("two"), "d1 old s1");
}

static void
any_host(void **state)
{
	(void)state;
	USE(SITE("a", "hosts = any\n" DEDICATED("d1") DEDICATED("d2")
	    SHARED("s1") ALIAS("old", "d1")), of_all_kinds);
	assert_true(at.sites->site[0].any_host);
	for (size_t i = 0; of_all_kinds[i]; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%.*s",
		    (int)strcspn(of_all_kinds[i], "@"), of_all_kinds[i]);
		assert_string_equal(homes(name), "d1 d2 old s1");
	}
	assert_string_equal(homes("mailman-join"), "d1 d2 old s1");
}

static void
hosts_are_ignored(void **state)
{
	(void)state;
	USE(SITE("a", DEDICATED("d1") SHARED("s1") ALIAS("old", "d1")),
	    of_all_kinds);
	assert_string_equal(homes("one"), "d1 old");
	assert_string_equal(homes("three"), "s1");
	sites_ignore_hosts(at.sites);
	assert_string_equal(homes("one"), "d1 old s1");
	assert_string_equal(homes("three"), "d1 old s1");
}

/* The caches lower them; the configuration does it for the domains. */
static void
hosts_without_case(void **state)
{
	static const char *const lists[] = { "one@d1.test", NULL };

	(void)state;
	USE(SITE("a", DEDICATED("D1.Test.") SHARED("s1")), lists);
	assert_string_equal(homes("ONE"), "d1.test");
	assert_int_equal(ask("One@D1.TEST."), RESOLVED_FOUND);
	assert_int_equal(ask("one@S1"), RESOLVED_ABSENT);
}

static void
one_local_part_on_two_hosts(void **state)
{
	static const char *const lists[] = { "foo@h1", "foo-admin@h2",
		"x@h2", "x-request@h1", "owner@h1", "join@h2",
		"news@h1", "owner-news@h2", NULL };
	static const struct row rows[] = {
		{ "foo-admin@h1", "a", "foo", ACTION_ADMIN },
		{ "foo-admin@h2", "a", "foo-admin", ACTION_POST },
		{ "foo@h2", NULL, NULL, 0 },
		{ "foo-admin-admin@h2", "a", "foo-admin", ACTION_ADMIN },
		{ "foo-admin-admin@h1", NULL, NULL, 0 },
		{ "x-request@h1", "a", "x-request", ACTION_POST },
		{ "x-request@h2", "a", "x", ACTION_REQUEST },
		{ "owner-join@h1", "a", "owner", ACTION_JOIN },
		{ "owner-join@h2", "a", "join", ACTION_OWNER },
		{ "owner-news@h1", "a", "news", ACTION_OWNER },
		{ "owner-news@h2", "a", "owner-news", ACTION_POST },
		{ "news-owner@h2", NULL, NULL, 0 },
	};

	(void)state;
	USE(SITE("a", DEDICATED("h1") SHARED("h2")), lists);
	check_rows(rows, COUNT(rows));
	/* Aliases know no host: the first reading. */
	assert_int_equal(ask_local("foo-admin"), RESOLVED_FOUND);
	assert_int_equal(route.reading.action, ACTION_POST);
}

static void
several_sites_and_hosts(void **state)
{
	static const char *const in_a[] = { "foo@h1", "both@h1", "lost@h2",
		NULL };
	static const char *const in_b[] = { "foo@h2", "both@h1", "bar@h1",
		"odd@h3", NULL };
	static const struct row rows[] = {
		{ "foo@h1", "a", "foo", ACTION_POST },
		{ "foo@h2", "b", "foo", ACTION_POST },
		{ "both@h1", "a", "both", ACTION_POST },
		{ "both@h2", NULL, NULL, 0 },
		{ "bar@h1", "b", "bar", ACTION_POST },
		/* Another site's domain is foreign. */
		{ "lost@h1", "a", "lost", ACTION_POST },
		{ "lost@h2", NULL, NULL, 0 },
		{ "odd@h1", "b", "odd", ACTION_POST },
		{ "odd@h2", NULL, NULL, 0 },
	};

	(void)state;
	USE(SITE("a", DEDICATED("h1")) SITE("b", DEDICATED("h1")
	    SHARED("h2")), in_a, in_b);
	check_rows(rows, COUNT(rows));
	assert_int_equal(elsewhere(0), 1);
	assert_int_equal(elsewhere(1), 1);
	/* An earlier site's doubt stops the search at its host only. */
	at.sample[0].doubtful = "bar";
	assert_int_equal(ask("bar@h1"), RESOLVED_NO_ANSWER);
	assert_int_equal(ask("foo@h2"), RESOLVED_FOUND);
}

static void
hosts_that_changed(void **state)
{
	static const char *const lists[] = { "foo@h1", "bar@h1", NULL };
	static const char *const moved[] = { "foo@h2", NULL };
	static const char *const fresh[] = { "new@h2", "large@h2", NULL };

	(void)state;
	USE(SITE("a", DEDICATED("h1") DEDICATED("h2")), lists);
	assert_string_equal(homes("foo"), "h1");
	at.sample[0].moved = moved;
	/* Never refused at its new host, not even before the scan. */
	assert_string_equal(homes("foo"), "h1 h2");
	assert_string_equal(homes("foo-owner"), "h1 h2");
	assert_string_equal(homes("bar"), "h1");
	at.sample[0].unread = "bar";
	assert_string_equal(homes("bar"), "h1?");
	assert_true(*route.reason);
	/* What only the directory has, has its host there. */
	at.sample[0].fresh = fresh;
	at.sample[0].unread = "large";
	assert_string_equal(homes("new"), "h2");
	assert_string_equal(homes("large"), "h1 h2");
}

/* A list whose file could not be read, and never was: nobody refuses it, and
 * nobody takes a user's address on a shared domain for it. */
static void
hosts_that_nobody_knows(void **state)
{
	static const char *const lists[] = { "foo", "bar@h1", NULL };

	(void)state;
	USE(SITE("a", DEDICATED("h1") DEDICATED("h2") SHARED("s")), lists);
	assert_string_equal(homes("foo"), "h1 h2");
	at.sample[0].unknown = "foo";
	assert_string_equal(homes("foo"), "h1 h2?");
	assert_true(strstr(route.reason, "host") != NULL);
	assert_string_equal(homes("foo-bounces+x"), "h1 h2?");
	assert_string_equal(homes("bar"), "h1");
	assert_string_equal(homes("nosuch"), "");
	/* Where changes are under way it is no other. */
	at.sample[0].is_changing = true;
	assert_string_equal(homes("foo"), "h1 h2?");
	at.sample[0].is_changing = false;
	/* Its file is read now. */
	at.sample[0].moved = (const char *const[]){ "foo@s", NULL };
	assert_string_equal(homes("foo"), "h1 h2 s");
	/* No dedicated domain, and any host. */
	USE(SITE("a", SHARED("s") SHARED("t")), lists);
	assert_string_equal(homes("foo"), "s t");
	at.sample[0].unknown = "foo";
	assert_string_equal(homes("foo"), "??");
	USE("site \"a\" { lists_dir = \"/nonexistent\" hosts = \"any\" "
	    SHARED("s") DEDICATED("d") "}", lists);
	at.sample[0].unknown = "foo";
	assert_string_equal(homes("foo"), "d s");
}

/* Nobody could look into an entry.  What was a list of another host before does
 * not stand in the way of a user's mail. */
static void
doubtful_entries(void **state)
{
	static const char *const lists[] = { "foo@h1", NULL };

	(void)state;
	USE(SITE("a", DEDICATED("h1") SHARED("s")), lists);
	at.sample[0].doubtful = "foo";
	assert_string_equal(homes("foo"), "?");
	at.sample[0].doubtful = "new";
	assert_string_equal(homes("new"), "??");
}

/*
 * Domains that the lists have.
 */

static bool
discovered(const char *name)
{
	const struct domain *d = sites_domain(at.sites, str_from(name));

	assert_true(!d || d->real);
	return d && d->discovered;
}

static void
discovered_domains(void **state)
{
	static const char *const lists[] = { "a@h1.test", "b@h2.test",
		"c@h1.test", "u", "odd@no domain", "dots@a..b", "end@h1.test.",
		"dot@.test", "mailman@h1.test", NULL };

	(void)state;
	USE(SITE("s", ""), lists);
	assert_int_equal(at.sites->ndomains, 2);
	assert_true(discovered("h1.test") && discovered("h2.test"));
	assert_string_equal(homes("a"), "h1.test");
	assert_string_equal(homes("b-owner"), "h2.test");
	assert_string_equal(homes("u"), "h1.test h2.test");
	assert_string_equal(homes("odd"), "h1.test h2.test");
	assert_string_equal(homes("end"), "h1.test h2.test");
	assert_string_equal(homes("mailman-owner"), "h1.test h2.test");
	assert_int_equal(elsewhere(0), 5);
	/* They are shared, and nobody refuses for them. */
	assert_int_equal(ask("nosuch@h1.test"), RESOLVED_ABSENT);
	assert_false(route.domain->dedicated);
	assert_int_equal(ask("a@elsewhere.test"), RESOLVED_ABSENT);
	assert_null(route.domain);
	/* Redirects and aliases they have none. */
	assert_int_equal(ask("postmaster@h1.test"), RESOLVED_ABSENT);
}

static void
discovered_beside_configured(void **state)
{
	static const char *const in_a[] = { "a@d1", "f@found", "n@nick",
		"s@other", NULL };
	static const char *const in_b[] = { "b@other", "g@found", "h@hid",
		NULL };

	(void)state;
	/* Only where it is wanted: b has the domain other alone. */
	USE(SITE("a", "discover = true\n" DEDICATED("d1")
	    ALIAS("nick", "d1")) SITE("b", DEDICATED("other")), in_a, in_b);
	assert_true(discovered("found"));
	assert_false(discovered("d1") || discovered("nick") ||
	    discovered("other"));
	assert_null(sites_domain(at.sites, STR("hid")));
	assert_string_equal(homes("a"), "d1 nick");
	assert_string_equal(homes("n"), "d1 nick");
	assert_string_equal(homes("f"), "found");
	/* A list's host opens no domain of another site to it. */
	assert_string_equal(homes("s"), "d1 nick");
	assert_string_equal(homes("b"), "other");
	assert_string_equal(homes("g"), "other");
	assert_string_equal(homes("h"), "other");
}

static void
discovered_by_two_sites(void **state)
{
	static const char *const in_a[] = { "a@h1", "x@h1", NULL };
	static const char *const in_b[] = { "b@h1", "x@h1", "y@h2", NULL };
	const struct domain *d;

	(void)state;
	USE(SITE("a", "") SITE("b", ""), in_a, in_b);
	d = sites_domain(at.sites, STR("h1"));
	assert_int_equal(d->nsites, 2);
	assert_int_equal(sites_domain(at.sites, STR("h2"))->nsites, 1);
	assert_int_equal(ask("x@h1"), RESOLVED_FOUND);
	assert_string_equal(route.site->conf->name, "a");
	assert_int_equal(ask("b@h1"), RESOLVED_FOUND);
	assert_string_equal(route.site->conf->name, "b");
	assert_int_equal(ask("y@h1"), RESOLVED_ABSENT);
}

/* The index outlives the snapshot that its names came from. */
static void
names_are_kept(void **state)
{
	static char entry[] = "a@found.test";
	static const char *const lists[] = { entry, NULL };

	(void)state;
	USE(SITE("s", ""), lists);
	memcpy(entry, "a@gone", 7);
	assert_non_null(sites_domain(at.sites, STR("found.test")));
	memcpy(entry, "a@found.test", 13);
}

static void
overviews_of_lists(void **state)
{
	static const char *const lists[] = { "a@h1", "b@nick", NULL };

	(void)state;
	/* As the configuration has it, or else as the lists do. */
	USE(SITE("a", "url = \"http://conf/\"\n" DEDICATED("h1")), lists);
	assert_true(str_is(sites_domain(at.sites, STR("h1"))->url,
	    "http://conf/"));
	USE(SITE("a", DEDICATED("h1") SHARED("h2")), lists);
	assert_true(str_is(sites_domain(at.sites, STR("h1"))->url,
	    "http://lists/"));
	assert_int_equal(sites_domain(at.sites, STR("h2"))->url.n, 0);
	/* A host that is another name of a domain speaks for that. */
	USE(SITE("a", DEDICATED("real") ALIAS("nick", "real")), lists);
	assert_true(str_is(sites_domain(at.sites, STR("real"))->url,
	    "http://lists/"));
}

/* Every list at its hosts, and nothing else. */
static void
enumerates_hosts(void **state)
{
	static const char *const lists[] = { "foo@h1", "foo-admin@h2", "u",
		"mailman@h2", NULL };
	static struct tour t;

	(void)state;
	USE(SITE("a", DEDICATED("h1") SHARED("h2") ALIAS("nick", "h1")),
	    lists);
	t = (struct tour){ .n = 0 };
	assert_int_equal(resolve_each(at.sites, visit, &t), 0);
	/* h1, nick: foo 11, u 11, 5 of the site; h2: 11 and 12. */
	assert_int_equal(t.n, 2 * (11 + 11 + 5) + 11 + 12);
	USE(SITE("a", ""), lists);
	t = (struct tour){ .n = 0 };
	assert_int_equal(resolve_each(at.sites, visit, &t), 0);
	assert_int_equal(t.n, 11 + 11 + 5 + 11 + 11 + 12);
}

/* "An existing list is never refused for its host", once the mail is here. */
static void
whatever_host_the_list_has(void **state)
{
	static const char *const lists[] = { "foo@h1", "far@elsewhere",
		"odd", NULL };
	static const char *const more[] = { "bar@h2", NULL };
	static const struct {
		const char *key;
		const char *site; /* NULL: absent */
	} rows[] = {
		{ "foo@h1", "a" }, { "foo@s1", "a" }, { "foo@nick", "a" },
		{ "far@s1", "a" }, { "odd@s1", "a" }, { "foo@h2", NULL },
		{ "bar@h2", "b" }, { "bar@h1", NULL },
		{ "foo@unknown", "a" }, { "bar@unknown", "b" },
	};

	(void)state;
	USE(SITE("a", DEDICATED("h1") SHARED("s1") ALIAS("nick", "s1"))
	    SITE("b", DEDICATED("h2")), lists, more);
	assert_int_equal(ask("foo@s1"), RESOLVED_ABSENT);
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum resolved r = ask_any_host(rows[i].key);

		if (r != (rows[i].site ? RESOLVED_FOUND : RESOLVED_ABSENT) ||
		    (rows[i].site &&
		    strcmp(route.site->conf->name, rows[i].site)))
			fail_msg("%s: %d", rows[i].key, r);
	}
	/* A site without domains has every other one. */
	USE(SITE("a", ""), lists);
	assert_int_equal(ask("foo@elsewhere"), RESOLVED_ABSENT);
	assert_int_equal(ask_any_host("foo@elsewhere"), RESOLVED_FOUND);
	assert_int_equal(ask_any_host("odd@unknown"), RESOLVED_FOUND);
	assert_int_equal(ask_any_host("nosuch@h1"), RESOLVED_ABSENT);
}

/*
 * Mailman 3, before Mailman 2.1 on one domain.
 */

static const char three_text[] =
    "site \"three\" { lists_dir = \"/three\" mailman = 3\n"
    "  domain \"lists.d.test\" { dedicated = true }\n"
    "  domain \"d.test\" {}\n"
    "  domain \"old.test\" { alias = \"d.test\" }\n"
    "  domain \"nick.test\" {} }\n"
    "site \"two\" { lists_dir = \"/two\" hosts = any\n"
    "  domain \"lists.d.test\" { dedicated = true } }\n";
static const char *const in_three[] = { "foo.lists.d.test",
	"dev.lists.d.test@lists.d.test", "split.lists.d.test", "was.old.test",
	"real.hidden.test@hidden.test", "far.e.test@e.test", NULL };
static const char *const in_two[] = { "foo", "bar", "baz", NULL };

static void
use_three(void)
{
	const struct lists *lists[] = { &at.sample[0].lists,
		&at.sample[1].lists };

	teardown(NULL);
	at.conf = sample_conf(three_text);
	sample_lists(&at.sample[0], in_three);
	sample_lists(&at.sample[1], in_two);
	at.sample[0].alias = "nick.test";
	at.sample[0].alias_of = "hidden.test";
	at.sites = sample_sites(at.conf, lists);
}

static void
mailman_3(void **state)
{
	static const struct row rows[] = {
		/* The site that stands first, for each list. */
		{ "foo@lists.d.test", "three", "foo", ACTION_POST },
		{ "foo-join+x@lists.d.test", "three", "foo", ACTION_JOIN },
		{ "bar@lists.d.test", "two", "bar", ACTION_POST },
		{ "bar-admin@lists.d.test", "two", "bar", ACTION_ADMIN },
		/* Mailman 3 has no such address, 2.1 has. */
		{ "foo-admin@lists.d.test", "two", "foo", ACTION_ADMIN },
		/* Where the host is known, at that alone. */
		{ "dev@lists.d.test", "three", "dev", ACTION_POST },
		{ "dev.lists@d.test", NULL, NULL, 0 },
		{ "split@lists.d.test", "three", "split", ACTION_POST },
		{ "split.lists@d.test", "three", "split.lists", ACTION_POST },
		/* Aliases of the configuration, both ways. */
		{ "was@d.test", "three", "was", ACTION_POST },
		{ "was-owner@old.test", "three", "was", ACTION_OWNER },
		{ "split.lists@old.test", "three", "split.lists",
		    ACTION_POST },
		/* And Mailman's own, of a domain that is named all the same. */
		{ "real@nick.test", "three", "real", ACTION_POST },
		{ "real@hidden.test", "three", "real", ACTION_POST },
		{ "real@d.test", NULL, NULL, 0 },
		/* A domain that only the register has. */
		{ "far-request@e.test", "three", "far", ACTION_REQUEST },
		{ "nosuch@e.test", NULL, NULL, 0 },
		{ "far@x.test", NULL, NULL, 0 },
	};

	(void)state;
	use_three();
	check_rows(rows, COUNT(rows));
	assert_int_equal(ask("far@e.test"), RESOLVED_FOUND);
	assert_true(route.domain->discovered);
	assert_int_equal(ask("real@nick.test"), RESOLVED_FOUND);
	assert_true(str_is(route.domain->name, "nick.test"));
	assert_int_equal(elsewhere(0), 0);
}

/* Its doubt about that very name holds the later site back. */
static void
a_list_that_moves(void **state)
{
	(void)state;
	use_three();
	at.sample[0].doubtful = "bar.lists.d.test";
	at.sample[0].is_changing = true;
	assert_int_equal(ask("bar@lists.d.test"), RESOLVED_NO_ANSWER);
	assert_int_equal(ask("bar-owner@lists.d.test"), RESOLVED_NO_ANSWER);
	assert_int_equal(ask("baz@lists.d.test"), RESOLVED_FOUND);
	assert_string_equal(route.site->conf->name, "two");
	/* Mailman 3 has no such address. */
	assert_int_equal(ask("bar-admin@lists.d.test"), RESOLVED_FOUND);
}

static int
count_address(void *arg, struct str address, const struct route *r)
{
	(void)r;
	assert_true(address.n > 0);
	++*(int *)arg;
	return 0;
}

static void
enumerates_mailman_3(void **state)
{
	int n = 0;

	(void)state;
	use_three();
	at.sample[1].known = (const char *const[]){ NULL };
	assert_int_equal(resolve_each(at.sites, count_address, &n), 0);
	/* dev; foo and split, each at both splits and the second's alias; was
	 * at both names; real at both; far. */
	assert_int_equal(n, 9 * (1 + 2 * 3 + 2 + 2 + 1));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sites_in_order),
		TEST(mailman_3),
		TEST(a_list_that_moves),
		TEST(enumerates_mailman_3),
		TEST(domains_without_case),
		TEST(aliases_of_domains),
		TEST(foreign_domains_are_absent),
		TEST(redirects),
		TEST(tells_the_domain_always),
		TEST(long_local_parts_are_absent),
		TEST(one_site_away),
		TEST(away_but_complete),
		TEST(a_doubtful_name_stops_the_search),
		TEST(directories_that_no_address_leads_to),
		TEST(misses_are_verified),
		TEST(changing_lets_a_new_list_win),
		TEST(local_parts_alone),
		TEST(in_the_sites_of_the_domain),
		TEST(no_answer_for_mail_that_is_here),
		TEST(enumerates_what_is_found),
		TEST(enumeration_ends),
		TEST(some_sites_only),
		TEST(an_alias_of_another_site),
		TEST(every_list_at_its_host),
		TEST(foreign_hosts_without_a_dedicated_domain),
		TEST(any_host),
		TEST(hosts_are_ignored),
		TEST(hosts_without_case),
		TEST(one_local_part_on_two_hosts),
		TEST(several_sites_and_hosts),
		TEST(hosts_that_changed),
		TEST(hosts_that_nobody_knows),
		TEST(doubtful_entries),
		TEST(discovered_domains),
		TEST(discovered_beside_configured),
		TEST(discovered_by_two_sites),
		TEST(names_are_kept),
		TEST(whatever_host_the_list_has),
		TEST(overviews_of_lists),
		TEST(enumerates_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
