#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/log.h"
#include "wire/socketmap.h"
#include "maps/maps.h"
#include "answer/answer.h"
#include "tests/sample.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char text[] =
    "site \"one\" { lists_dir = \"/one\"\n"
    "  domain \"one.test\" {} domain \"both.test\" {} }\n"
    "site \"two\" { lists_dir = \"/two\"\n"
    "  domain \"two.test\" {} domain \"both.test\" {} }\n"
    "map \"vulists\" { role = \"virtuser\" }\n"
    "map \"second\" { role = \"listmap\" site = { \"two\" } }\n"
    /* The name of a role that is another role's here. */
    "map \"transport\" { role = \"recipients\" }\n"
    "map \"redirect\" { role = \"listmap\" site = { \"one\" } }\n";

static const char *const in_one[] = { "foo", NULL };
static const char *const in_two[] = { "bar", NULL };

static struct {
	struct conf *conf;
	struct sample one, two;
	struct answer *answer;
	int lines;
	char line[512];
} at;

/* Key "big" asks for more than a reply holds, "old" for what is gone. */
static int
status(void *arg, struct str key, struct buf *out)
{
	assert_ptr_equal(arg, &at);
	buf_add(out, "all is well\n");
	for (size_t i = 0; str_is(key, "big") && i < SOCKETMAP_REPLY_MAX; i++)
		buf_char(out, 'x');
	return str_is(key, "old") ? -1 : 0;
}

static void
sink(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	at.lines++;
	snprintf(at.line, sizeof(at.line), "%s", line);
}

static struct answer *
make(answer_status_fn *fn)
{
	const struct lists *lists[] = { &at.one.lists, &at.two.lists };
	struct answer *a = answer_new(at.conf, lists, fn, &at);

	assert_non_null(a);
	return a;
}

static int
setup(void **state)
{
	(void)state;
	at.conf = sample_conf(text);
	sample_lists(&at.one, in_one);
	sample_lists(&at.two, in_two);
	at.answer = make(status);
	at.lines = 0;
	log_level(LEVEL_INFO);
	log_sink(sink, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	log_sink(NULL, NULL);
	answer_free(at.answer);
	conf_free(at.conf);
	return 0;
}

/* The reply to REQUEST must begin with START. */
static void
expect(struct answer *a, struct str request, const char *start)
{
	struct buf out;
	struct str reply;
	size_t colon;

	buf_init(&out, SOCKETMAP_REPLY_MAX + 16);
	answer_request(a, request, &out);
	answer_log(a);
	assert_false(out.failed);
	colon = str_find(buf_get(&out), ':');
	assert_true(colon != STR_NONE);
	reply = str_tail(buf_get(&out), colon + 1);
	if (!str_starts(reply, start))
		fail_msg("%.*s: %.*s", (int)request.n, request.p, (int)reply.n,
		    reply.p);
	buf_clear(&out);
}

static void
answers_by_name(void **state)
{
	static const struct {
		const char *request, *reply;
	} rows[] = {
		{ "virtuser foo@one.test", "OK %1@one.test.mailman," },
		{ "vulists foo@one.test", "OK %1@one.test.mailman," },
		{ "listmap foo@one.test", "OK mailman:one.test," },
		{ "listmap bar@both.test", "OK mailman:both.test," },
		{ "listmap nosuch@one.test", "NOTFOUND ," },
		{ "listmap ", "NOTFOUND ," },
		{ "listmap  foo@one.test", "NOTFOUND ," },
		{ "domains one.test", "OK OK," },
		{ "aliases bar", "OK \"|" },
		/* One site's lists and domains alone. */
		{ "second bar@two.test", "OK mailman:two.test," },
		{ "second bar@both.test", "OK mailman:both.test," },
		{ "second foo@both.test", "NOTFOUND ," },
		{ "second foo@one.test", "NOTFOUND ," },
		/* What the configuration says of a role's name counts. */
		{ "transport foo@one.test", "OK OK," },
		{ "redirect foo@one.test", "OK mailman:one.test," },
		{ "redirect bar@two.test", "NOTFOUND ," },
		{ "recipients foo@one.test", "OK OK," },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect(at.answer, str_from(rows[i].request), rows[i].reply);
	assert_int_equal(at.lines, 0);
}

static void
no_answer_is_temp(void **state)
{
	(void)state;
	at.one.away = true;
	expect(at.answer, STR("listmap foo@one.test"), "TEMP the lists");
	expect(at.answer, STR("virtuser x@both.test"), "TEMP the lists");
	expect(at.answer, STR("listmap bar@both.test"), "OK ");
	/* A map of the other site does not know this one. */
	expect(at.answer, STR("second x@both.test"), "NOTFOUND ,");
	at.two.doubtful = "doubt";
	expect(at.answer, STR("second doubt@two.test"), "TEMP this list");
}

static void
what_nobody_understands_is_temp(void **state)
{
	(void)state;
	expect(at.answer, STR("nosuch foo@one.test"), "TEMP ");
	assert_int_equal(at.lines, 1);
	assert_non_null(strstr(at.line, "nosuch"));
	expect(at.answer, STR("Listmap foo@one.test"), "TEMP ");
	expect(at.answer, STR(" foo@one.test"), "TEMP ");
	expect(at.answer, STR("a\nb\377 foo@one.test"), "TEMP ");
	/* Any peer can cause it, so it is said once. */
	assert_int_equal(at.lines, 1);
	expect(at.answer, STR("listmap"), "TEMP ");
	assert_int_equal(at.lines, 2);
	expect(at.answer, STR(""), "TEMP ");
	assert_int_equal(at.lines, 2);
}

static void
names_are_logged_printable(void **state)
{
	(void)state;
	expect(at.answer, STR("a\nb\377 foo@one.test"), "TEMP ");
	assert_int_equal(at.lines, 1);
	assert_non_null(strstr(at.line, "a\\x0Ab\\xFF"));
}

static void
each_look_up_is_logged_for_debugging(void **state)
{
	(void)state;
	log_level(LEVEL_DEBUG);
	expect(at.answer, STR("listmap foo@one.test"), "OK ");
	assert_int_equal(at.lines, 1);
	assert_non_null(strstr(at.line, "listmap foo@one.test: found"));
	expect(at.answer, STR("listmap f\n@one.test"), "NOTFOUND ");
	assert_non_null(strstr(at.line, "listmap f\\x0A@one.test: absent"));
	at.one.away = true;
	expect(at.answer, STR("listmap foo@one.test"), "TEMP ");
	assert_non_null(strstr(at.line, ": no answer"));
}

static void
tells_its_status(void **state)
{
	struct answer *mute = make(NULL);

	(void)state;
	expect(at.answer, STR(".status "), "OK all is well\n,");
	expect(at.answer, STR(".status x"), "OK all is well\n,");
	expect(at.answer, STR(".status"), "TEMP ");
	expect(at.answer, STR(".status big"), "TEMP out of memory, or");
	expect(at.answer, STR(".status old"), "TEMP all is well");
	expect(mute, STR(".status "), "TEMP ");
	answer_free(mute);
	answer_free(NULL);
}

/* A domain of so many sites that their names fill more than a reply. */
static void
explains_whole_or_not_at_all(void **state)
{
	enum { SITES = 2000 };
	static const struct lists *lists[SITES];
	struct conf *conf;
	struct answer *a;
	struct buf all;

	(void)state;
	buf_init(&all, 1 << 20);
	for (int i = 0; i < SITES; i++) {
		buf_printf(&all, "site \"%060d\" { lists_dir = /%d\n"
		    "domain \"one.test\" {} }\n", i, i);
		lists[i] = &at.one.lists;
	}
	conf = sample_conf(buf_cstr(&all));
	a = answer_new(conf, lists, NULL, NULL);
	expect(a, STR(".explain recipients nobody@one.test"),
	    "TEMP out of memory, or the value is too long");
	answer_free(a);
	conf_free(conf);
	buf_clear(&all);
}

static void
explains(void **state)
{
	(void)state;
	expect(at.answer, STR(".explain listmap foo-bounces+x@one.test"),
	    "OK site one (Mailman 2.1), list foo at one.test, action bounces, "
	    "detail x, known by its directory,");
	expect(at.answer, STR(".explain listmap nosuch@both.test"),
	    "OK no list at both.test, which is shared, in site one, two,");
	expect(at.answer, STR(".explain second foo@one.test"),
	    "OK no domain of any site,");
	expect(at.answer, STR(".explain listmap foo@x.test"),
	    "OK no domain of any site,");
	expect(at.answer, STR(".explain listmap f\n"), "OK no address,");
	at.one.away = true;
	expect(at.answer, STR(".explain listmap foo@one.test"),
	    "OK no answer: the lists directory");
	expect(at.answer, STR(".explain nosuch foo@one.test"), "TEMP ");
	expect(at.answer, STR(".explain listmap"), "TEMP ");
}

/* What has to be made anew when the hosts of the lists change. */
static void
discovers_domains(void **state)
{
	static const char *const hosted[] = { "foo@found.test", "bar@two.test",
		NULL };
	struct conf *c = sample_conf(
	    "site \"one\" { lists_dir = \"/one\" }\n"
	    "site \"two\" { lists_dir = \"/two\" domain \"two.test\" {} }\n"
	    "map \"second\" { role = \"listmap\" site = { \"two\" } }\n");
	const struct lists *lists[] = { &at.one.lists, &at.two.lists };
	struct answer *a;

	(void)state;
	at.one.known = at.two.known = hosted;
	a = answer_new(c, lists, NULL, NULL);
	assert_non_null(a);
	expect(a, STR("listmap foo@found.test"), "OK mailman:found.test,");
	expect(a, STR("listmap nosuch@found.test"), "NOTFOUND ,");
	expect(a, STR("refusal nosuch@found.test"), "NOTFOUND ,");
	expect(a, STR("domains found.test"), "NOTFOUND ,");
	expect(a, STR("domains two.test"), "OK OK,");
	expect(a, STR("second foo@found.test"), "NOTFOUND ,");
	expect(a, STR("second bar@two.test"), "OK ");
	assert_int_equal(answer_sites(a)->n, 2);
	assert_non_null(sites_domain(answer_sites(a), STR("found.test")));
	answer_free(a);
	conf_free(c);
}

static void
finds_maps(void **state)
{
	const struct sites *sites, *all;

	(void)state;
	assert_ptr_equal(answer_map(at.answer, STR("virtuser"), &all),
	    &map_virtuser);
	assert_ptr_equal(answer_map(at.answer, STR("vulists"), &sites),
	    &map_virtuser);
	assert_ptr_equal(sites, all);
	assert_int_equal(all->n, 2);
	assert_ptr_equal(answer_sites(at.answer), all);
	assert_ptr_equal(answer_map(at.answer, STR("second"), &sites),
	    &map_listmap);
	assert_int_equal(sites->n, 1);
	assert_null(answer_map(at.answer, STR("nosuch"), &sites));
	assert_null(answer_map(at.answer, STR(ANSWER_STATUS), &sites));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_by_name),
		TEST(no_answer_is_temp),
		TEST(what_nobody_understands_is_temp),
		TEST(names_are_logged_printable),
		TEST(each_look_up_is_logged_for_debugging),
		TEST(tells_its_status),
		TEST(explains_whole_or_not_at_all),
		TEST(explains),
		TEST(discovers_domains),
		TEST(finds_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
