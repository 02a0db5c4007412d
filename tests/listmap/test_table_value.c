#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "listmap/table_value.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Appends "kind<text>" to the string ARG. */
static int
note_recipient(void *arg, enum table_value_kind kind, struct str text)
{
	static const char *const kinds[] = {
		[TABLE_VALUE_ADDRESS] = "address",
		[TABLE_VALUE_NAME] = "name",
		[TABLE_VALUE_USER] = "user",
		[TABLE_VALUE_COMMAND] = "command",
		[TABLE_VALUE_FILE] = "file",
		[TABLE_VALUE_INCLUDE] = "include",
		[TABLE_VALUE_ERROR] = "error",
	};
	char *all = arg;
	size_t n = strlen(all);

	snprintf(all + n, 1024 - n, "%s<%.*s>", kinds[kind], (int)text.n,
	    text.p);
	return 0;
}

static void
recipients(void **state)
{
	static const struct {
		const char *value, *want;
	} rows[] = {
		{ "", "" },
		{ " , ,, ", "" },
		{ "joe", "name<joe>" },
		{ "joe,jim , \tjoan", "name<joe>name<jim>name<joan>" },
		{ "\"joe\"", "name<joe>" },
		{ "\\joe", "user<joe>" },
		{ "\"\\\\joe\"", "user<joe>" },
		{ "joe@x.org", "address<joe@x.org>" },
		{ "Joe <joe@x.org>", "address<joe@x.org>" },
		{ "<joe@x.org>", "address<joe@x.org>" },
		{ "joe (the, boss) , jim", "name<joe>name<jim>" },
		{ "joe (a (b), c) x", "name<joe  x>" },
		{ "joe (open", "name<joe>" },
		{ "\"a,b\"@x.org", "address<a,b@x.org>" },
		{ "\"|/w post a, b\"", "command</w post a, b>" },
		{ "| \"/w post a\"", "command</w post a>" },
		{ "\"| /w <x >y\"", "command</w <x >y>" },
		{ "\" | /w <x >y\"", "command</w <x >y>" },
		{ "|/w post a", "command</w post a>" },
		{ "\"|/w \\\"a b\\\"\"", "command</w \"a b\">" },
		{ "/var/mail/x", "file</var/mail/x>" },
		{ "/x/y@z.org", "address</x/y@z.org>" },
		{ ":include:/x", "include</x>" },
		{ "\":INCLUDE: /x\"", "include</x>" },
		{ "error:5.1.1:550 no, such", "error<error:5.1.1:550 no, such>" },
		{ "ERROR:nouser", "error<ERROR:nouser>" },
		{ "a\\,b", "name<a\\,b>" },
		{ "\"open, x", "name<open, x>" },
		{ "x\\", "name<x\\>" },
		{ "a> <b", "name<a> <b>" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char all[1024] = "";

		assert_int_equal(table_value_each(str_from(rows[i].value),
		    note_recipient, all), 0);
		if (strcmp(all, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].value, all);
	}
}

static int
stop_at_once(void *arg, enum table_value_kind kind, struct str text)
{
	(void)kind;
	(void)text;
	++*(int *)arg;
	return 7;
}

static void
a_visitor_can_stop(void **state)
{
	int n = 0;

	(void)state;
	assert_int_equal(table_value_each(STR("a, b, c"), stop_at_once, &n), 7);
	assert_int_equal(n, 1);
}

/* What is longer than anything that sendmail carries is cut, and never more
 * than one recipient. */
static void
long_values(void **state)
{
	static char value[20000];
	int n = 0;

	(void)state;
	memset(value, 'a', sizeof(value) - 1);
	assert_int_equal(table_value_each(str_from(value), stop_at_once, &n),
	    7);
	assert_int_equal(n, 1);
}

static void
words(void **state)
{
	static const struct {
		const char *command, *want; /* NULL: not for a shell alone */
	} rows[] = {
		{ "/w post dev", "</w><post><dev>" },
		{ "  /w\tpost   dev ", "</w><post><dev>" },
		{ "exec /w post dev", "</w><post><dev>" },
		{ "'/w x' \"post\" d'e'\"v\"", "</w x><post><dev>" },
		{ "/w post exec", "</w><post><exec>" },
		{ "/w\\ x post a\\;b", "</w x><post><a;b>" },
		{ "/w post 'a;b$c'", "</w><post><a;b$c>" },
		{ "/w ''", "</w><>" },
		{ "/w", "</w>" },
		{ "", NULL },
		{ "/w post dev x", NULL },
		{ "/w post dev;", NULL },
		{ "/w post dev &", NULL },
		{ "/w post $dev", NULL },
		{ "/w post \"$dev\"", NULL },
		{ "/w post `dev`", NULL },
		{ "/w post <dev", NULL },
		{ "/w post 'dev", NULL },
		{ "/w post \"dev", NULL },
		{ "/w post *", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char memory[64], all[64] = "", *word[3];
		size_t n = table_value_words(str_from(rows[i].command), memory,
		    word, COUNT(word));

		for (size_t k = 0; k < n; k++)
			snprintf(all + strlen(all), sizeof(all) - strlen(all),
			    "<%s>", word[k]);
		if (strcmp(all, rows[i].want ? rows[i].want : "") != 0)
			fail_msg("%s: %s", rows[i].command, all);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recipients),
		cmocka_unit_test(a_visitor_can_stop),
		cmocka_unit_test(long_values),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
