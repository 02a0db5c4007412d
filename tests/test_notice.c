#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sample.h"
#include "base/log.h"
#include "programs/notice.h"

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
	notice_all(at.sites);
	assert_int_equal(at.lines, 3);
	assert_non_null(strstr(at.said, "postmaster@none.test"));
	assert_non_null(strstr(at.said, "abuse@none.test"));
	assert_non_null(strstr(at.said, "abuse@one.test"));
	/* No answer is not nowhere. */
	at.lines = 0;
	at.sample.away = true;
	notice_all(at.sites);
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
	notice_all(at.sites);
	assert_int_equal(at.lines, 1);
	assert_non_null(strstr(at.said, "site three has no domain"));
	clear();
	build("site three { mailman = 3 }", told);
	notice_all(at.sites);
	assert_int_equal(at.lines, 0);
	clear();
	build("site three { mailman = 3 domain \"d.test\" {} }", plain);
	notice_all(at.sites);
	assert_int_equal(at.lines, 0);
	clear();
}

static void
strangers(void **state)
{
	static const char *const some[] = { "a@a.test", "b@far.test",
		"c@far.test", "d", NULL };
	static const char *const none[] = { "a@a.test", NULL };
	static const char *const unknown[] = { "a", NULL };
	static const char *const odd[] = { "a@far\n.test", NULL };

	(void)state;
	build(CONF(""), some);
	notice_all(at.sites);
	assert_int_equal(at.lines, 1);
	assert_non_null(strstr(at.said, "site s: 3 lists answer at every "
	    "domain"));
	assert_non_null(strstr(at.said, "far.test"));
	/* Said once, as long as nothing changes. */
	notice_strangers(at.sites, at.sites);
	assert_int_equal(at.lines, 1);
	clear();

	build(CONF(""), none);
	notice_all(at.sites);
	assert_int_equal(at.lines, 0);
	clear();

	build(CONF(""), unknown);
	notice_all(at.sites);
	assert_int_equal(at.lines, 1);
	assert_non_null(strstr(at.said, "unknown"));
	clear();

	build(CONF(""), odd);
	notice_all(at.sites);
	assert_non_null(strstr(at.said, "far\\x0A.test"));
	clear();

	/* Where every list is everywhere, nobody is a stranger. */
	build(CONF("hosts = any"), some);
	notice_all(at.sites);
	assert_int_equal(at.lines, 0);
	clear();
}

static void
strangers_that_come_and_go(void **state)
{
	static const char *const before[] = { "a@far.test", NULL };
	static const char *const after[] = { "a@far.test", "b", NULL };
	const struct lists *lists[] = { &at.sample.lists };
	struct sites *old, *all;

	(void)state;
	build(CONF(""), before);
	old = at.sites;
	at.sample.known = after;
	all = sample_sites(at.conf, lists);
	notice_strangers(old, all);
	assert_int_equal(at.lines, 1);
	assert_non_null(strstr(at.said, "2 lists"));
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
		cmocka_unit_test(strangers),
		cmocka_unit_test(strangers_that_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
