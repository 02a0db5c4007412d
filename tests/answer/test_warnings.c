#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/log.h"
#include "mailman/sites.h"
#include "answer/warnings.h"
#include "tests/sample.h"

static struct {
	struct conf *conf;
	struct sample sample;
	struct sites *sites;
	int lines;
	char said[4096];
} at;

static void
sink(void *arg, enum log_level level, const char *line)
{
	size_t n = strlen(at.said);

	(void)arg;
	assert_int_equal(level, LEVEL_WARN);
	at.lines++;
	snprintf(at.said + n, sizeof(at.said) - n, "%s\n", line);
}

static void
build(const char *conf, const char *const *names)
{
	const struct lists *lists[] = { &at.sample.lists, &at.sample.lists };

	at.conf = sample_conf(conf);
	sample_lists(&at.sample, names);
	at.sites = sample_sites(at.conf, lists);
	at.lines = 0;
	*at.said = '\0';
	log_sink(sink, NULL);
}

static void
clear(void)
{
	log_sink(NULL, NULL);
	sites_free(at.sites);
	conf_free(at.conf);
}

static void
roles_that_lead_nowhere(void **state)
{
	static const char conf[] =
	    "site \"s\" { lists_dir = \"/s\"\n"
	    "  domain \"none.test\" { dedicated = true }\n"
	    "  domain \"one.test\" { dedicated = true\n"
	    "    redirect = { \"postmaster=root@mail.test\" } }\n"
	    "  domain \"nick.test\" { alias = \"one.test\" }\n"
	    "  domain \"list.test\" { dedicated = true }\n"
	    "  domain \"shared.test\" {} }\n";
	static const char *const names[] = { "postmaster@list.test",
		"abuse@list.test", NULL };

	(void)state;
	build(conf, names);
	warnings_log(at.sites);
	assert_int_equal(at.lines, 3);
	assert_non_null(strstr(at.said, "postmaster@none.test"));
	assert_non_null(strstr(at.said, "abuse@none.test"));
	assert_non_null(strstr(at.said, "abuse@one.test"));
	/* No answer is not nowhere. */
	at.lines = 0;
	at.sample.away = true;
	warnings_log(at.sites);
	assert_int_equal(at.lines, 0);
	clear();
}

#define CONF(more) \
	"site \"s\" { lists_dir = \"/s\" " more "\n" \
	"  domain \"a.test\" {} }\n"

/* Directories of Mailman 3 do not tell where their names end. */
static void
sites_without_a_domain(void **state)
{
	static const char *const plain[] = { "a.d.test", NULL };
	static const char *const told[] = { "a.d.test@d.test", NULL };

	(void)state;
	build("site three { mailman = 3 }", plain);
	warnings_log(at.sites);
	assert_int_equal(at.lines, 1);
	assert_non_null(strstr(at.said, "site three has no domain"));
	clear();
	build("site three { mailman = 3 }", told);
	warnings_log(at.sites);
	assert_int_equal(at.lines, 0);
	clear();
	build("site three { mailman = 3 domain \"d.test\" {} }", plain);
	warnings_log(at.sites);
	assert_int_equal(at.lines, 0);
	clear();
}

static void
foreign_hosts(void **state)
{
	static const char *const some[] = { "a@a.test", "b@far.test",
		"c@far.test", "d@other.test", "e", NULL };
	static const char *const none[] = { "a@a.test", NULL };
	static const char *const odd[] = { "a@far\n.test", NULL };

	(void)state;
	build(CONF(""), some);
	warnings_log(at.sites);
	assert_int_equal(at.lines, 2);
	assert_non_null(strstr(at.said, "site s: 3 lists answer at every "
	    "domain, for their host is no domain of the site: 2 far.test, "
	    "1 other.test"));
	assert_non_null(strstr(at.said, "site s: 1 lists answer at every "
	    "domain, for they name no host"));
	/* Said once, as long as nothing changes. */
	warnings_foreign_hosts(at.sites, at.sites);
	assert_int_equal(at.lines, 2);
	/* One list more is another number. */
	assert_true(sites_count_lists(at.sites, &at.sample.lists));
	assert_false(sites_count_lists(at.sites, NULL));
	clear();

	build(CONF(""), none);
	warnings_log(at.sites);
	assert_int_equal(at.lines, 0);
	assert_false(sites_count_lists(at.sites, &at.sample.lists));
	clear();

	build(CONF(""), odd);
	warnings_log(at.sites);
	assert_non_null(strstr(at.said, "far\\x0A.test"));
	clear();

	/* Where every list is everywhere, no host is a foreign one. */
	build(CONF("hosts = any"), some);
	warnings_log(at.sites);
	assert_int_equal(at.lines, 0);
	assert_false(sites_count_lists(at.sites, &at.sample.lists));
	clear();
}

/* Not more of them than a line can hold. */
static void
many_foreign_hosts(void **state)
{
	static const char *const many[] = { "a@1.test", "b@2.test", "c@2.test",
		"d@3.test", "e@4.test", "f@5.test", "g@6.test", "h@7.test",
		NULL };
	char text[256];
	struct buf b;

	(void)state;
	build(CONF(""), many);
	buf_over(&b, text, sizeof(text));
	warnings_put_hosts(&b, &at.sites->site[0]);
	assert_string_equal(buf_cstr(&b), "2 2.test, 1 1.test, 1 3.test, "
	    "1 4.test, 1 5.test, and 2 hosts more");
	clear();
}

static void
foreign_hosts_that_come_and_go(void **state)
{
	static const char *const before[] = { "a@far.test", NULL };
	static const char *const after[] = { "a@far.test", "b@far.test", "c",
		NULL };
	const struct lists *lists[] = { &at.sample.lists };
	struct sites *old, *all;

	(void)state;
	build(CONF(""), before);
	old = at.sites;
	at.sample.known = after;
	all = sample_sites(at.conf, lists);
	warnings_foreign_hosts(old, all);
	assert_int_equal(at.lines, 2);
	assert_non_null(strstr(at.said, "2 lists"));
	assert_non_null(strstr(at.said, "1 lists"));
	at.sites = all;
	sites_free(old);
	clear();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_that_lead_nowhere),
		cmocka_unit_test(sites_without_a_domain),
		cmocka_unit_test(foreign_hosts),
		cmocka_unit_test(many_foreign_hosts),
		cmocka_unit_test(foreign_hosts_that_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
