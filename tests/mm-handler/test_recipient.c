#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "mailman/address.h"
#include "mailman/directory.h"
#include "mailman/mailman.h"
#include "mailman/resolve.h"
#include "cache/cdbfile.h"
#include "cache/rebuild.h"
#include "cache/snapshot.h"
#include "mm-handler/recipient.h"
#include "tests/fixture.h"
#include "tests/sample.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct conf *conf;
static struct recipient_sites *recipients;
static struct route route;
static char reason[640];

/*
 * The sites a and b have a domain of their own and one that both have.  a's
 * lists are in "lists", b's in "more".
 */
static int
setup(void **state)
{
	char text[8192];

	if (fixture_setup(state) != 0)
		return -1;
	fixture_mkdir(fixture_path("more"));
	snprintf(text, sizeof(text), "cache_dir = \"%s\"\n"
	    "site \"a\" { lists_dir = \"%s\"\n"
	    "  domain \"a.test\" { dedicated = true\n"
	    "    redirect = { \"abuse=x@mail.test\" } }\n"
	    "  domain \"shared.test\" {}\n"
	    "  domain \"both.test\" { dedicated = true }\n"
	    "  domain \"nick.test\" { alias = \"a.test\" } }\n"
	    "site \"b\" { lists_dir = \"%s\"\n"
	    "  domain \"b.test\" { dedicated = true }\n"
	    "  domain \"both.test\" { dedicated = true } }\n",
	    fixture_path("cache"), fixture_path("lists"),
	    fixture_path("more"));
	conf = sample_conf(text);
	recipients = recipient_open(conf);
	return recipients ? 0 : -1;
}

static int
teardown(void **state)
{
	recipient_close(recipients);
	conf_free(conf);
	return fixture_teardown(state);
}

static void
make_list(const char *dir, const char *name, const char *host)
{
	char text[512];

	fixture_list(dir, name);
	snprintf(text, sizeof(text), "}(S'host_name'\nS'%s'\nu.", host);
	fixture_file(fixture_path("%s/%s/config.pck", dir, name), text);
}

static void
make_lists(void)
{
	make_list("lists", "foo", "a.test");
	make_list("lists", "sub", "shared.test");
	make_list("lists", "far", "elsewhere.test");
	make_list("lists", "both", "both.test");
	make_list("lists", "foo-admin", "shared.test");
	make_list("more", "bar", "b.test");
	make_list("more", "both", "both.test");
	make_list("more", "second", "both.test");
}

/* A new one each time: an opened cache stays in it. */
static int
status_of(const char *key)
{
	static struct address a;
	int status;

	assert_int_equal(address_parse(str_from(key), &a), 0);
	recipient_close(recipients);
	recipients = recipient_open(conf);
	assert_non_null(recipients);
	snprintf(reason, sizeof(reason), "unchanged");
	status = recipient_find(recipients, &a, &route, reason, sizeof(reason));
	if (status != EX_OK)
		assert_null(strchr(reason, '\n'));
	return status;
}

static void
expect_deferred(const char *key, const char *why)
{
	if (status_of(key) != EX_TEMPFAIL || !strstr(reason, why))
		fail_msg("%s: %s", key, reason);
}

static void
expect_refused(const char *key)
{
	if (status_of(key) != EX_NOUSER)
		fail_msg("%s: %s", key, reason);
	assert_string_equal(reason, "no list has this address");
}

static const struct {
	const char *key, *site, *list;
	enum action action;
} rows[] = {
	{ "foo@a.test", "a", "foo", ACTION_POST },
	{ "Foo-Owner@A.Test.", "a", "foo", ACTION_OWNER },
	{ "foo-bounces+u=x.test@nick.test", "a", "foo", ACTION_BOUNCES },
	{ "sub@shared.test", "a", "sub", ACTION_POST },
	{ "mailman-loop@b.test", "b", "mailman", ACTION_LOOP },
	/* Another host than the list has. */
	{ "foo@shared.test", "a", "foo", ACTION_POST },
	{ "sub-join@a.test", "a", "sub", ACTION_JOIN },
	{ "far@a.test", "a", "far", ACTION_POST },
	{ "far@shared.test", "a", "far", ACTION_POST },
	{ "foo@both.test", "a", "foo", ACTION_POST },
	/* One that nobody serves. */
	{ "foo@unknown.test", "a", "foo", ACTION_POST },
	{ "bar-request@unknown.test", "b", "bar", ACTION_REQUEST },
	{ "far@elsewhere.test", "a", "far", ACTION_POST },
	/* Two sites with one domain, in their order. */
	{ "both@both.test", "a", "both", ACTION_POST },
	{ "second@both.test", "b", "second", ACTION_POST },
	{ "bar@both.test", "b", "bar", ACTION_POST },
	/* What the daemon says comes first, whoever else could be meant. */
	{ "foo-admin@a.test", "a", "foo", ACTION_ADMIN },
	{ "foo-admin@shared.test", "a", "foo-admin", ACTION_POST },
	{ "foo-admin@unknown.test", "a", "foo-admin", ACTION_POST },
	/* A redirect of another domain. */
	{ "second@b.test", "b", "second", ACTION_POST },
};

static void
test_found(void **state)
{
	(void)state;
	make_lists();
	make_list("lists", "mailman", "a.test");
	make_list("more", "mailman", "b.test");
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (status_of(rows[i].key) != EX_OK)
			fail_msg("%s: %s", rows[i].key, reason);
		if (strcmp(route.site->conf->name, rows[i].site) ||
		    !str_is(route.reading.list, rows[i].list) ||
		    route.reading.action != rows[i].action)
			fail_msg("%s: %s of %.*s in %s", rows[i].key,
			    action_name(route.reading.action),
			    (int)route.reading.list.n, route.reading.list.p,
			    route.site->conf->name);
		assert_null(route.redirect);
	}
	assert_int_equal(recipient_sites(recipients)->n, 2);
}

static void
test_absent(void **state)
{
	char key[ADDRESS_LOCAL_MAX + 64];

	(void)state;
	make_lists();
	expect_refused("nosuch@a.test");
	expect_refused("nosuch-owner@nick.test");
	expect_refused("nosuch@both.test");
	expect_refused("nosuch@unknown.test");
	expect_refused("foo+x@shared.test");
	expect_refused("abuse@shared.test");
	expect_refused("@a.test");
	/* A domain has the lists of its own sites. */
	expect_refused("bar@a.test");
	expect_refused("bar@shared.test");
	expect_refused("foo@b.test");
	expect_refused("foo-owner@b.test");
	memset(key, 'x', sizeof(key));
	memcpy(key + ADDRESS_LOCAL_MAX + 1, "@a.test", 8);
	expect_refused(key);
}

/* sendmail has to follow it. */
static void
test_redirect(void **state)
{
	(void)state;
	make_lists();
	make_list("lists", "abuse", "a.test");
	expect_deferred("abuse@a.test", "redirect to x@mail.test");
	expect_deferred("Abuse+x@nick.test", "redirect to x@mail.test");
	assert_int_equal(status_of("abuse@shared.test"), EX_OK);
}

/* Not where it may be that nobody mounted it. */
static void
test_without_a_list(void **state)
{
	(void)state;
	make_list("more", "bar", "b.test");
	expect_deferred("foo@a.test", "lists: holds no list at all");
	expect_deferred("nosuch@both.test", "lists: holds no list at all");
	expect_deferred("nosuch@unknown.test", "holds no list at all");
	/* Whom it concerns, and nobody else. */
	expect_refused("nosuch@b.test");
	assert_int_equal(status_of("bar@both.test"), EX_OK);
	fixture_file(fixture_path("lists/README"), "not mounted");
	fixture_mkdir(fixture_path("lists/half-made"));
	expect_deferred("foo@a.test", "holds no list at all");
	make_list("lists", "any", "elsewhere.test");
	expect_refused("foo@a.test");
	/* The later site of a domain. */
	fixture_unlist("more", "bar");
	expect_deferred("nosuch@both.test", "more: holds no list at all");
	expect_refused("nosuch@a.test");
}

static void
test_directory_away(void **state)
{
	(void)state;
	make_lists();
	/* Found by its name; others may be hidden. */
	assert_int_equal(chmod(fixture_path("lists"), 0111), 0);
	assert_int_equal(status_of("foo@a.test"), EX_OK);
	expect_deferred("nosuch@a.test", "lists: Permission denied");
	assert_int_equal(chmod(fixture_path("lists"), 0), 0);
	expect_deferred("foo@a.test", "cannot be read");
	expect_deferred("nosuch@unknown.test", "cannot be read");
	assert_int_equal(status_of("second@both.test"), EX_OK);
	expect_refused("nosuch@b.test");
	assert_int_equal(chmod(fixture_path("lists"), 0755), 0);
	assert_int_equal(rename(fixture_path("lists"), fixture_path("moved")),
	    0);
	expect_deferred("foo@shared.test", "cannot be read");
	/* Mailman's own addresses are there all the same, or not at all. */
	assert_int_equal(status_of("nosuch@a.test"), EX_TEMPFAIL);
	assert_int_equal(rename(fixture_path("moved"), fixture_path("lists")),
	    0);
	assert_int_equal(status_of("foo@a.test"), EX_OK);
}

/* One list that nobody can look into. */
static void
test_list_away(void **state)
{
	(void)state;
	make_lists();
	assert_int_equal(chmod(fixture_path("lists/foo"), 0), 0);
	expect_deferred("foo@a.test", "this list's directory");
	expect_deferred("foo-owner@unknown.test", "this list's directory");
	expect_refused("nosuch@a.test");
	/* Its host is not to be read: it is everywhere. */
	assert_int_equal(chmod(fixture_path("lists/foo"), 0755), 0);
	assert_int_equal(chmod(fixture_path("lists/foo/config.pck"), 0), 0);
	assert_int_equal(status_of("foo@shared.test"), EX_OK);
	assert_true(str_is(route.reading.list, "foo"));
}

/* Without snapshots nothing is in doubt, with them what they have more. */
static void
take_snapshot(const char *site, const char *dir)
{
	char lists[1024], cache[1024];
	struct rebuild_order o = { .mailman = &mailman2, .site = site,
		.lists_dir = lists, .cache_dir = cache };
	struct rebuild_result r;

	snprintf(lists, sizeof(lists), "%s", fixture_path("%s", dir));
	snprintf(cache, sizeof(cache), "%s", fixture_path("cache"));
	rebuild(&o, &r);
	if (r.status != REBUILD_WRITTEN)
		fail_msg("%s", r.reason);
}

static void
test_cache_knows_it(void **state)
{
	(void)state;
	make_lists();
	make_list("lists", "gone", "a.test");
	take_snapshot("a", "lists");
	fixture_unlist("lists", "gone");
	expect_deferred("gone@a.test", "the cache has it");
	expect_deferred("gone-bounces+u=x@nick.test", "the cache has it");
	/* Whatever its host. */
	expect_deferred("gone@shared.test", "the cache has it");
	expect_deferred("gone@unknown.test", "the cache has it");
	expect_refused("gone@b.test");
	expect_refused("nosuch@a.test");
	expect_refused("gone+x@a.test");
	/* What it lacks is found; what it had before is old. */
	make_list("lists", "new", "a.test");
	assert_int_equal(status_of("new@a.test"), EX_OK);
	take_snapshot("a", "lists");
	expect_refused("gone@a.test");
	/* One site's cache, with none of the other. */
	take_snapshot("b", "more");
	fixture_unlist("more", "second");
	expect_deferred("second@both.test", "the cache has it");
	assert_int_equal(unlink(fixture_path("cache/a.cdb")), 0);
	expect_deferred("second@both.test", "the cache has it");
	expect_deferred("second@unknown.test", "the cache has it");
	expect_refused("second@a.test");
}

/* A list that moved to Mailman 3 since the message was taken. */
static void
test_mailman_3(void **state)
{
	char text[4096];

	(void)state;
	recipient_close(recipients);
	recipients = NULL;
	conf_free(conf);
	snprintf(text, sizeof(text), "cache_dir = \"%s\"\n"
	    "site \"new\" { mailman = 3 lists_dir = \"%s\"\n"
	    "  domain \"a.test\" {} }\n"
	    "site \"a\" { lists_dir = \"%s\" domain \"a.test\" {} }\n",
	    fixture_path("cache"), fixture_path("more"),
	    fixture_path("lists"));
	conf = sample_conf(text);
	make_list("lists", "foo", "a.test");
	fixture_mkdir(fixture_path("more/moved.a.test"));
	assert_int_equal(status_of("foo@a.test"), EX_OK);
	expect_deferred("moved@a.test", "takes mail by LMTP");
	expect_deferred("Moved-Request+x@a.test", "takes mail by LMTP");
	/* Mailman's own files may have more lists than there are directories,
	 * and only a cache knows what is in these. */
	expect_deferred("nosuch@a.test", "there is no cache");
}

/* Half of a list, and one whose volume is away: they may be lists again. */
static void
test_doubtful_entries(void **state)
{
	(void)state;
	make_lists();
	fixture_mkdir(fixture_path("lists/half"));
	fixture_mkdir(fixture_path("lists/foo-owner"));
	fixture_file(fixture_path("lists/file"), "");
	assert_int_equal(symlink("../away/link", fixture_path("lists/link")),
	    0);
	expect_deferred("half@a.test", "is no list now");
	expect_deferred("half-request@a.test", "is no list now");
	expect_deferred("Link-Bounces+u=x@shared.test", "is no list now");
	expect_deferred("owner-link@unknown.test", "is no list now");
	expect_refused("file@a.test");
	expect_refused("link@b.test");
	expect_refused("links@a.test");
	/* Nobody is in doubt about foo's own address. */
	assert_int_equal(status_of("foo-owner@a.test"), EX_OK);
	assert_int_equal(route.reading.action, ACTION_OWNER);
}

/* A list in the cache that a newer directory does not stand for. */
static void
test_cache_of_another_directory(void **state)
{
	(void)state;
	make_lists();
	make_list("lists", "gone", "a.test");
	take_snapshot("a", "lists");
	assert_int_equal(rename(fixture_path("lists"), fixture_path("moved")),
	    0);
	fixture_mkdir(fixture_path("lists"));
	make_list("lists", "foo", "a.test");
	assert_int_equal(status_of("foo@a.test"), EX_OK);
	expect_deferred("gone@a.test", "the cache has it");
	expect_deferred("sub@shared.test", "the cache has it");
	expect_refused("nosuch@a.test");
}

static void
test_broken_caches(void **state)
{
	(void)state;
	make_lists();
	fixture_file(fixture_path("cache/a.cdb"), "no database");
	expect_deferred("nosuch@a.test", "a.cdb: ");
	expect_deferred("nosuch@unknown.test", "a.cdb: ");
	assert_int_equal(status_of("foo@a.test"), EX_OK);
	fixture_file(fixture_path("cache/a.cdb"), "");
	expect_deferred("nosuch@a.test", "a.cdb: ");
	assert_int_equal(unlink(fixture_path("cache/a.cdb")), 0);
	expect_refused("nosuch@a.test");
	take_snapshot("t", "lists");
	assert_int_equal(rename(fixture_path("cache/t.cdb"),
	                     fixture_path("cache/a.cdb")),
	    0);
	expect_deferred("nosuch@a.test", "the snapshot of site t, not of a");
	assert_int_equal(unlink(fixture_path("cache/a.cdb")), 0);
	take_snapshot("a", "lists");
	expect_refused("nosuch@a.test");
	assert_int_equal(chmod(fixture_path("cache/a.cdb"), 0), 0);
	expect_deferred("nosuch@a.test", "a.cdb: ");
	assert_int_equal(chmod(fixture_path("cache/a.cdb"), 0644), 0);
	assert_int_equal(chmod(fixture_path("cache"), 0), 0);
	expect_deferred("nosuch@a.test", "a.cdb: ");
	assert_int_equal(status_of("foo@a.test"), EX_OK);
}

/* It opens, but what it says of this one name cannot be understood. */
static void
test_broken_record(void **state)
{
	struct directory_id id;
	const char *err;
	struct cdbmake *m;
	char head[96];

	(void)state;
	make_lists();
	assert_int_equal(directory_identify(fixture_path("lists"), &id), 0);
	snprintf(head, sizeof(head), "3\t" SNAPSHOT_UNSEALED "\t1\t%ju\t%ju\t0\t0\t\ta", (uintmax_t)id.dev,
	    (uintmax_t)id.ino);
	m = cdbmake_new(fixture_path("cache/a.cdb"), 0644, &err);
	assert_non_null(m);
	assert_int_equal(cdbmake_put(m, STR(":listmap"), str_from(head)), 0);
	assert_int_equal(cdbmake_put(m, STR("gone"), STR("x")), 0);
	assert_int_equal(snapshot_commit(m, &err), 0);
	expect_refused("nosuch@a.test");
	expect_deferred("gone@a.test", "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_found),
		TEST(test_absent),
		TEST(test_redirect),
		TEST(test_without_a_list),
		TEST(test_directory_away),
		TEST(test_list_away),
		TEST(test_cache_knows_it),
		TEST(test_mailman_3),
		TEST(test_doubtful_entries),
		TEST(test_cache_of_another_directory),
		TEST(test_broken_caches),
		TEST(test_broken_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
