#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"
#include "maps/maps.h"
#include "listmap/table_text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct row {
	const char *key, *value;
	const char *line; /* NULL: it is left out */
};

static void
expect(const struct map *map, const struct row *rows, size_t n)
{
	struct buf line;

	buf_init(&line, TABLE_TEXT_MAX);
	for (size_t i = 0; i < n; i++) {
		bool written = table_text_line(map, str_from(rows[i].key),
		    str_from(rows[i].value), &line);
		const char *text = buf_cstr(&line);
		size_t last = strlen(text) - 1;

		if (written != (rows[i].line != NULL) ||
		    strchr(text, '\n') != text + last ||
		    (written && strlen(rows[i].line) != last) ||
		    strncmp(text, written ? rows[i].line : "# left out, for ",
		    written ? last : 16))
			fail_msg("%s, row %zu: %s", map->name, i, text);
		buf_reset(&line);
	}
	buf_clear(&line);
}
#define EXPECT(map, rows) expect(&(map), rows, COUNT(rows))

static void
alias_files(void **state)
{
	static const struct row rows[] = {
		{ "dev", "\"|/w post dev\"", "dev:\t\"|/w post dev\"" },
		{ "a+b=c~d.e_f-", "x", "a+b=c~d.e_f-:\tx" },
		{ "#a", "x", "\"#a\":\tx" },
		{ "a b", "x", "\"a b\":\tx" },
		{ "a:b", "x", "\"a:b\":\tx" },
		{ "art&artists", "x", "\"art&artists\":\tx" },
		{ "mailman-loop", "/var/x.mbox", "mailman-loop:\t/var/x.mbox" },
		{ "loop", "/var/a b,c.mbox", "loop:\t\"/var/a b,c.mbox\"" },
		{ "a\"b", "x", NULL },
		{ "a\\b", "x", NULL },
		{ "a\tb", "x", NULL },
		{ "a", "x\ny: z", NULL },
	};

	(void)state;
	EXPECT(map_aliases, rows);
}

static void
makemap_source(void **state)
{
	static const struct row rows[] = {
		{ "dev@d", "%1@d.mailman", "dev@d\t%1@d.mailman" },
		{ "@d", "error:5.1.1:\"550 # no: such\"",
		    "@d\terror:5.1.1:\"550 # no: such\"" },
		{ "a\"b@d", "x", "a\"b@d\tx" },
		{ "a:b@d", "x", "a:b@d\tx" },
		{ "a#b@d", "x", "a#b@d\tx" },
		{ "caf\xe9@d", "x", "caf\xe9@d\tx" },
		{ "#b@d", "x", NULL },
		{ "a b@d", "x", NULL },
		{ "a\rb@d", "x", NULL },
		{ "a@d", "x\ny", NULL },
	};

	(void)state;
	EXPECT(map_virtuser, rows);
	EXPECT(map_listmap, rows);
	EXPECT(map_mailertable, rows);
}

static void
postmap_source(void **state)
{
	static const struct row rows[] = {
		{ "dev@d", "OK", "dev@d\tOK" },
		{ "o'neil&art@d", "OK", "o'neil&art@d\tOK" },
		{ "a#b@d", "OK", "a#b@d\tOK" },
		{ "a b@d", "OK", "\"a b\"@d\tOK" },
		{ "# b@d", "OK", "\"# b\"@d\tOK" },
		{ "a:b@d", "OK", "\"a:b\"@d\tOK" },
		{ "a\"b\\c@d", "OK", "\"a\\\"b\\\\c\"@d\tOK" },
		{ "caf\xc3\xa9@d", "OK", "caf\xc3\xa9@d\tOK" },
		{ "caf\xe9@d", "OK", NULL },
		{ "caf\xc3", "OK", NULL },
		{ "\xf5zzz@d", "OK", NULL },
		{ "#b@d", "OK", NULL },
		{ "a\tb@d", "OK", NULL },
		{ "a@d", "O\nK", NULL },
	};

	(void)state;
	EXPECT(map_recipients, rows);
	EXPECT(map_transport, rows);
	EXPECT(map_redirect, rows);
}

static void
class_files(void **state)
{
	static const struct row rows[] = { { "d.org", "OK", "d.org" } };

	(void)state;
	EXPECT(map_domains, rows);
}

/* Whatever is left out is named so that no terminal and no reader trips. */
static void
comments(void **state)
{
	char key[300];
	struct buf line;

	(void)state;
	memset(key, '\n', sizeof(key));
	buf_init(&line, TABLE_TEXT_MAX);
	assert_false(table_text_line(&map_virtuser,
	    (struct str){ key, sizeof(key) }, STR("x"), &line));
	assert_true(str_starts(buf_get(&line), "# left out, for "));
	assert_non_null(strstr(buf_cstr(&line), ": \\x0A\\x0A"));
	assert_int_equal(str_find(buf_get(&line), '\n'), line.n - 1);
	buf_reset(&line);
	assert_false(table_text_line(&map_aliases, STR("a|b"),
	    (struct str){ NULL, 0 }, &line));
	assert_string_equal(buf_cstr(&line),
	    "# left out, for no such file may have it: a|b\n");
	buf_clear(&line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alias_files),
		cmocka_unit_test(makemap_source),
		cmocka_unit_test(postmap_source),
		cmocka_unit_test(class_files),
		cmocka_unit_test(comments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
