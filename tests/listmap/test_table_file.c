#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "listmap/table_file.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct table_file table;

static void
read_table(struct str text)
{
	char copy[4096];
	FILE *f;

	assert_true(text.n > 0 && text.n < sizeof(copy));
	memcpy(copy, text.p, text.n);
	f = fmemopen(copy, text.n, "r");
	assert_non_null(f);
	assert_int_equal(table_file_read(f, &table), 0);
	assert_int_equal(fclose(f), 0);
}

struct row {
	size_t line;
	const char *key, *value;
};

static void
expect(struct str text, enum table_file_kind kind, const struct row *rows,
    size_t n)
{
	read_table(text);
	if (table.kind != kind || table.n != n || table.fault)
		fail_msg("kind %d, %zu lines of: %s", table.kind, table.n,
		    text.p);
	for (size_t i = 0; i < n; i++)
		if (table.line[i].line != rows[i].line ||
		    strcmp(table.line[i].key, rows[i].key) ||
		    strcmp(table.line[i].value, rows[i].value))
			fail_msg("line %zu: '%s' '%s'", table.line[i].line,
			    table.line[i].key, table.line[i].value);
	table_file_clear(&table);
	assert_true(table.n == 0 && table.line == NULL);
}
#define EXPECT(text, kind, rows) expect(STR(text), kind, rows, COUNT(rows))

static void
alias_files(void **state)
{
	static const struct row rows[] = {
		{ 2, "foo", "\"|/usr/lib/mailman/mail/mailman post foo\"" },
		{ 3, "foo-admin", "|/m admin foo" },
		{ 5, "spaced out", "a, b, c" },
		{ 10, "last", "x" },
	};
	static const struct row gap[] = { { 1, "foo", "bar" } };
	static const struct row none[] = { { 1, "foo", "" },
		{ 2, "", "x" } };

	(void)state;
	EXPECT("# aliases\n"
	    "Foo: \"|/usr/lib/mailman/mail/mailman post foo\"\n"
	    "FOO-admin  :|/m admin foo  \n"
	    "\n"
	    "\"Spaced Out\": a,\n"
	    "\tb,\n"
	    "#between\n"
	    "   \n"
	    "  c\n"
	    "last:x", TABLE_FILE_ALIASES, rows);
	EXPECT("foo : bar\r\n", TABLE_FILE_ALIASES, gap);
	EXPECT("foo:\n: x\n", TABLE_FILE_ALIASES, none);
}

static void
virtuser_tables(void **state)
{
	static const struct row rows[] = {
		{ 3, "foo@lists.test", "foo" },
		{ 4, "foo-owner@lists.test", "%1@lists.test.mailman" },
		/* An indented line is no continuation here. */
		{ 5, "bar@lists.test", "error:5.1.1:\"550 no such: list\"" },
		{ 6, "@lists.test", "error:nouser no" },
		{ 7, "alone@lists.test", "" },
	};
	static const struct row indented[] = { { 1, "a@b", "c" } };

	(void)state;
	EXPECT("\n# comment\n"
	    "Foo@Lists.test\tfoo\n"
	    "foo-owner@lists.test   %1@lists.test.mailman \n"
	    " bar@lists.test error:5.1.1:\"550 no such: list\"\n"
	    "@lists.test error:nouser no\n"
	    "alone@lists.test\n", TABLE_FILE_VIRTUSER, rows);
	EXPECT("  a@b c\n", TABLE_FILE_VIRTUSER, indented);
}

static void
mailertables(void **state)
{
	static const struct row rows[] = {
		{ 1, "lists.test", "mailman:lists.test" },
		{ 2, ".test", "error:5.7.0:550 no" },
	};

	(void)state;
	EXPECT("Lists.Test mailman:lists.test\n.test\terror:5.7.0:550 no\n",
	    TABLE_FILE_MAILERTABLE, rows);
}

/* Of an alias database, as other programs print it. */
static void
dumps_of_aliases(void **state)
{
	static const struct row rows[] = {
		{ 1, "joe", "joe@home.example" },
		{ 3, "dev", "\"|/w post dev\"" },
		{ 5, "loop", "/var/x.mbox" },
	};

	(void)state;
	EXPECT("joe\tjoe@home.example\n"
	    "@\t@\n"
	    "dev\t\"|/w post dev\"\n"
	    "YP_LAST_MODIFIED\t1\n"
	    "loop\t/var/x.mbox\n", TABLE_FILE_ALIASES_DUMP, rows);
	EXPECT("joe:joe@home.example\n"
	    "@:@\n"
	    "dev:\"|/w post dev\"\n"
	    "YP_MASTER_NAME:x\n"
	    "loop:/var/x.mbox\n", TABLE_FILE_ALIASES, rows);
}

/* Most lines tell, and those that continue another one do not. */
static void
the_kind_is_that_of_most_lines(void **state)
{
	static const struct row rows[] = {
		{ 1, "a@b c", "" },
		{ 2, "x", "y" },
		{ 3, "all", "a@b, c@d, e@f" },
	};

	(void)state;
	EXPECT("\xef\xbb\xbf" "a@b c\nx: y\nall: a@b,\n c@d,\n\te@f\n",
	    TABLE_FILE_ALIASES, rows);
}

static void
wrong_lines(void **state)
{
	static const bool wrong[] = { false, false, false, false, true, true,
		true };

	(void)state;
	read_table(STR("a: b\n"
	    "c: d\n"
	    "e: f\n"
	    "g: h\n"
	    "no line\n"
	    "x y: z\n"
	    "x,y: z\n"));
	assert_null(table.fault);
	assert_int_equal(table.n, COUNT(wrong));
	for (size_t i = 0; i < table.n; i++)
		assert_int_equal(table.line[i].wrong, wrong[i]);
	table_file_clear(&table);
}

static void
expect_fault(struct str text, const char *fault, size_t line)
{
	read_table(text);
	if (!table.fault || !strstr(table.fault, fault) ||
	    table.fault_line != line)
		fail_msg("%s: %s, line %zu", text.p,
		    table.fault ? table.fault : "none", table.fault_line);
	table_file_clear(&table);
}

static void
what_is_no_table(void **state)
{
	static char cdb[3000], db[64] = "0123456789ab\x61\x15\x06\0";

	(void)state;
	expect(STR("#\n\n   \n"), TABLE_FILE_ALIASES, NULL, 0);
	expect(STR("\n"), TABLE_FILE_ALIASES, NULL, 0);
	expect_fault(STR("a: b\0c\n"), "no text", 0);
	expect_fault(STR("\"open: x\n"), "is no `name: value'", 1);
	expect_fault(STR("root:x:0:0:root:/root:/bin/sh\n"), "passwd", 0);
	expect_fault(STR("a:x:0:\nb:x:1:a,b\n"), "group", 0);
	expect_fault(STR("root:*:20228:0:99999:7:::\n"), "shadow", 0);
	expect_fault(STR("a.org OK\n1.2.3 RELAY\nx REJECT\n"), "access", 0);
	expect_fault(STR("Connect:127\t\tRELAY\nGreetPause:127 0\n"), "access",
	    0);
	expect_fault(STR("a.org\nb.org\n"), "no value", 1);
	expect_fault((struct str){ db, sizeof(db) }, "Berkeley", 0);
	memcpy(db + 12, "\0\x05\x31\x63", 4);
	expect_fault((struct str){ db, sizeof(db) }, "no text", 0);
	memcpy(db + 12, "\0\x06\x15\x61", 4);
	expect_fault((struct str){ db, sizeof(db) }, "Berkeley", 0);
	for (size_t i = 0; i < 2048; i += 8)
		memcpy(cdb + i, "\0\x08\0\0\0\0\0\0", 8);
	expect_fault((struct str){ cdb, sizeof(cdb) }, "a CDB", 0);
	cdb[3] = 1;
	expect_fault((struct str){ cdb, sizeof(cdb) }, "no text", 0);
}

static void
errors_are_told(void **state)
{
	FILE *f = fopen("/", "r");

	(void)state;
	assert_non_null(f);
	assert_int_equal(table_file_read(f, &table), -1);
	assert_int_equal(errno, EISDIR);
	table_file_clear(&table);
	assert_int_equal(fclose(f), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alias_files),
		cmocka_unit_test(virtuser_tables),
		cmocka_unit_test(mailertables),
		cmocka_unit_test(dumps_of_aliases),
		cmocka_unit_test(the_kind_is_that_of_most_lines),
		cmocka_unit_test(wrong_lines),
		cmocka_unit_test(what_is_no_table),
		cmocka_unit_test(errors_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
