#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"
#include "mailman/refusal.h"
#include "maps/maps.h"
#include "maps/value.h"
#include "tests/sample.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define REFUSED(text) "error:5.1.1:\"550 5.1.1 " text "\""
#define NO_LIST(name) REFUSED("No mailing list " name " here")
#define BUSY "error:4.3.0:\"451 4.3.0 List lookup failed, " \
	     "please try again later\""

static const char text[] =
    "site \"lists\" { lists_dir = \"/srv/lists\" wrapper = \"/srv/wrap\"\n"
    "  hosts = any\n"
    "  domain \"lists.test\" { dedicated = true\n"
    "    redirect = { \"postmaster=root@mail.test\" } }\n"
    "  domain \"shared.test\" { redirect = { \"abuse=a@mail.test\" } }\n"
    "  domain \"alias.test\" { alias = \"lists.test\" } }\n";

static const char *const names[] = { "foo", "foo-admin", "mailman", NULL };
static const char *const with_three[] = { "foo", "in-three.lists.test",
	"in-three.three.test", NULL };

static struct {
	struct conf *conf;
	struct sample sample;
	struct sites *sites;
	struct buf value;
} at;

static void
build(const char *conf)
{
	const struct lists *lists[] = { &at.sample.lists, &at.sample.lists };

	at.conf = sample_conf(conf);
	sample_lists(&at.sample, names);
	at.sites = sample_sites(at.conf, lists);
	buf_init(&at.value, 100000);
}

static int
setup(void **state)
{
	(void)state;
	build(text);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_clear(&at.value);
	sites_free(at.sites);
	conf_free(at.conf);
	return 0;
}

static int
teardown_and_setup(const char *conf)
{
	teardown(NULL);
	build(conf);
	return 0;
}

static int
look_up(const char *role, struct str key)
{
	const struct map *map = map_find(role);

	assert_non_null(map);
	buf_reset(&at.value);
	return map_lookup(map, at.sites, key, &at.value);
}

struct row {
	const char *key;
	const char *value; /* NULL: absent */
};

static void
check_rows(const char *role, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r = look_up(role, str_from(rows[i].key));
		const char *v = buf_cstr(&at.value);

		if (r != (rows[i].value != NULL) ||
		    strcmp(v, rows[i].value ? rows[i].value : ""))
			fail_msg("%s %s: %d %s", role, rows[i].key, r, v);
	}
}
#define CHECK(role, rows) check_rows(role, rows, COUNT(rows))

static void
all_roles_are_found(void **state)
{
	static const char *const roles[] = { "listmap", "refusal", "virtuser",
		"mailertable", "aliases", "domains", "recipients", "transport",
		"redirect", "site_domain" };
	size_t n = 0;

	(void)state;
	while (maps[n])
		n++;
	assert_int_equal(n, COUNT(roles));
	for (size_t i = 0; i < n; i++) {
		const struct map *map = map_find(roles[i]);

		assert_non_null(map);
		assert_string_equal(map->name, roles[i]);
		assert_true(map->help && *map->help);
		assert_true(map->lookup || map->write);
	}
	assert_null(map_find("nosuch"));
	assert_null(map_find(""));
	assert_null(map_find("Listmap"));
	/* Refusals are endless. */
	assert_false(map_has(map_find("refusal"), MAP_DUMP));
}

static void
listmap(void **state)
{
	static const struct row rows[] = {
		{ "foo@lists.test", "mailman:lists.test" },
		{ "FOO-bounces+u=h@LISTS.test.", "mailman:lists.test" },
		{ "foo-admin@shared.test", "mailman:shared.test" },
		{ "foo@alias.test", "mailman:lists.test" },
		{ "mailman-loop@shared.test", "mailman:shared.test" },
		{ "postmaster@lists.test", "redirect:root@mail.test" },
		{ "postmaster+x@alias.test", "redirect:root@mail.test" },
		{ "abuse@shared.test", "redirect:a@mail.test" },
		{ "nosuch@lists.test", NULL },
		{ "user@shared.test", NULL },
		{ "foo@elsewhere.test", NULL },
		{ "foo", NULL },
		{ "@lists.test", NULL },
		{ "foo@", NULL },
		{ "", NULL },
	};

	(void)state;
	CHECK("listmap", rows);
}

static void
refusal(void **state)
{
	static const struct row rows[] = {
		{ "nosuch@lists.test", NO_LIST("nosuch") },
		{ "NoSuch-owner@alias.test", NO_LIST("nosuch") },
		{ "@lists.test", NO_LIST("of that name") },
		{ "foo@lists.test", NULL },
		{ "postmaster@lists.test", NULL },
		{ "nosuch@shared.test", NULL },
		{ "nosuch@elsewhere.test", NULL },
		{ "nosuch", NULL },
		{ "lists.test", NULL },
	};

	(void)state;
	CHECK("refusal", rows);
}

static void
virtuser(void **state)
{
	static const struct row rows[] = {
		{ "foo@shared.test", "%1@shared.test.mailman" },
		{ "Foo-bounces+u=h@Shared.test", "%1@shared.test.mailman" },
		{ "abuse@shared.test", "a@mail.test" },
		{ "abuse+x@shared.test", "a@mail.test" },
		{ "user@shared.test", NULL },
		{ "user+x@shared.test", NULL },
		/* mailertable routes it. */
		{ "foo@lists.test", NULL },
		{ "foo-request@alias.test", NULL },
		{ "postmaster@lists.test", "root@mail.test" },
		{ "nosuch@lists.test", NO_LIST("nosuch") },
		{ "nosuch+x@alias.test", NO_LIST("nosuch") },
		{ "foo@elsewhere.test", NULL },
		/* What sendmail asks for next. */
		{ "@lists.test", NULL },
		{ "++@lists.test", NULL },
		{ "+*@lists.test", NULL },
		{ "@shared.test", NULL },
		{ "++@shared.test", NULL },
		{ "+*@shared.test", NULL },
		{ "user+*@shared.test", NULL },
		{ "user++@shared.test", NULL },
		{ "foo+*@shared.test", NULL },
		{ "", NULL },
		{ "foo", NULL },
	};

	(void)state;
	CHECK("virtuser", rows);
}

static void
mailertable(void **state)
{
	static const struct row rows[] = {
		{ "lists.test", "mailman:lists.test" },
		{ "LISTS.Test", "mailman:lists.test" },
		{ "alias.test", "mailman:lists.test" },
		{ "shared.test", NULL },
		{ "lists.test.mailman", "mailman:lists.test" },
		{ "Shared.Test.Mailman", "mailman:shared.test" },
		{ "lists.test.mailman3", NULL },
		{ "shared.test.mailman.mailman", NULL },
		{ "shared.testmailman", NULL },
		{ "elsewhere.test", NULL },
		{ "elsewhere.test.mailman", NULL },
		{ ".lists.test", NULL },
		{ ".test", NULL },
		{ ".", NULL },
		{ "", NULL },
		{ ".mailman", NULL },
		{ "mailman", NULL },
		{ "sub.lists.test", NULL },
		{ "foo@lists.test", NULL },
	};

	(void)state;
	CHECK("mailertable", rows);
	/* The configuration alone answers. */
	at.sample.away = true;
	CHECK("mailertable", rows);
}

static void
aliases(void **state)
{
	static const struct row rows[] = {
		{ "foo", "\"|/srv/wrap post foo\"" },
		{ "Foo-Request", "\"|/srv/wrap request foo\"" },
		{ "foo-bounces", "\"|/srv/wrap bounces foo\"" },
		{ "foo-admin", "\"|/srv/wrap post foo-admin\"" },
		{ "owner-foo", "\"|/srv/wrap owner foo\"" },
		{ "foo-bounces+u=h", "\"|/srv/wrap bounces foo\"" },
		{ "mailman", "\"|/srv/wrap post mailman\"" },
		{ "mailman-loop", "/srv/data/owner-bounces.mbox" },
		{ "postmaster", NULL },
		{ "nosuch", NULL },
		{ "foo@lists.test", NULL },
		{ "", NULL },
	};

	(void)state;
	CHECK("aliases", rows);
}

static void
domains(void **state)
{
	static const struct row rows[] = {
		{ "lists.test", "OK" },
		{ "SHARED.test", "OK" },
		{ "alias.test", "OK" },
		{ "elsewhere.test", NULL },
		{ "sub.lists.test", NULL },
		{ ".lists.test", NULL },
		{ "foo@lists.test", NULL },
		{ "", NULL },
	};

	(void)state;
	CHECK("domains", rows);
	at.sample.away = true;
	CHECK("domains", rows);
}

static void
served(void **state)
{
	static const struct row rows[] = {
		{ "lists.test", "OK" },
		{ "Shared.Test.", "OK" },
		{ "alias.test", "OK" },
		{ "sub.lists.test", NULL },
		{ "elsewhere.test", NULL },
		{ "foo@lists.test", NULL },
		{ "", NULL },
	};

	(void)state;
	CHECK("site_domain", rows);
	at.sample.away = true;
	CHECK("site_domain", rows);
}

static void
postfix_and_exim(void **state)
{
	static const struct row recipients[] = {
		{ "foo@lists.test", "OK" },
		{ "foo-bounces+x@shared.test", "OK" },
		{ "postmaster@lists.test", "OK" },
		{ "nosuch@lists.test", NULL },
		{ "lists.test", NULL },
	};
	static const struct row transport[] = {
		{ "foo@lists.test", "mailman:" },
		{ "foo@alias.test", "mailman:" },
		{ "postmaster@lists.test", NULL },
		{ "nosuch@shared.test", NULL },
		{ "lists.test", NULL },
	};
	static const struct row redirect[] = {
		{ "postmaster@lists.test", "root@mail.test" },
		{ "postmaster+x@alias.test", "root@mail.test" },
		{ "abuse@shared.test", "a@mail.test" },
		{ "foo@lists.test", NULL },
		{ "nosuch@lists.test", NULL },
	};

	(void)state;
	CHECK("recipients", recipients);
	CHECK("transport", transport);
	CHECK("redirect", redirect);
}

/*
 * No answer.
 */

static void
no_answer_is_never_absent(void **state)
{
	static const char *const roles[] = { "listmap", "refusal", "virtuser",
		"recipients", "transport", "redirect" };

	(void)state;
	at.sample.away = true;
	for (size_t i = 0; i < COUNT(roles); i++) {
		assert_int_equal(look_up(roles[i], STR("foo@shared.test")),
		    -1);
		assert_true(at.value.n > 0);
		/* A redirect is known all the same. */
		assert_int_not_equal(look_up(roles[i],
		    STR("abuse@shared.test")), -1);
		assert_int_equal(look_up(roles[i], STR("x@elsewhere.test")),
		    0);
		if (strcmp(roles[i], "virtuser"))
			assert_int_equal(look_up(roles[i],
			    STR("foo@lists.test")), -1);
	}
	assert_int_equal(look_up("aliases", STR("foo")), -1);
	assert_true(at.value.n > 0);
	assert_int_equal(look_up("aliases", STR("nosuch")), -1);
	/* There TEMP would be read as "250, will queue". */
	assert_int_equal(look_up("virtuser", STR("foo@lists.test")), 1);
	assert_string_equal(buf_cstr(&at.value), BUSY);
	assert_int_equal(look_up("virtuser", STR("@lists.test")), 0);
}

static void
complete_sites_leave_users_alone(void **state)
{
	(void)state;
	at.sample.away = at.sample.was_complete = true;
	assert_int_equal(look_up("listmap", STR("user@shared.test")), 0);
	assert_int_equal(look_up("virtuser", STR("user@shared.test")), 0);
	assert_int_equal(look_up("listmap", STR("nosuch@lists.test")), -1);
	assert_int_equal(look_up("refusal", STR("nosuch@lists.test")), -1);
}

/*
 * The text of refusals.
 */

static const char *
refuse(struct str key)
{
	const char *v;
	size_t n;

	assert_int_equal(look_up("refusal", key), 1);
	v = buf_cstr(&at.value);
	n = at.value.n;
	assert_int_equal(strlen(v), n);
	assert_true(n <= MAP_VALUE_MAX);
	assert_true(str_starts(buf_get(&at.value),
	    "error:5.1.1:\"550 5.1.1 "));
	assert_int_equal(v[n - 1], '"');
	for (size_t i = strlen("error:5.1.1:\""); i < n - 1; i++) {
		if (v[i] < ' ' || v[i] > '~' || v[i] == '"' || v[i] == '\\')
			fail_msg("byte %zu of: %s", i, v);
		if (v[i] == '%' && v[++i] != '%')
			fail_msg("half a percent at %zu of: %s", i, v);
	}
	/* sendmail asks both. */
	assert_int_equal(look_up("virtuser", key), 1);
	assert_int_equal(at.value.n, n);
	return buf_cstr(&at.value);
}

static void
names_the_list_that_was_meant(void **state)
{
	static const struct row rows[] = {
		{ "nosuch-request@lists.test", NO_LIST("nosuch") },
		{ "nosuch-bounces+a=b@lists.test", NO_LIST("nosuch") },
		{ "owner-nosuch@lists.test", NO_LIST("nosuch") },
		{ "nosuch-post@lists.test", NO_LIST("nosuch") },
		/* There is a list foo. */
		{ "foo-post@lists.test", NO_LIST("foo-post") },
		{ "no-such@lists.test", NO_LIST("no-such") },
		{ "owner-@lists.test", NO_LIST("owner-") },
		{ "-owner@lists.test", NO_LIST("-owner") },
		{ "foo+x@lists.test", NO_LIST("foo") },
	};

	(void)state;
	CHECK("refusal", rows);
}

static void
refuses_with_fields(void **state)
{
	static const char with_url[] =
	    "site \"a\" { lists_dir = \"/a\"\n"
	    "  url = \"https://lists.test/x?a=%20b\"\n"
	    "  domain \"lists.test\" { dedicated = true } }\n";
	static const char fields[] =
	    "refusal = \"<{address}> {list}@{domain} 100%: {url}|{list}\"\n"
	    "site \"a\" { lists_dir = \"/a\" url = \"http://u\"\n"
	    "  domain \"lists.test\" { dedicated = true }\n"
	    "  domain \"alias.test\" { alias = \"lists.test\" } }\n";

	(void)state;
	teardown_and_setup(with_url);
	assert_string_equal(refuse(STR("nosuch@lists.test")),
	    REFUSED("No mailing list nosuch here, "
		    "see https://lists.test/x?a=%%20b"));
	teardown_and_setup(fields);
	assert_string_equal(refuse(STR("NoSuch-Owner@Alias.test.")),
	    REFUSED("<nosuch-owner@alias.test> nosuch@lists.test 100%%: "
		    "http://u|nosuch"));
	/* What comes from outside is not read for fields again. */
	assert_string_equal(refuse(STR("{url}%s@lists.test")),
	    REFUSED("<{url}%%s@lists.test> {url}%%s@lists.test 100%%: "
		    "http://u|{url}%%s"));
}

static void
refuses_hostile_bytes(void **state)
{
	(void)state;
	assert_string_equal(refuse(STR("a\"b\\c\r\n\0\177\377@lists.test")),
	    NO_LIST("a?b?c?????"));
	assert_string_equal(refuse(STR("%%%@lists.test")),
	    NO_LIST("%%%%%%"));
	assert_string_equal(refuse(STR("$&${x}<>()@lists.test")),
	    NO_LIST("$&${x}<>()"));
	for (int c = 0; c < 256; c++) {
		char key[] = "xxx@lists.test";

		key[1] = (char)c;
		refuse((struct str){ key, sizeof(key) - 1 });
	}
}

/* LOCAL is a local part of N bytes C. */
static void
refuse_long(char c, size_t n)
{
	char *key = malloc(n + 64);

	memset(key, c, n);
	memcpy(key + n, "@lists.test", 11);
	refuse((struct str){ key, n + 11 });
	free(key);
}

static void
refuses_within_the_limit(void **state)
{
	char conf[1024];

	(void)state;
	for (size_t n = 1; n < 300; n++) {
		refuse_long('a', n);
		refuse_long('%', n);
	}
	refuse_long('a', 9000);
	refuse_long('%', 9000);
	assert_string_equal(refuse(STR("abcdefghijklmnopqrstuvwxyzabcdefghijkl"
	    "mnopqrstuvwxyz12345678@lists.test")),
	    NO_LIST("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz1234"
	    "5678"));
	assert_string_equal(refuse(STR("abcdefghijklmnopqrstuvwxyzabcdefghijkl"
	    "mnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz@lists.test")),
	    NO_LIST("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcde"
	    "..."));
	/* Texts around the limit, percents at every place of the cut. */
	for (int n = 100; n < 240; n++) {
		snprintf(conf, sizeof(conf), "refusal = \"%0*d%%%%%%{list}\"\n"
		    "site \"a\" { lists_dir = \"/a\"\n"
		    "  domain \"lists.test\" { dedicated = true } }\n", n, 0);
		teardown_and_setup(conf);
		refuse(STR("%%%@lists.test"));
		refuse(STR("a%a%@lists.test"));
	}
}

/* What is said of KEY to people; the map's value is made of it. */
static const char *
say(const char *key)
{
	static char memory[MAP_VALUE_MAX + 1];
	struct address a;
	struct buf b;

	assert_int_equal(address_parse(str_from(key), &a), 0);
	buf_over(&b, memory, sizeof(memory));
	refusal_text(&b, at.sites, &a,
	    sites_domain(at.sites, a.domain));
	assert_true(b.n <= MAP_VALUE_MAX);
	return buf_cstr(&b);
}

static void
refuses_in_plain_text(void **state)
{
	static const char fields[] =
	    "refusal = \"100% {address} {list} {url}%\"\n"
	    "site \"a\" { lists_dir = \"/a\" url = \"http://u/%20\"\n"
	    "  domain \"lists.test\" { dedicated = true } }\n";

	(void)state;
	assert_string_equal(say("nosuch-owner@lists.test"),
	    "No mailing list nosuch here");
	assert_string_equal(say("a%b%%@lists.test"),
	    "No mailing list a%b%% here");
	assert_string_equal(refuse(STR("a%b%%@lists.test")),
	    NO_LIST("a%%b%%%%"));
	assert_string_equal(say("a\"b\\c\n@lists.test"),
	    "No mailing list a?b?c? here");
	assert_string_equal(say("@lists.test"),
	    "No mailing list of that name here");
	teardown_and_setup(fields);
	assert_string_equal(say("no%-join@lists.test"),
	    "100% no%-join@lists.test no% http://u/%20%");
	assert_string_equal(refuse(STR("no%-join@lists.test")),
	    REFUSED("100%% no%%-join@lists.test no%% http://u/%%20%%"));
}

/* The text has its own limit, the value that of the map. */
static void
refuses_in_a_long_text(void **state)
{
	char conf[1024];

	(void)state;
	for (int n = 100; n < 400; n += 3) {
		int room = n < MAP_VALUE_MAX ? n : MAP_VALUE_MAX;
		const char *t;

		snprintf(conf, sizeof(conf), "refusal = \"%0*d%%{list}\"\n"
		    "site \"a\" { lists_dir = \"/a\"\n"
		    "  domain \"lists.test\" { dedicated = true } }\n", n, 0);
		teardown_and_setup(conf);
		t = say("nosuch@lists.test");
		assert_int_equal(strspn(t, "0"), room);
		if (n + 7 <= MAP_VALUE_MAX)
			assert_string_equal(t + n, "%nosuch");
		else
			assert_int_equal(strlen(t), MAP_VALUE_MAX);
		t = refuse(STR("nosuch@lists.test"));
		if (n >= MAP_VALUE_MAX)
			assert_int_equal(strlen(t), MAP_VALUE_MAX);
	}
}

/* The domain tells which of the servers it is. */
static void
two_sites_of_one_mailer(void **state)
{
	static const char conf[] =
	    "site \"a\" { lists_dir = \"/a\" mailman = 3 lmtp = \"a.mx:24\"\n"
	    "  domain \"a.test\" {} }\n"
	    "site \"b\" { lists_dir = \"/b\" mailman = 3 lmtp = \"b.mx:24\"\n"
	    "  domain \"b.test\" {} }\n";
	static const struct row rows[] = {
		{ "a.test.mailman3", "mailman3:a.mx" },
		{ "b.test.mailman3", "mailman3:b.mx" },
	};

	(void)state;
	teardown_and_setup(conf);
	CHECK("mailertable", rows);
}

/*
 * Two generations of Mailman on one domain.
 */
static void
served_by_both(void **state)
{
	static const char both[] =
	    "site \"a\" { lists_dir = \"/a\" hosts = any\n"
	    "  domain \"lists.test\" { dedicated = true }\n"
	    "  domain \"shared.test\" {} }\n"
	    "site \"b\" { lists_dir = \"/b\" mailman = 3\n"
	    "  domain \"lists.test\" { dedicated = true }\n"
	    "  domain \"shared.test\" {} domain \"three.test\" {} }\n";
	static const struct row mailer[] = {
		{ "lists.test", NULL },
		{ "lists.test.mailman", "mailman:lists.test" },
		{ "lists.test.mailman3", "mailman3:[127.0.0.1]" },
		{ "shared.test.mailman3", "mailman3:[127.0.0.1]" },
		{ "three.test.mailman3", "mailman3:[127.0.0.1]" },
		{ "three.test.mailman", NULL },
	};
	static const struct row virt[] = {
		{ "foo@lists.test", "%1@lists.test.mailman" },
		{ "in-three@three.test", "%1@three.test.mailman3" },
		/* Dedicated, but only the address tells. */
		{ "in-three@lists.test", "%1@lists.test.mailman3" },
		{ "in-three-owner+x@lists.test", "%1@lists.test.mailman3" },
		{ "foo@three.test", NULL },
		{ "nosuch@lists.test", NO_LIST("nosuch") },
	};
	static const struct row all[] = {
		{ "foo@lists.test", "mailman:lists.test" },
		{ "in-three@lists.test", "mailman3:[127.0.0.1]" },
		{ "nosuch@lists.test", NULL },
	};

	(void)state;
	teardown_and_setup(both);
	at.sample.known = with_three;
	CHECK("mailertable", mailer);
	CHECK("virtuser", virt);
	CHECK("listmap", all);
}

static const char two_servers[] =
    "site \"a\" { lists_dir = \"/a\" mailman = 3\n"
    "  lmtp = \"[::1]:24\"\n"
    "  domain \"lists.test\" { dedicated = true }\n"
    "  domain \"shared.test\" {} }\n"
    "site \"b\" { lists_dir = \"/b\" mailman = 3\n"
    "  lmtp = \"mm.test\" mailer = \"second\"\n"
    "  domain \"three.test\" { dedicated = true } }\n";

static void
mailman_3(void **state)
{
	static const struct row mailer[] = {
		{ "lists.test", "mailman3:[::1]" },
		{ "three.test", "second:mm.test" },
		{ "shared.test", NULL },
		{ "shared.test.mailman3", "mailman3:[::1]" },
		{ "lists.test.second", "second:mm.test" },
		{ "three.test.second", "second:mm.test" },
		{ "lists.test.mailman", NULL },
	};
	static const struct row virt[] = {
		{ "in-three@lists.test", NULL },
		{ "in-three+x@lists.test", NULL },
		{ "nosuch@lists.test", NO_LIST("nosuch") },
		{ "in-three-admin@three.test", NO_LIST("in-three-admin") },
	};
	static const struct row transports[] = {
		{ "in-three@lists.test", "lmtp:inet:[::1]:24" },
		{ "in-three-join@three.test", "lmtp:inet:mm.test:8024" },
	};
	static const struct row aliases[] = {
		{ "in-three", NULL },
		{ "in-three.three.test", NULL },
	};

	(void)state;
	teardown_and_setup(two_servers);
	at.sample.known = with_three;
	CHECK("mailertable", mailer);
	CHECK("virtuser", virt);
	CHECK("transport", transports);
	CHECK("aliases", aliases);
}

/*
 * Dumps.
 */

struct dump {
	const char *role;
	struct buf text;
	size_t n;
	size_t stop_after;
};

/* What a dump says is what a look-up says. */
static int
emit(void *arg, struct str key, struct str value)
{
	struct dump *d = arg;

	/* What is left out is no answer. */
	assert_int_equal(look_up(d->role, key), value.p ? 1 : -1);
	assert_true(!value.p || str_eq(buf_get(&at.value), value));
	buf_str(&d->text, key);
	buf_char(&d->text, '\t');
	buf_str(&d->text, value);
	buf_char(&d->text, '\n');
	return ++d->n == d->stop_after ? 3 : 0;
}

static size_t
dump(const char *role, bool shared, const char *const *must, struct buf *all)
{
	const struct map *map = map_find(role);
	struct dump d = { .role = role };

	buf_init(&d.text, 100000);
	assert_int_equal(map_each(map, shared ? MAP_SHARED : MAP_DUMP, at.sites,
	    emit, &d), 0);
	assert_false(d.text.failed);
	for (; must && *must; must++)
		if (!strstr(buf_cstr(&d.text), *must))
			fail_msg("%s: no %s in:\n%s", role, *must,
			    buf_cstr(&d.text));
	if (all)
		*all = d.text;
	else
		buf_clear(&d.text);
	return d.n;
}

/* foo 11, foo-admin 10 for foo has one less, mailman 12. */
#define LOCALS (10 + 11 + 12)

/* A shell runs what an alias says: such names have none, and are not absent. */
static void
names_that_no_alias_has(void **state)
{
	static const char *const odd[] = { "art&artists", "foo", NULL };
	static const char *const has[] = { "foo\t\"|/srv/wrap post foo\"\n",
		NULL };
	struct buf value, all;

	(void)state;
	sample_lists(&at.sample, odd);
	buf_init(&value, 1000);
	assert_int_equal(map_lookup(&map_aliases, at.sites,
	    STR("art&artists-owner"), &value), -1);
	assert_true(value.n > 0);
	buf_clear(&value);
	assert_int_equal(map_lookup(&map_listmap, at.sites,
	    STR("art&artists@lists.test"), &value), 1);
	buf_clear(&value);
	/* One pair without a value for the list, beside foo's eleven. */
	assert_int_equal(dump("aliases", false, has, &all), 12);
	assert_non_null(strstr(buf_cstr(&all), "art&artists\t\n"));
	buf_clear(&all);
}

static void
dumps(void **state)
{
	static const char *const listmap_has[] = {
		"foo@lists.test\tmailman:lists.test\n",
		"foo-admin@alias.test\tmailman:lists.test\n",
		"owner-foo@shared.test\tmailman:shared.test\n",
		"postmaster@alias.test\tredirect:root@mail.test\n", NULL };
	static const char *const virtuser_has[] = {
		"foo@shared.test\t%1@shared.test.mailman\n",
		"abuse@shared.test\ta@mail.test\n",
		"postmaster@lists.test\troot@mail.test\n", NULL };
	static const char *const aliases_has[] = {
		"foo-admin\t\"|/srv/wrap post foo-admin\"\n",
		"mailman-loop\t/srv/data/owner-bounces.mbox\n",
		NULL };
	struct buf all;

	(void)state;
	assert_int_equal(dump("listmap", false, listmap_has, NULL),
	    3 * LOCALS + 3);
	assert_int_equal(dump("recipients", false, NULL, NULL),
	    3 * LOCALS + 3);
	assert_int_equal(dump("transport", false, NULL, NULL), 3 * LOCALS);
	assert_int_equal(dump("redirect", false, NULL, NULL), 3);
	assert_int_equal(dump("site_domain", false, NULL, NULL), 3);
	assert_int_equal(dump("virtuser", false, virtuser_has, NULL),
	    LOCALS + 3);
	assert_int_equal(dump("aliases", false, aliases_has, NULL), LOCALS);
	assert_int_equal(dump("mailertable", false, NULL, &all), 4);
	assert_string_equal(buf_cstr(&all),
	    "alias.test\tmailman:lists.test\n"
	    "lists.test\tmailman:lists.test\n"
	    "lists.test.mailman\tmailman:lists.test\n"
	    "shared.test.mailman\tmailman:shared.test\n");
	buf_clear(&all);
}

static void
dumps_domains_of_each_kind(void **state)
{
	struct buf all;

	(void)state;
	assert_true(map_find("domains")->keys_only);
	dump("domains", false, NULL, &all);
	assert_string_equal(buf_cstr(&all), "alias.test\tOK\nlists.test\tOK\n");
	buf_clear(&all);
	dump("domains", true, NULL, &all);
	assert_string_equal(buf_cstr(&all), "shared.test\tOK\n");
	buf_clear(&all);
	for (size_t i = 0; maps[i]; i++)
		assert_int_equal(map_has(maps[i], MAP_SHARED),
		    !strcmp(maps[i]->name, "domains"));
}

static void
dumps_end_early(void **state)
{
	(void)state;
	for (size_t i = 0; maps[i]; i++) {
		struct dump d = { .role = maps[i]->name, .stop_after = 2 };

		if (!map_has(maps[i], MAP_DUMP))
			continue;
		buf_init(&d.text, 100000);
		assert_int_equal(map_each(maps[i], MAP_DUMP, at.sites, emit,
		                     &d),
		    3);
		assert_int_equal(d.n, 2);
		buf_clear(&d.text);
	}
}

static int
count(void *arg, struct str key, struct str value)
{
	(void)key;
	(void)value;
	++*(size_t *)arg;
	return 0;
}

static void
dumps_of_what_is_away_fail(void **state)
{
	size_t n = 0;

	(void)state;
	at.sample.away = true;
	for (size_t i = 0; maps[i]; i++) {
		bool static_map = !strcmp(maps[i]->name, "domains") ||
		    !strcmp(maps[i]->name, "site_domain") ||
		    !strcmp(maps[i]->name, "mailertable");

		if (map_has(maps[i], MAP_DUMP))
			assert_int_equal(map_each(maps[i], MAP_DUMP, at.sites,
			                     count, &n),
			    static_map ? 0 : -1);
	}
	assert_true(n > 0);
}

/*
 * Domains that the lists have.
 */

static const char *const hosted[] = { "foo@found.test", "bar@lists.test",
	"odd@no domain", NULL };

static void
hosts_of(const char *const *known)
{
	const struct lists *lists[] = { &at.sample.lists, &at.sample.lists };

	at.sample.known = known;
	at.sample.url = "https://found.test/mailman/listinfo";
	sites_free(at.sites);
	at.sites = sample_sites(at.conf, lists);
}

static void
discovered_domains(void **state)
{
	static const char conf[] =
	    "site \"a\" { lists_dir = \"/a\" discover = true\n"
	    "  domain \"lists.test\" { dedicated = true } }\n";
	static const struct row listmap_rows[] = {
		{ "foo@found.test", "mailman:found.test" },
		{ "nosuch@found.test", NULL },
		{ "foo@lists.test", NULL },
	};
	static const struct row virtuser_rows[] = {
		{ "foo-join@found.test", "%1@found.test.mailman" },
		{ "nosuch@found.test", NULL },
	};
	static const struct row refusal_rows[] = {
		{ "nosuch@found.test", NULL },
		{ "foo@lists.test", REFUSED("No mailing list foo here, see "
		    "https://found.test/mailman/listinfo") },
	};
	/* Nobody is relayed for because some list says so. */
	static const struct row domain_rows[] = {
		{ "lists.test", "OK" }, { "found.test", NULL },
	};
	struct buf all;

	(void)state;
	teardown_and_setup(conf);
	hosts_of(hosted);
	CHECK("listmap", listmap_rows);
	CHECK("virtuser", virtuser_rows);
	CHECK("refusal", refusal_rows);
	CHECK("domains", domain_rows);
	dump("domains", false, NULL, &all);
	assert_string_equal(buf_cstr(&all), "lists.test\tOK\n");
	buf_clear(&all);
}

static int
put_key_line(void *arg, struct str key, struct str value)
{
	(void)value;
	buf_str(arg, key);
	buf_char(arg, '\n');
	return 0;
}

/* But they are what sendmail's file of shared domains needs. */
static void
dumps_discovered_domains_as_shared(void **state)
{
	static const char conf[] =
	    "site \"a\" { lists_dir = \"/a\" discover = true\n"
	    "  domain \"lists.test\" { dedicated = true }\n"
	    "  domain \"mixed.test\" {} }\n";
	char text_of[256];
	struct buf b;

	(void)state;
	teardown_and_setup(conf);
	hosts_of(hosted);
	buf_over(&b, text_of, sizeof(text_of));
	assert_int_equal(map_each(&map_domains, MAP_SHARED, at.sites,
	                     put_key_line, &b),
	    0);
	assert_string_equal(buf_cstr(&b), "found.test\nmixed.test\n");
	/* One of a configuration is what that says, whatever a host is. */
	buf_reset(&b);
	assert_int_equal(map_domains.each(at.sites, put_key_line, &b), 0);
	assert_string_equal(buf_cstr(&b), "lists.test\n");
}

static void
pseudo_domains_of_discovery(void **state)
{
	static const char conf[] = "site \"a\" { lists_dir = \"/a\" }\n";
	static const struct row rows[] = {
		{ "found.test.mailman", "mailman:found.test" },
		{ "Gone.Test.Mailman", "mailman:gone.test" },
		{ "found.test", NULL },
		{ "gone.test", NULL },
		{ "found.test.mailman3", NULL },
		{ "mailman", NULL },
		{ ".mailman", NULL },
		/* Only what can be a domain goes into the value. */
		{ "a b.mailman", NULL },
		{ "a%1b.mailman", NULL },
		{ "a\"b.mailman", NULL },
		{ "a\\b.mailman", NULL },
		{ "a\nb.mailman", NULL },
		{ "foo@gone.test.mailman", NULL },
		{ "..mailman", NULL },
		{ "-x.mailman", NULL },
	};
	char wide[600];

	(void)state;
	teardown_and_setup(conf);
	hosts_of(hosted);
	CHECK("mailertable", rows);
	assert_int_equal(look_up("mailertable", STR("a\0b.mailman")), 0);
	for (size_t n = 150; n < 500; n++) {
		memset(wide, 'a', n);
		memcpy(wide + n, ".mailman", 9);
		if (look_up("mailertable", str_from(wide)) == 1)
			assert_true(at.value.n <= MAP_VALUE_MAX);
	}
	/* Whatever the lists directory does. */
	at.sample.away = true;
	CHECK("mailertable", rows);
}

static void
refusal_names_the_lists_own_page(void **state)
{
	static const char conf[] =
	    "site \"a\" { lists_dir = \"/a\"\n"
	    "  domain \"lists.test\" { dedicated = true }\n"
	    "  domain \"found.test\" { dedicated = true }\n"
	    "  domain \"bare.test\" { dedicated = true } }\n";
	static const char *const odd[] = { "foo@lists.test", NULL };
	static const struct row rows[] = {
		{ "x@lists.test", REFUSED("No mailing list x here, see "
		    "https://found.test/mailman/listinfo") },
		/* No list has that host, so nobody knows its page. */
		{ "x@bare.test", NO_LIST("x") },
	};

	(void)state;
	teardown_and_setup(conf);
	hosts_of(hosted);
	CHECK("refusal", rows);
	/* A page is written by whoever administers a list. */
	hosts_of(odd);
	at.sites->domain[2].url = STR("http://a/\"%1\\$& \n");
	assert_true(str_is(at.sites->domain[2].name, "lists.test"));
	assert_string_equal(refuse(STR("x@lists.test")),
	    REFUSED("No mailing list x here, see http://a/?%%1?$& ?"));
}

/*
 * A virtusertable that does without the daemon, against the daemon: by the
 * rules of sendmail (cf/m4/proto.m4), what becomes of an address?
 */

struct pair {
	char *key, *value;
};

static struct {
	struct pair pair[1024];
	size_t n;
} table;

static int
keep_pair(void *arg, struct str key, struct str value)
{
	(void)arg;
	for (size_t i = 0; i < table.n; i++)
		if (str_is(key, table.pair[i].key))
			fail_msg("twice: %s", table.pair[i].key);
	assert_true(table.n < COUNT(table.pair));
	table.pair[table.n++] = (struct pair){ str_dup(key), str_dup(value) };
	return 0;
}

static void
make_table(void)
{
	assert_int_equal(map_each(&map_virtuser, MAP_STANDALONE, at.sites,
	                     keep_pair, NULL),
	    0);
}

static void
clear_table(void)
{
	while (table.n) {
		free(table.pair[--table.n].key);
		free(table.pair[table.n].value);
	}
}

typedef bool ask_fn(const char *key, struct buf *value);

static bool
ask_table(const char *key, struct buf *value)
{
	for (size_t i = 0; i < table.n; i++)
		if (!strcmp(table.pair[i].key, key)) {
			buf_add(value, table.pair[i].value);
			return true;
		}
	return false;
}

static bool
ask_daemon(const char *key, struct buf *value)
{
	int found = map_virtuser.lookup(at.sites, str_from(key), value);

	assert_int_not_equal(found, -1);
	return found == 1;
}

/* VALUE with its arguments; %0 is the key, which nobody uses. */
static void
expand(struct buf *out, const char *value, const char *const arg[4])
{
	for (; *value; value++) {
		if (*value == '%' && value[1] >= '1' && value[1] <= '3')
			buf_add(out, arg[*++value - '0']);
		else
			buf_char(out, *value);
	}
}

static bool
try(ask_fn *ask, const char *user, const char *more, const char *domain,
    const char *const arg[4], struct buf *out)
{
	char k[512], v[1024];
	struct buf key, value;

	buf_over(&key, k, sizeof(k));
	buf_printf(&key, "%s%s@%s", user, more, domain);
	buf_over(&value, v, sizeof(v));
	if (!ask(buf_cstr(&key), &value))
		return false;
	expand(out, buf_cstr(&value), arg);
	return true;
}

/* Where LOCAL@DOMAIN ends: an address, "refused", or "-": not a list's. */
static void
deliver(ask_fn *ask, const char *local, const char *domain, struct buf *out)
{
	const char *plus = strchr(local, '+');
	char user[256];
	const char *whole[4] = { "", local, "", "" };
	const char *split[4] = { "", user, plus ? plus + 1 : "",
		plus ? plus : "" };
	bool found;

	snprintf(user, sizeof(user), "%.*s", (int)strcspn(local, "+"), local);
	found = try(ask, local, "", domain, whole, out) ||
	    (plus && plus[1] && try(ask, user, "++", domain, split, out)) ||
	    (plus && try(ask, user, "+*", domain, split, out)) ||
	    (plus && try(ask, user, "", domain, split, out)) ||
	    (plus && plus[1] && try(ask, "", "++", domain, split, out)) ||
	    (plus && try(ask, "", "+*", domain, split, out)) ||
	    try(ask, "", "", domain, whole, out);
	if (found && str_starts(buf_get(out), "error:")) {
		buf_reset(out);
		buf_add(out, "refused");
	} else if (!found) {
		/* mailertable, or nothing of ours. */
		buf_printf(out, "%s@", local);
		if (look_up("mailertable", str_from(domain)) == 1)
			buf_printf(out, "%s.mailman", strchr(buf_cstr(
			    &at.value), ':') + 1);
		else {
			buf_reset(out);
			buf_add(out, "-");
		}
	}
}

struct tally {
	size_t refused, users, delivered;
};

static void
check_one(const char *local, const char *domain, struct tally *tally)
{
	char t[512], v[512];
	struct buf by_table, by_daemon;
	const char *end;

	buf_over(&by_table, t, sizeof(t));
	buf_over(&by_daemon, v, sizeof(v));
	deliver(ask_table, local, domain, &by_table);
	deliver(ask_daemon, local, domain, &by_daemon);
	end = buf_cstr(&by_daemon);
	if (strcmp(buf_cstr(&by_table), end))
		fail_msg("%s@%s: %s, but by the daemon %s", local, domain,
		    buf_cstr(&by_table), end);
	tally->refused += !strcmp(end, "refused");
	tally->users += !strcmp(end, "-");
	tally->delivered += strchr(end, '@') != NULL;
}

/* One local part with every detail at every domain. */
static void
check_local(const char *base, struct tally *tally)
{
	static const char *const domains[] = { "lists.test", "alias.test",
		"shared.test", "second.test", "elsewhere.test" };
	static const char *const details[] = { "", "+", "+x", "+a=b", "+x+y",
		"++", "+-", "+*", "+x-owner" };

	for (size_t i = 0; i < COUNT(domains); i++)
		for (size_t j = 0; j < COUNT(details); j++) {
			char local[256];
			struct buf b;

			buf_over(&b, local, sizeof(local));
			buf_printf(&b, "%s%s", base, details[j]);
			check_one(buf_cstr(&b), domains[i], tally);
		}
}

static struct tally
same_as_the_daemon(const char *const *known)
{
	static const char *const more[] = { "nosuch", "nosuch-bounces",
		"postmaster", "abuse", "mailman-loop", "mailman-owner", "user",
		"owner-nosuch", "foo-bounces-bounces" };
	struct tally tally = { 0 };

	make_table();
	for (size_t i = 0; i < COUNT(more); i++)
		check_local(more[i], &tally);
	for (; *known; known++) {
		int n = (int)strcspn(*known, "@");
		char base[128];

		snprintf(base, sizeof(base), "%.*s", n, *known);
		check_local(base, &tally);
		snprintf(base, sizeof(base), "owner-%.*s", n, *known);
		check_local(base, &tally);
		for (size_t i = 0; action_names[i]; i++) {
			snprintf(base, sizeof(base), "%.*s-%s", n, *known,
			    action_names[i]);
			check_local(base, &tally);
		}
	}
	clear_table();
	assert_true(tally.refused > 100 && tally.users > 100 &&
	    tally.delivered > 100);
	return tally;
}

#define STANDALONE(option) \
	"site \"a\" { lists_dir = \"/a\" " option "\n" \
	"  domain \"lists.test\" { dedicated = true\n" \
	"    redirect = { \"postmaster=root@mail.test\" } }\n" \
	"  domain \"alias.test\" { alias = \"lists.test\" }\n" \
	"  domain \"second.test\" { dedicated = true }\n" \
	"  domain \"shared.test\" { redirect = { \"abuse=a@m.test\" } } }\n"

static void
tables_that_need_no_daemon(void **state)
{
	/* foo-bounces is a list, and foo's VERP bounces must get through. */
	static const char *const known[] = { "foo", "foo-bounces", "bar",
		"owner", "mailman", "x-confirm", "x", "dash-", NULL };
	static const char *const at_hosts[] = { "foo@lists.test",
		"foo-bounces@shared.test", "bar@second.test", "v@second.test",
		"v-confirm@lists.test", "mailman@lists.test", "far@far.test",
		"user@shared.test", NULL };
	static const char *const options[] = { STANDALONE("hosts = any"),
		STANDALONE(""), STANDALONE("hosts = any plus = any"),
		STANDALONE("hosts = any actions = { bounces, post }"),
		STANDALONE("plus = any") };
	size_t delivered[COUNT(options)];

	(void)state;
	for (size_t i = 0; i < COUNT(options); i++) {
		teardown_and_setup(options[i]);
		hosts_of(known);
		delivered[i] = same_as_the_daemon(known).delivered;
		hosts_of(at_hosts);
		same_as_the_daemon(at_hosts);
	}
	assert_true(delivered[2] > delivered[0]);
	assert_true(delivered[3] < delivered[0]);
}

/* The values that it is made of. */
static void
lines_of_a_table_that_needs_no_daemon(void **state)
{
	static const char *const known[] = { "foo@lists.test", "a+b@lists.test",
		"s@shared.test", NULL };
	static const struct row rows[] = {
		{ "foo@lists.test", "%1@lists.test.mailman" },
		{ "foo+*@lists.test", NO_LIST("of that name") },
		{ "foo-bounces+*@lists.test", "%1%3@lists.test.mailman" },
		{ "foo-confirm+*@alias.test", "%1%3@lists.test.mailman" },
		{ "foo@second.test", NULL },
		{ "s@shared.test", "%1@shared.test.mailman" },
		{ "s+*@shared.test", NULL },
		{ "s-bounces+*@shared.test", "%1%3@shared.test.mailman" },
		{ "a+b@lists.test", "%1@lists.test.mailman" },
		{ "postmaster@lists.test", "root@mail.test" },
		{ "postmaster+*@lists.test", "root@mail.test" },
		{ "@lists.test", NO_LIST("of that name") },
		{ "@alias.test", NO_LIST("of that name") },
		{ "@second.test", NO_LIST("of that name") },
		{ "@shared.test", NULL },
	};

	(void)state;
	teardown_and_setup(STANDALONE(""));
	hosts_of(known);
	for (size_t i = 0; i < at.sites->ndomains; i++)
		at.sites->domain[i].url = STR("");
	make_table();
	for (size_t i = 0; i < COUNT(rows); i++) {
		char v[512];
		struct buf value;
		bool found;

		buf_over(&value, v, sizeof(v));
		found = ask_table(rows[i].key, &value);
		if (found != (rows[i].value != NULL) ||
		    (found && strcmp(buf_cstr(&value), rows[i].value)))
			fail_msg("%s: %s", rows[i].key, buf_cstr(&value));
	}
	clear_table();
	for (size_t i = 0; maps[i]; i++)
		assert_int_equal(map_has(maps[i], MAP_STANDALONE),
		    maps[i] == &map_virtuser);
	at.sample.away = true;
	assert_int_equal(map_each(&map_virtuser, MAP_STANDALONE, at.sites,
	                     keep_pair, NULL),
	    -1);
	clear_table();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_roles_are_found),
		TEST(listmap),
		TEST(refusal),
		TEST(virtuser),
		TEST(mailertable),
		TEST(two_sites_of_one_mailer),
		TEST(aliases),
		TEST(names_that_no_alias_has),
		TEST(domains),
		TEST(served),
		TEST(postfix_and_exim),
		TEST(no_answer_is_never_absent),
		TEST(complete_sites_leave_users_alone),
		TEST(names_the_list_that_was_meant),
		TEST(refuses_with_fields),
		TEST(refuses_hostile_bytes),
		TEST(refuses_within_the_limit),
		TEST(refuses_in_plain_text),
		TEST(refuses_in_a_long_text),
		TEST(served_by_both),
		TEST(mailman_3),
		TEST(dumps),
		TEST(dumps_domains_of_each_kind),
		TEST(discovered_domains),
		TEST(dumps_discovered_domains_as_shared),
		TEST(pseudo_domains_of_discovery),
		TEST(refusal_names_the_lists_own_page),
		TEST(tables_that_need_no_daemon),
		TEST(lines_of_a_table_that_needs_no_daemon),
		TEST(dumps_end_early),
		TEST(dumps_of_what_is_away_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
