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

#include "base/conf.h"
#include "base/conf_listen.h"
#include "base/conf_load.h"
#include "base/conf_options.h"
#include "base/conf_print.h"
#include "base/log.h"
#include "base/str.h"
#include "tests/fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A file that lacks nothing, and a part of a site. */
#define SITE "site \"s\" { domain \"a.test\" {} }\n"
#define IN_SITE(text) "site \"s\" {\n" text "\ndomain \"a.test\" {} }\n"
#define IN_DOMAIN(text) "site \"s\" { domain \"a.test\" {\n" text "\n} }\n"

static const char *const roles[] = { "listmap", "virtuser", NULL };
static const char *const actions[] = { "post", "owner", NULL };
static const struct conf_generation mailmans[] = {
	{ "2.1", "/var/lib/mailman/lists", "mailman", "+-" },
	{ "9", "/var/lib/mailman9/lists", "mailman9", "+" },
	{ 0 },
};
static const struct conf_vocabulary words = { roles, actions, mailmans,
	NULL };

static struct {
	int n;
	char text[8192];
} said;

static void
sink(void *arg, enum log_level level, const char *line)
{
	size_t n = strlen(said.text);

	(void)arg;
	assert_int_equal(level, LEVEL_ERROR);
	said.n++;
	snprintf(said.text + n, sizeof(said.text) - n, "%s\n", line);
}

static int
setup(void **state)
{
	log_sink(sink, NULL);
	return fixture_setup(state);
}

static int
teardown(void **state)
{
	log_sink(NULL, NULL);
	return fixture_teardown(state);
}

static struct conf *
load_path(const char *path)
{
	said.n = 0;
	*said.text = '\0';
	return conf_load(path, &words);
}

static struct conf *
load(const char *text)
{
	fixture_file(fixture_path("x.conf"), text);
	return load_path(fixture_path("x.conf"));
}

static struct conf *
load_right(const char *text)
{
	struct conf *c = load(text);

	if (!c)
		fail_msg("%s%s", said.text, text);
	assert_int_equal(said.n, 0);
	return c;
}

/* TEXT is refused, and each line says where. */
static void
expect_wrong(const char *text, int line, const char *why)
{
	char where[2048];

	assert_null(load(text));
	if (said.n == 0)
		fail_msg("nothing said of: %s", text);
	snprintf(where, sizeof(where), "conf: %s:%d: ", fixture_path("x.conf"),
	    line);
	if (!str_starts(str_from(said.text), where) ||
	    !strstr(said.text, why))
		fail_msg("not in line %d, not '%s': %s%s", line, why,
		    said.text, text);
}

/*
 * What stands in no file.
 */

static void
defaults(void **state)
{
	struct conf *c = load_right(SITE "map \"m\" { role = \"virtuser\" }\n");
	const struct conf_site *s = &c->sites[0];
	const struct conf_domain *d = &s->domains[0];

	(void)state;
	assert_int_equal(c->listen.n, 1);
	assert_string_equal(c->listen.word[0], "local:/run/listmap/socket");
	assert_string_equal(c->socket_mode_text, "0666");
	assert_int_equal(c->socket_mode, 0666);
	assert_string_equal(c->socket_owner, "");
	assert_string_equal(c->socket_group, "");
	assert_string_equal(c->cache_dir, "/var/cache/listmap");
	assert_string_equal(c->user, "listmap");
	assert_string_equal(c->pidfile, "");
	assert_true(c->rescan == 300 && c->debounce == 0.1 &&
	    c->deadline == 2 && c->drain == 1800);
	assert_int_equal(c->max_connections, 10000);
	assert_string_equal(c->log, "auto");
	assert_string_equal(c->log_level, "info");
	assert_string_equal(c->refusal, "");
	assert_int_equal(c->nsites, 1);
	assert_string_equal(s->name, "s");
	assert_string_equal(s->mailman, "2.1");
	assert_string_equal(s->lists_dir, "/var/lib/mailman/lists");
	assert_string_equal(s->data_dir, "/var/lib/mailman/data");
	assert_string_equal(s->wrapper, "/var/lib/mailman/mail/mailman");
	assert_string_equal(s->delivery_user, "");
	assert_string_equal(s->delivery_group, "");
	assert_true(s->delivery_timeout == 600);
	assert_string_equal(s->hosts, "separate");
	assert_false(s->discover);
	assert_string_equal(s->plus, "verp");
	assert_string_equal(s->verp_delimiter, "+");
	assert_string_equal(s->site_list, "mailman");
	assert_string_equal(s->verify_misses, "auto");
	assert_string_equal(s->url, "");
	assert_int_equal(s->actions.n, 0);
	assert_int_equal(s->ndomains, 1);
	assert_string_equal(d->name, "a.test");
	assert_false(d->dedicated);
	assert_string_equal(d->alias, "");
	assert_int_equal(d->redirect.n + d->nredirects, 0);
	assert_int_equal(c->nmaps, 1);
	assert_string_equal(c->maps[0].name, "m");
	assert_int_equal(c->maps[0].sites.n, 0);
	conf_free(c);
	conf_free(NULL);
}

/* The test above has one line for each row there is. */
static void
every_option_has_a_row(void **state)
{
	size_t rows[CONF_SECTIONS] = { 0 };

	(void)state;
	for (const struct conf_option *o = conf_options; o->name; o++) {
		rows[o->section]++;
		assert_true(o->help && *o->help && o->value);
		for (const struct conf_option *p = conf_options; p < o; p++)
			assert_false(p->section == o->section &&
			    !strcmp(p->name, o->name));
	}
	assert_int_equal(rows[CONF_TOP], 15);
	assert_int_equal(rows[CONF_SITE], 19);
	assert_int_equal(rows[CONF_DOMAIN], 3);
	assert_int_equal(rows[CONF_MAP], 2);
}

/*
 * What a file says.
 */

static const char everything[] =
    "# All of it.\n"
    "listen = { \"inet:1\", 'local:/a b', local:/c }\n"
    "socket_mode = 0640 socket_owner = \"o\" socket_group = g\n"
    "cache_dir = /c user = \"${NO_SUCH:-root}\" pidfile = \"/p\"\n"
    "rescan = 1.5 debounce = 0 deadline = 0.25 drain = 0\n"
    "max_connections = 1 log = syslog log_level = debug\n"
    "refusal = \"{address} {list} {domain} {url} 100% \"\n"
    "site one { mailman = 9 lists_dir = \"/l//\" data_dir = \"/d\"\n"
    "  delivery_user = \"d u\" delivery_group = g"
    "  delivery_timeout = 86400\n"
    "  wrapper = /w plus = any actions = { owner, post }\n"
    "  verp_delimiter = \"+\" site_list = \"a list\"\n"
    "  hosts = any discover = true\n"
    "  lmtp = \"[::1]:24\" mailer = second settle = 0.5\n"
    "  verify_misses = no url = \"https://a/?b=$c&d=\\${e}\"\n"
    "  domain \"A.Test.\" { dedicated = true\n"
    "    redirect = { \"Abuse=U@Mail.test\", \"x=y+z@mail.test\" } }\n"
    "  domain \"b.test\" { alias = \"a.TEST.\" } }\n"
    "site \"two\" { lists_dir = \"/two\"\n"
    "  domain \"a.test\" { dedicated = yes } }\n"
    "map \"m\" { role = listmap site = { \"two\", \"one\" } }\n"
    "map vu { role = virtuser }\n";

static void
values(void **state)
{
	struct conf *c = load_right(everything);
	const struct conf_site *s = &c->sites[0];
	const struct conf_domain *d = &s->domains[0];

	(void)state;
	assert_int_equal(c->listen.n, 3);
	assert_string_equal(c->listen.word[1], "local:/a b");
	assert_null(c->listen.word[3]);
	assert_int_equal(c->socket_mode, 0640);
	assert_string_equal(c->user, "root");
	assert_true(c->rescan == 1.5 && c->debounce == 0 &&
	    c->deadline == 0.25 && c->drain == 0);
	assert_int_equal(c->max_connections, 1);
	assert_int_equal(c->nsites, 2);
	assert_string_equal(s->mailman, "9");
	assert_string_equal(s->lists_dir, "/l");
	assert_string_equal(s->lmtp, "[::1]:24");
	assert_string_equal(s->mailer, "second");
	assert_true(s->settle == 0.5);
	assert_string_equal(c->sites[1].lmtp, "[127.0.0.1]");
	assert_string_equal(c->sites[1].mailer, "mailman");
	assert_true(c->sites[1].settle == 2);
	assert_string_equal(s->data_dir, "/d");
	assert_string_equal(s->delivery_user, "d u");
	assert_string_equal(s->delivery_group, "g");
	assert_true(s->delivery_timeout == 86400);
	assert_true(c->sites[1].delivery_timeout == 600);
	assert_string_equal(s->hosts, "any");
	assert_true(s->discover);
	assert_string_equal(s->verp_delimiter, "+");
	assert_string_equal(s->site_list, "a list");
	assert_string_equal(s->url, "https://a/?b=$c&d=${e}");
	assert_int_equal(s->actions.n, 2);
	assert_string_equal(s->actions.word[0], "owner");
	assert_string_equal(d->name, "a.test");
	assert_true(d->dedicated);
	assert_int_equal(d->nredirects, 2);
	assert_string_equal(d->redirects[0].local, "abuse");
	assert_string_equal(d->redirects[0].target, "U@Mail.test");
	assert_string_equal(d->redirects[1].target, "y+z@mail.test");
	assert_string_equal(s->domains[1].alias, "a.test");
	assert_int_equal(c->nmaps, 2);
	assert_string_equal(c->maps[0].sites.word[1], "one");
	assert_null(c->maps[0].sites.word[2]);
	conf_free(c);
}

/* The hosts of the lists are its domains then. */
static void
a_site_without_a_domain(void **state)
{
	struct conf *c = load_right("site s { lists_dir = /l }\n");

	(void)state;
	assert_int_equal(c->nsites, 1);
	assert_int_equal(c->sites[0].ndomains, 0);
	conf_free(c);
	c = load_right("site s {}\nsite t { lists_dir = /t discover = on }\n");
	assert_int_equal(c->nsites, 2);
	conf_free(c);
}

/* The Mailman whose lists are there, the newest first. */
static void
mailmans_that_are_there(void **state)
{
	char two[1024], three[1024];
	const struct conf_generation here[] = { { "2.1", two, "mailman", "+" },
		{ "9", three, "mailman9", "+" }, { 0 } };
	const struct conf_vocabulary of_here = { roles, actions, here,
		NULL };
	struct conf *c;

	(void)state;
	snprintf(two, sizeof(two), "%s", fixture_path("two"));
	snprintf(three, sizeof(three), "%s", fixture_path("three"));
	c = conf_load(NULL, &of_here);
	assert_non_null(c);
	assert_int_equal(c->nsites, 1);
	assert_string_equal(c->sites[0].lists_dir, two);
	conf_free(c);
	fixture_mkdir(three);
	c = conf_load(NULL, &of_here);
	assert_non_null(c);
	assert_int_equal(c->nsites, 1);
	assert_string_equal(c->sites[0].name, "mailman9");
	assert_string_equal(c->sites[0].mailman, "9");
	assert_string_equal(c->sites[0].lists_dir, three);
	assert_string_equal(c->sites[0].mailer, "mailman9");
	conf_free(c);
	fixture_mkdir(two);
	c = conf_load(NULL, &of_here);
	assert_non_null(c);
	assert_int_equal(c->nsites, 2);
	assert_string_equal(c->sites[0].name, "mailman9");
	assert_string_equal(c->sites[1].name, "mailman");
	assert_string_equal(c->sites[1].lists_dir, two);
	conf_free(c);
}

/* Debian's paths, and the hosts of the lists. */
static void
find_the_newest(void *arg, const struct conf_generation *all, bool *there)
{
	const char **word = arg;

	*word = all[1].word;
	there[1] = true;
}

/* Programs that must not look themselves are told. */
static void
mailmans_that_somebody_finds(void **state)
{
	const char *word = NULL;
	const struct conf_finder finder = { find_the_newest, &word };
	const struct conf_vocabulary found = { roles, actions, mailmans,
		&finder };
	struct conf *c = conf_load(NULL, &found);

	(void)state;
	assert_non_null(c);
	assert_string_equal(word, "9");
	assert_int_equal(c->nsites, 1);
	assert_string_equal(c->sites[0].mailman, "9");
	conf_free(c);
}

static void
without_a_file(void **state)
{
	struct conf *c = load_path(NULL), *same;

	(void)state;
	assert_non_null(c);
	assert_int_equal(said.n, 0);
	assert_true(*c->path);
	assert_int_equal(c->nsites, 1);
	assert_string_equal(c->sites[0].lists_dir, "/var/lib/mailman/lists");
	assert_string_equal(c->sites[0].mailman, "2.1");
	assert_string_equal(c->sites[0].mailer, "mailman");
	assert_string_equal(c->sites[0].hosts, "separate");
	assert_int_equal(c->sites[0].ndomains, 0);
	assert_int_equal(c->nmaps, 0);
	same = load_right("site mailman {}\n");
	assert_string_equal(same->sites[0].name, c->sites[0].name);
	conf_free(same);
	conf_free(c);
}

static char *
print(const struct conf *c)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	conf_print(c, f);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void
what_is_printed_can_be_read(void **state)
{
	static const char *const texts[] = { SITE, everything,
		"user = '\"\\\\${HOME}\n\t\\x'\n" SITE };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct conf *c = load_right(texts[i]);
		char *first = print(c), *again;
		struct conf *back = load_right(first);

		again = print(back);
		assert_string_equal(first, again);
		assert_string_equal(c->user, back->user);
		assert_string_equal(c->sites[0].url, back->sites[0].url);
		assert_string_equal(c->sites[0].delivery_user,
		    back->sites[0].delivery_user);
		assert_string_equal(c->sites[0].delivery_group,
		    back->sites[0].delivery_group);
		assert_true(c->sites[0].delivery_timeout ==
		    back->sites[0].delivery_timeout);
		for (const struct conf_option *o = conf_options; o->name; o++)
			if (o->section != CONF_MAP)
				assert_non_null(strstr(first, o->name));
		free(first);
		free(again);
		conf_free(c);
		conf_free(back);
	}
}

/*
 * Wrong files.
 */

static const struct {
	const char *text;
	int line;
	const char *why;
} bad_values[] = {
	/* What is no option, or none there. */
	{ SITE "nosuch = 1\n", 2, "no such option 'nosuch'" },
	{ SITE "\ndedicated = true\n", 3,
	    "no such option 'dedicated'" },
	{ IN_SITE("rescan = 1"), 2, "no such option 'rescan'" },
	{ SITE "delivery_user = x\n", 2, "no such option 'delivery_user'" },
	{ IN_DOMAIN("url = x"), 2, "no such option 'url'" },
	/* What may be meant. */
	{ IN_DOMAIN("url = x"), 2, "'url' here: it belongs in a site" },
	{ IN_SITE("dedicated = true"), 2, "here: it belongs in a domain" },
	{ IN_SITE("listen = x"), 2, "it belongs outside of all sections" },
	{ SITE "role = x\n", 2, "it belongs in a map" },
	{ SITE "rescna = 5\n", 2, "no such option 'rescna': is 'rescan' meant?" },
	{ SITE "max_connection = 5\n", 2, "is 'max_connections' meant?" },
	{ IN_SITE("list_dir = /x"), 2, "is 'lists_dir' meant?" },
	{ SITE "sites \"t\" {}\n", 2, "is 'site' meant?" },
	{ IN_DOMAIN("dedicate = true"), 2, "is 'dedicated' meant?" },
	{ SITE "end = 1\n", 2, "no such option 'end'\n" },
	{ SITE "nosuch = 1\n", 2, "no such option 'nosuch'\n" },
	{ SITE "map m {\nlists_dir = x }\n", 3,
	    "no such option 'lists_dir'" },
	/* Numbers. */
	{ "rescan = 0.5\n" SITE, 1, "option 'rescan'" },
	{ "rescan = 86401\n" SITE, 1, "option 'rescan'" },
	{ "rescan = often\n" SITE, 1, "option 'rescan'" },
	{ "rescan = 5s\n" SITE, 1, "option 'rescan'" },
	{ "rescan = \"\"\n" SITE, 1, "option 'rescan'" },
	{ "rescan = nan\n" SITE, 1, "option 'rescan'" },
	{ "rescan = inf\n" SITE, 1, "option 'rescan'" },
	{ "\ndebounce = 2.1\n" SITE, 2, "option 'debounce'" },
	{ "debounce = -1\n" SITE, 1, "option 'debounce'" },
	{ "deadline = 0\n" SITE, 1, "option 'deadline'" },
	{ "deadline = 26\n" SITE, 1, "option 'deadline'" },
	{ "drain = -1\n" SITE, 1, "option 'drain'" },
	{ IN_SITE("delivery_timeout = 0"), 2, "'delivery_timeout'" },
	{ IN_SITE("delivery_timeout = 0.5"), 2, "'delivery_timeout'" },
	{ IN_SITE("delivery_timeout = 86401"), 2, "'delivery_timeout'" },
	{ IN_SITE("delivery_timeout = 10m"), 2, "'delivery_timeout'" },
	{ "max_connections = 0\n" SITE, 1, "'max_connections'" },
	{ "max_connections = 1.5\n" SITE, 1, "'max_connections'" },
	{ "max_connections = 1000001\n" SITE, 1, "'max_connections'" },
	{ "max_connections = 99999999999999999999\n" SITE, 1,
	    "'max_connections'" },
	/* Modes. */
	{ "socket_mode = 9\n" SITE, 1, "option 'socket_mode'" },
	{ "socket_mode = 01000\n" SITE, 1, "option 'socket_mode'" },
	{ "socket_mode = rw\n" SITE, 1, "option 'socket_mode'" },
	{ "socket_mode = \"\"\n" SITE, 1, "option 'socket_mode'" },
	{ "socket_mode = -1\n" SITE, 1, "option 'socket_mode'" },
	{ "socket_mode = \" 7\"\n" SITE, 1, "option 'socket_mode'" },
	/* Words. */
	{ "log = both\n" SITE, 1, "option 'log': no such value 'both' "
	    "(one of: auto, stderr, syslog)" },
	{ "log_level = all\n" SITE, 1, "option 'log_level'" },
	{ IN_SITE("mailman = 3"), 2, "option 'mailman'" },
	{ IN_SITE("plus = some"), 2, "option 'plus'" },
	{ IN_SITE("hosts = both"), 2, "option 'hosts'" },
	{ IN_SITE("discover = maybe"), 2, "option 'discover'" },
	{ IN_SITE("verify_misses = maybe"), 2,
	    "option 'verify_misses'" },
	{ IN_SITE("verp_delimiter = \"\""), 2, "option 'verp_delimiter': must "
	    "be one or more of the characters + - = _ . # ~, each once" },
	{ IN_SITE("verp_delimiter = \"x\""), 2, "'verp_delimiter'" },
	{ IN_SITE("verp_delimiter = \"+ -\""), 2, "'verp_delimiter'" },
	{ IN_SITE("verp_delimiter = \"+-+\""), 2, "'verp_delimiter'" },
	{ IN_SITE("verp_delimiter = \"@\""), 2, "'verp_delimiter'" },
	{ IN_SITE("verp_delimiter = \"%\""), 2, "'verp_delimiter'" },
	{ IN_SITE("verp_delimiter = \"\303\244\""), 2, "'verp_delimiter'" },
	{ IN_SITE("site_list = Mailman"), 2, "option 'site_list': must be "
	    "lower case" },
	{ IN_SITE("site_list = \"\""), 2, "'site_list'" },
	{ IN_SITE("site_list = \".\""), 2, "'site_list'" },
	{ IN_SITE("site_list = \"..\""), 2, "'site_list'" },
	{ IN_SITE("site_list = \"a/b\""), 2, "'site_list'" },
	{ IN_SITE("site_list = \"a@b\""), 2, "'site_list'" },
	{ IN_SITE("site_list = \"a\tb\""), 2, "'site_list'" },
	{ IN_SITE("actions = { post,\nloop }"), 3,
	    "option 'actions'" },
	{ SITE "map m { role = nosuch }\n", 2, "option 'role'" },
	{ IN_DOMAIN("dedicated = maybe"), 2, "option 'dedicated'" },
	/* Paths. */
	{ "cache_dir = cache\n" SITE, 1, "option 'cache_dir'" },
	{ "pidfile = ./pid\n" SITE, 1, "option 'pidfile'" },
	{ IN_SITE("lists_dir = lists"), 2, "option 'lists_dir'" },
	{ IN_SITE("data_dir = data"), 2, "option 'data_dir'" },
	{ "cache_dir = \"\"\n" SITE, 1, "option 'cache_dir'" },
	{ IN_SITE("lists_dir = \"\""), 2, "option 'lists_dir'" },
	{ IN_SITE("wrapper = \"\""), 2, "option 'wrapper'" },
	{ IN_SITE("wrapper = mailman"), 2, "option 'wrapper'" },
	{ IN_SITE("wrapper = \"/a b\""), 2, "option 'wrapper'" },
	{ IN_SITE("wrapper = '/a\"b'"), 2, "option 'wrapper'" },
	/* Texts. */
	{ "refusal = 'say \"no\"'\n" SITE, 1, "option 'refusal'" },
	{ "refusal = 'a\\\\b'\n" SITE, 1, "option 'refusal'" },
	{ "refusal = \"a\\nb\"\n" SITE, 1, "option 'refusal'" },
	{ "refusal = \"caf\303\251\"\n" SITE, 1, "option 'refusal'" },
	{ "refusal = \"{user}\"\n" SITE, 1, "option 'refusal'" },
	{ "refusal = \"{\"\n" SITE, 1, "option 'refusal'" },
	{ IN_SITE("lmtp = '::1'"), 2, "option 'lmtp'" },
	{ IN_SITE("lmtp = \"\""), 2, "option 'lmtp'" },
	{ IN_SITE("mailer = Mailman"), 2, "option 'mailer'" },
	{ IN_SITE("mailer = error"), 2, "option 'mailer'" },
	{ IN_SITE("mailer = mailman3456789012"), 2, "option 'mailer'" },
	{ IN_SITE("settle = 61"), 2, "option 'settle'" },
	{ IN_SITE("url = 'http://a b'"), 2, "option 'url'" },
	{ IN_SITE("url = '<http://a>'"), 2, "option 'url'" },
	/* Addresses. */
	{ IN_DOMAIN("redirect = { \"abuse\" }"), 2, "'redirect'" },
	{ IN_DOMAIN("redirect = { \"=a@b\" }"), 2, "'redirect'" },
	{ IN_DOMAIN("redirect = { \"a=b\" }"), 2, "'redirect'" },
	{ IN_DOMAIN("redirect = { \"a=b@\" }"), 2, "'redirect'" },
	{ IN_DOMAIN("redirect = { \"a=@b\" }"), 2, "'redirect'" },
	{ IN_DOMAIN("redirect = { \"a=b@c.\" }"), 2, "'redirect'" },
	{ IN_DOMAIN("redirect = { \"a@d=b@c\" }"), 2, "'redirect'" },
	{ IN_DOMAIN("redirect = { \"a+d=b@c\" }"), 2, "'redirect'" },
	{ IN_DOMAIN("redirect = { \"a=b c@d\" }"), 2, "'redirect'" },
	{ IN_DOMAIN("redirect = { \"a=b%c@d\" }"), 2, "'redirect'" },
	{ IN_DOMAIN("redirect = { \"a=b,c@d\" }"), 2, "'redirect'" },
	{ IN_DOMAIN("alias = \"a b\""), 2, "option 'alias'" },
	{ IN_DOMAIN("alias = \".b\""), 2, "option 'alias'" },
	{ IN_DOMAIN("alias = \"b\u00fccher.test\""), 2, "xn-- form" },
	{ IN_DOMAIN("redirect = { \"a=b@b\u00fccher.test\" }"), 2,
	    "xn-- form" },
	{ IN_DOMAIN("redirect = { \"b\u00fc=b@c\" }"), 2,
	    "cannot be there" },
};

static void
wrong_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_values); i++)
		expect_wrong(bad_values[i].text, bad_values[i].line,
		    bad_values[i].why);
}

static const struct {
	const char *text;
	int line;
	const char *why;
} bad_syntax[] = {
	{ "", 1, "no site" },
	{ "# nothing\n", 1, "no site" },
	{ SITE "rescan\n", 4, "" },
	{ SITE "rescan = {\n", 2, "" },
	{ SITE "rescan = { 1 }\n", 2, "" },
	{ SITE "}\n", 2, "closing brace" },
	{ SITE "listen = { \"a\"", 3, "not closed" },
	/* A file that was cut off. */
	{ "site s { domain a {}", 2, "not closed" },
	{ "site s { domain a {} domain b {", 2, "not closed" },
	{ SITE "map \"m\" {\nrole = virtuser", 4, "not closed" },
	/* The line where a quote opens, not where that is noticed. */
	{ SITE "user = \"x", 2, "never closed" },
	{ SITE "user = \"x\n\n", 2, "never closed" },
	{ "user = \"x\n# it's\ncache_dir = \"/c\"\n" SITE, 1,
	    "closed in line 3: is one missing? (line 3: " },
	{ "log = 'auto\ncache_dir = '/c'\n" SITE, 1, "closed in line 2" },
	{ SITE "rescan = 5\nuser = don't\n", 3, "never closed" },
	{ IN_DOMAIN("redirect = { \"a=b@c, \"d=e@f\" }"), 2, "never closed" },
	{ "pidfile = \"a\n\"\n" SITE, 1, "'pidfile': must be an absolute" },
	/* An error before such a string is another one. */
	{ "nosuch = 1\n" SITE "user = \"x\n\"\n", 1, "no such option" },
	/* What editors and web pages make of quotes and blanks. */
	{ "listen = \u201clocal:/x\u201d\n" SITE, 1, "a typographic quote" },
	{ SITE "user = \u2018root\u2019\n", 2, "a typographic quote" },
	{ SITE "user = \u00abroot\u00bb\n", 2, "a typographic quote" },
	{ SITE "\n\u00a0rescan = 5\n", 3, "a no-break space" },
	{ SITE "rescan =\u202f5\n", 2, "a no-break space" },
	{ SITE "rescan\u200b = 5\n", 2, "an invisible character" },
	{ SITE "\ufeffrescan = 5\n", 2, "an invisible character" },
	{ SITE "/* user = root\n", 2, "a comment that begins here" },
	{ "site { domain a {} }\n", 1, "missing title" },
	{ "site \"s\" domain\n", 1, "" },
	/* Twice. */
	{ SITE SITE, 2, "duplicate" },
	{ SITE "map m { role = listmap }\nmap m { role = listmap }\n",
	    3, "duplicate" },
	{ "site s { domain a {}\ndomain a {} }\n", 2, "duplicate" },
	{ "site s { domain a {}\ndomain A {} }\n", 2, "twice" },
	{ "site s { domain a {}\ndomain \"a.\" {} }\n", 2, "twice" },
};

static void
wrong_syntax(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_syntax); i++)
		expect_wrong(bad_syntax[i].text, bad_syntax[i].line,
		    bad_syntax[i].why);
}

/* They are none where nobody reads them, or where they are a value. */
static void
look_alikes_in_their_place(void **state)
{
	struct conf *c = load_right("# \u201cquoted\u201d,\u00a0\n"
	    "user = \"\u201cme\u201d\u00a0\"\n" SITE);

	(void)state;
	assert_string_equal(c->user, "\u201cme\u201d\u00a0");
	conf_free(c);
	c = load_right("user = \"a\nb\" rescan = 5\n" SITE);
	assert_string_equal(c->user, "a\nb");
	conf_free(c);
}

/* What Windows' editors write. */
static void
byte_order_marks(void **state)
{
	struct conf *c = load_right("\ufeffrescan = 7\r\n" SITE);

	(void)state;
	assert_true(c->rescan == 7);
	conf_free(c);
	c = load_right("\ufeff# nothing\r\n" SITE);
	conf_free(c);
	assert_null(load("\xff\xfer"));
	assert_non_null(strstr(said.text, "is UTF-16"));
}

static const struct {
	const char *text;
	int line;
	const char *why;
} bad_together[] = {
	{ "site \"a/b\" { domain a {} }\n", 1, "site \"a/b\"" },
	{ "site \".a\" { domain a {} }\n", 1, "site \".a\"" },
	{ "site \"a b\" { domain a {} }\n", 1, "site \"a b\"" },
	{ "site \"\" { domain a {} }\n", 1, "site \"\"" },
	{ "site a { lists_dir = /l domain a {} }\n"
	  "site b { lists_dir = \"/l/\" domain b {} }\n", 2,
	    "'lists_dir'" },
	{ "site a { lists_dir = /a domain d {} }\n"
	  "site b { lists_dir = /b mailman = 9 mailer = mailman }\n", 2,
	    "'mailer'" },
	{ "site a { lists_dir = /a lmtp = x domain d {} }\n"
	  "site b { lists_dir = /b lmtp = y domain d {} }\n", 2,
	    "'mailer'" },
	{ "site s { mailman = 9 verp_delimiter = \"+-\" domain a {} }\n", 1,
	    "'-' cannot be one for Mailman 9" },
	{ "site s { domain \"a b\" {} }\n", 1, "no domain name" },
	{ "site s { domain \"b\u00fccher.test\" {} }\n", 1, "xn-- form" },
	{ "site s { domain b\u00fccher.test {} }\n", 1, "xn-- form" },
	{ "site s { domain \"\" {} }\n", 1, "no domain name" },
	{ "site s { domain \".\" {} }\n", 1, "no domain name" },
	{ "site s { domain \"a..b\" {} }\n", 1, "no domain name" },
	{ "site s { domain \"a..\" {} }\n", 1, "no domain name" },
	{ "site s { domain \"-a\" {} }\n", 1, "no domain name" },
	{ "site s { domain \"a@b\" {} }\n", 1, "no domain name" },
	/* One domain in two sites. */
	{ "site a { lists_dir = /a domain d { dedicated = true } }\n"
	  "site b { lists_dir = /b domain D {} }\n", 2,
	    "'dedicated'" },
	{ "site a { lists_dir = /a domain e {} domain d {} }\n"
	  "site b { lists_dir = /b domain d { alias = e } }\n", 2,
	    "'alias'" },
	/* Aliases. */
	{ IN_DOMAIN("alias = \"b.test\""), 2, "no site has" },
	{ IN_DOMAIN("alias = \"a.test\""), 2, "is an alias itself" },
	{ "site s { domain a {}\ndomain b { alias = a }\n"
	  "domain c { alias = b } }\n", 3, "is an alias itself" },
	{ "site s { domain a { alias = b }\n"
	  "domain b { alias = a } }\n", 1, "is an alias itself" },
	{ "site s { domain a {}\n"
	  "domain b { alias = a dedicated = true } }\n", 2,
	    "takes dedicated and redirect from" },
	{ "site s { domain a {}\n"
	  "domain b { alias = a redirect = { \"x=y@z\" } } }\n", 2,
	    "takes dedicated and redirect from" },
	/* Redirects. */
	{ IN_DOMAIN("redirect = { \"a=b@c\", \"A=d@e\" }"), 2,
	    "there twice" },
	{ IN_DOMAIN("redirect = { \"a=a@a.test\" }"), 2, "itself" },
	{ IN_DOMAIN("redirect = { \"a=A@A.Test\" }"), 2, "itself" },
	{ IN_DOMAIN("redirect = { \"a=a+x@a.test\" }"), 2, "itself" },
	{ IN_DOMAIN("redirect = { \"a=b@a.test\",\"b=a@a.test\" }"), 2,
	    "itself" },
	/* A circle that one only runs into. */
	{ IN_DOMAIN("redirect = { \"c=a@a.test\",\"a=b@a.test\","
	    "\"b=a@a.test\" }"), 2, "itself" },
	{ "site s { domain a { redirect = { \"x=x@b\" } }\n"
	  "domain b { alias = a } }\n", 1, "itself" },
	{ "site s { lists_dir = /s\n"
	  "domain a { redirect = { \"x=y@b\" } } }\n"
	  "site t { domain b { redirect = { \"y=x@a\" } } }\n", 2,
	    "itself" },
	/* Maps. */
	{ SITE "map m {\nsite = { s } }\n", 3, "'role' is missing" },
	{ SITE "map \".m\" { role = listmap }\n", 2, "map \".m\"" },
	{ SITE "map \"a b\" { role = listmap }\n", 2, "map \"a b\"" },
	{ SITE "map \"\" { role = listmap }\n", 2, "map \"\"" },
	{ SITE "map m { role = listmap site = { x } }\n", 2,
	    "no site \"x\"" },
};

static void
wrong_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_together); i++)
		expect_wrong(bad_together[i].text, bad_together[i].line,
		    bad_together[i].why);
}

static void
every_error_is_said(void **state)
{
	(void)state;
	assert_null(load("site \"a/\" { lists_dir = /a domain \"a b\" {} }\n"
	    "site b { lists_dir = /b domain \"c d\" {} }\n"
	    "map m {}\n"));
	assert_int_equal(said.n, 4);
}

static void
long_domains(void **state)
{
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), "site s { domain \"%0*d\" {} }", 180, 0);
	conf_free(load_right(text));
	snprintf(text, sizeof(text), "site s { domain \"%0*d\" {} }", 181, 0);
	expect_wrong(text, 1, "no domain name");
	snprintf(text, sizeof(text), IN_DOMAIN("redirect = { \"a=%0*d@b\" }"),
	    200, 0);
	expect_wrong(text, 2, "too long");
}

/* Where a daemon is whose file is wrong by now. */
static void
finds_the_listener(void **state)
{
	static const struct {
		const char *text, *address;
	} rows[] = {
		{ "", "local:/run/listmap/socket" },
		{ SITE, "local:/run/listmap/socket" },
		{ "listen = { \"local:/a\", \"local:/b\" }\n", "local:/a" },
		{ "listen=/a user=b\n", "/a" },
		{ "listen = {local:/a,/b}\n", "local:/a" },
		{ "listen += 'inet:1@::1'\n", "inet:1@::1" },
		{ "listen = {\n\t\"/a b\"\n}\n", "/a b" },
		{ "\ufefflisten = /a\r\n", "/a" },
		/* Whatever stands around it. */
		{ "# listen = /a\n}}{ listen = /b\n", "/b" },
		{ "site x { user = 1, 2 \nlisten = /b\n", "/b" },
		{ "user = \"x\nlisten = /b\n", "/b" },
		{ "user = \u201cx\u201d\nlisten = /b\n", "/b" },
		{ "listen = /b\n/* no end", "/b" },
		/* What is none. */
		{ "listen\n", "local:/run/listmap/socket" },
		{ "listen = {}\nlisten = /b\n", "/b" },
		{ "listen = \"\"\n", "local:/run/listmap/socket" },
		{ "listen == /a\n", "local:/run/listmap/socket" },
		{ "listening = /a\n", "local:/run/listmap/socket" },
	};
	char *address = conf_listen(fixture_path("nosuch"));

	(void)state;
	assert_string_equal(address, "local:/run/listmap/socket");
	free(address);
	for (size_t i = 0; i < COUNT(rows); i++) {
		fixture_file(fixture_path("x.conf"), rows[i].text);
		address = conf_listen(fixture_path("x.conf"));
		if (strcmp(address, rows[i].address))
			fail_msg("%s: %s", rows[i].text, address);
		free(address);
	}
}

static void
nul_bytes(void **state)
{
	const char *path = fixture_path("nul");
	FILE *f = fopen(path, "w");

	(void)state;
	assert_non_null(f);
	assert_int_equal(fwrite(SITE "#\0", 1, sizeof(SITE) + 1, f),
	    sizeof(SITE) + 1);
	assert_int_equal(fclose(f), 0);
	assert_null(load_path(path));
	assert_int_equal(said.n, 1);
	assert_non_null(strstr(said.text, "NUL"));
}

static void
options_set_twice(void **state)
{
	static const struct {
		const char *text, *said; /* NULL: nothing */
	} rows[] = {
		{ "listen = \"/a\"\nlisten = \"/b\"\n" SITE,
		    ":2: option 'listen' is set a second time: what it was "
		    "before is dropped (+= would add)" },
		{ "listen = {\"/a\", \"/b\"}\nlisten = {\"/b\",\n\"/c\"}\n" SITE,
		    ":2: option 'listen' is set a second time" },
		{ "cache_dir = \"/a\"\n" SITE "cache_dir = \"/a\"\n",
		    ":3: option 'cache_dir' is set a second time: what it was "
		    "before is dropped" },
		{ "rescan = 3\nrescan = 4\n" SITE, ":2: option 'rescan'" },
		{ IN_SITE("discover = true\ndiscover = no"),
		    ":3: option 'discover'" },
		{ IN_DOMAIN("redirect = \"a=b@c.d\" redirect += \"e=b@c.d\"\n"
		    "redirect = \"f=b@c.d\""), ":3: option 'redirect'" },
		{ "map \"m\" { role = listmap\nrole = virtuser }\n" SITE,
		    ":2: option 'role'" },
		{ "listen = \"/a\" listen += \"/b\" listen += {\"/c\", \"/d\"}\n"
		    SITE, NULL },
		{ "listen += \"/a\" listen += \"/b\"\n" SITE, NULL },
		{ "listen = { \"/a\" }\n" SITE, NULL },
		{ "listen = { \"/a\" } listen += { \"/b\" }\n" SITE, NULL },
		{ "listen = { \"/a\" } listen = { \"/b\" }\n" SITE,
		    ":1: option 'listen'" },
		{ "site \"a\" { discover = true lists_dir = \"/a\" }\n"
		    "site \"b\" { discover = true lists_dir = \"/b\" }", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf *c = load(rows[i].text);

		assert_non_null(c);
		assert_int_equal(c->repeated.n, rows[i].said != NULL);
		if (rows[i].said && !strstr(c->repeated.word[0], rows[i].said))
			fail_msg("%zu: %s", i, c->repeated.word[0]);
		conf_free(c);
	}
}

static void
files_that_are_none(void **state)
{
	static const struct {
		const char *path, *why;
	} rows[] = {
		{ "nosuch", "No such file" },
		{ "lists", "Is a directory" },
		{ "closed", "Permission denied" },
	};

	(void)state;
	fixture_file(fixture_path("closed"), SITE);
	assert_int_equal(chmod(fixture_path("closed"), 0), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *path = fixture_path("%s", rows[i].path);

		assert_null(load_path(path));
		assert_int_equal(said.n, 1);
		assert_non_null(strstr(said.text, path));
		if (!strstr(said.text, rows[i].why))
			fail_msg("%s", said.text);
	}
	/* Without end. */
	assert_null(load_path("/dev/zero"));
	assert_non_null(strstr(said.text, "File too large"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(defaults),
		TEST(every_option_has_a_row),
		TEST(values),
		TEST(a_site_without_a_domain),
		TEST(without_a_file),
		TEST(mailmans_that_are_there),
		TEST(mailmans_that_somebody_finds),
		TEST(what_is_printed_can_be_read),
		TEST(wrong_values),
		TEST(wrong_syntax),
		TEST(look_alikes_in_their_place),
		TEST(byte_order_marks),
		TEST(wrong_together),
		TEST(every_error_is_said),
		TEST(long_domains),
		TEST(finds_the_listener),
		TEST(nul_bytes),
		TEST(options_set_twice),
		TEST(files_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
