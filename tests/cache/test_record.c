#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "cache/record.h"

#define SUM "0123456789abcdef"
#define LONGEST SUM SUM SUM SUM

static void
test_good_records(void **state)
{
	static const struct {
		const char *text;
		struct record r;
	} cases[] = {
		{ "d\t\t1\t2\t3", { 1, 2, 3, STR(""), LISTS_BY_DIRECTORY } },
		{ "d\tlists.test\t0\t0\t0", { 0, 0, 0, STR("lists.test"),
		    LISTS_BY_DIRECTORY } },
		{ "d\ta b\t1\t-5\t3", { 1, -5, 3, STR("a b"),
		    LISTS_BY_DIRECTORY } },
		{ "d\t\t18446744073709551615\t9223372036854775807\t"
		  "18446744073709551615",
		    { UINT64_MAX, INT64_MAX, UINT64_MAX, STR(""),
		    LISTS_BY_DIRECTORY } },
		{ "d\tx\t1\t-9223372036854775808\t0",
		    { 1, INT64_MIN, 0, STR("x"), LISTS_BY_DIRECTORY } },
		{ "b\tx\t1\t2\t0", { 1, 2, 0, STR("x"), LISTS_BY_BOTH } },
		{ "f\tx\t0\t0\t0", { 0, 0, 0, STR("x"), LISTS_BY_FILE } },
		{ "p\t\t1\t2\t0", { 1, 2, 0, STR(""), LISTS_PHANTOM } },
		{ "g\tx\t1\t0\t0", { 1, 0, 0, STR("x"), LISTS_GONE } },
		{ "u\tx\t0\t0\t0", { 0, 0, 0, STR("x"), LISTS_UNREAD } },
		{ "?\tx\t1\t2\t3", { 1, 2, 3, STR("x"), LISTS_DOUBTFUL } },
		{ "n\t\t0\t0\t0", { 0, 0, 0, STR(""), LISTS_NONE } },
	};
	enum lists_basis basis;
	char memory[96];
	struct str host;
	struct record r;
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
		    record_decode(str_from(cases[i].text), &r), 0);
		assert_true(r.ino == cases[i].r.ino);
		assert_true(r.mtime == cases[i].r.mtime);
		assert_true(r.size == cases[i].r.size);
		assert_true(str_eq(r.host, cases[i].r.host));
		assert_int_equal(r.basis, cases[i].r.basis);
		buf_over(&b, memory, sizeof(memory));
		record_encode(&r, &b);
		assert_string_equal(buf_cstr(&b), cases[i].text);
		assert_true(record_look(str_from(cases[i].text), &host,
		    &basis));
		assert_true(str_eq(host, cases[i].r.host));
		assert_int_equal(basis, cases[i].r.basis);
	}
}

/* What is a list, and what only has a record. */
static void
test_which_are_lists(void **state)
{
	static const char *const lists = "dbfu", *const others = "pg?nx";
	char text[] = " \t\t0\t0\t0";
	struct record r;

	(void)state;
	for (const char *p = lists; *p != '\0'; p++) {
		text[0] = *p;
		assert_int_equal(record_decode(str_from(text), &r), 0);
		assert_true(lists_basis_is_list(r.basis));
	}
	for (const char *p = others; *p != '\0'; p++) {
		text[0] = *p;
		assert_int_equal(record_decode(str_from(text), &r), 0);
		assert_false(lists_basis_is_list(r.basis));
	}
}

static void
test_further_fields(void **state)
{
	struct record_host host;
	struct record_head h;
	struct record r;

	(void)state;
	assert_int_equal(record_decode(STR("b\thost\t1\t2\t3\ty"), &r), 0);
	assert_true(r.size == 3 && str_is(r.host, "host") &&
	    r.basis == LISTS_BY_BOTH);
	/* A letter of a later listmap: nobody knows what it says. */
	assert_int_equal(record_decode(STR("x\thost\t1\t2\t3"), &r), 0);
	assert_int_equal(r.basis, LISTS_DOUBTFUL);
	assert_int_equal(record_decode_host(STR("2\thttp://x\ty\tz"), &host),
	    0);
	assert_true(host.count == 2 && str_is(host.url, "http://x"));
	assert_int_equal(record_decode_head(
	    STR("3\t" SUM "\t2\t3\t4\t5\t6\td2,x1\ts\t7"), &h), 0);
	assert_true(h.ino == 4 && h.ctime == 5 && h.stamp == 6);
	assert_int_equal(h.census[LISTS_BY_DIRECTORY], 2);
	assert_int_equal(h.census[LISTS_DOUBTFUL], 1);
}

static void
test_bad_records(void **state)
{
	static const struct str cases[] = {
		STR(""), STR("d"), STR("d\t"), STR("d\t\t"), STR("d\t\t1"),
		STR("d\t\t1\t2"), STR("d\t\t1\t2\t"), STR("\t\t\t\t"),
		STR("dd\t\t1\t2\t3"), STR("d \t\t1\t2\t3"), STR("1\t2\t3\t"),
		STR("d\t\ta\t2\t3"), STR("d\t\t1\tb\t3"), STR("d\t\t1\t2\tc"),
		STR("d\t\t-1\t2\t3"), STR("d\t\t1\t2\t-3"),
		STR("d\t\t1\t-\t3"), STR("d\t\t1\t--2\t3"),
		STR("d\t\t1\t-0\t3"), STR("d\t\t+1\t2\t3"),
		STR("d\t\t 1\t2\t3"), STR("d\t\t1\t2\t3 "), STR("d\t1 2 3"),
		STR("d\t\t1\t2\t3\n"), STR("d\t\t1\t2\t3\0"),
		STR("d\t\t18446744073709551616\t2\t3"),
		STR("d\t\t1\t9223372036854775808\t3"),
		STR("d\t\t1\t-9223372036854775809\t3"),
	};
	struct record r = { 7, 7, 7, STR("7"), LISTS_GONE };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (record_decode(cases[i], &r) != -1)
			fail_msg("accepted: %s", cases[i].p);
	assert_true(r.ino == 7 && r.mtime == 7 && r.size == 7);
}

/* A look does not read the numbers; what has no host it refuses as well. */
static void
test_bad_looks(void **state)
{
	static const struct str cases[] = {
		STR(""), STR("d"), STR("d\t"), STR("d\thost"),
		STR("dd\thost\t"), STR("nonsense"), STR("1\0\t2\t3"),
	};
	enum lists_basis basis = LISTS_GONE;
	struct str host = STR("7");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (record_look(cases[i], &host, &basis))
			fail_msg("accepted: %s", cases[i].p);
	assert_true(str_is(host, "7") && basis == LISTS_GONE);
	assert_true(record_look(STR("d\thost\tx"), &host, &basis));
	assert_true(str_is(host, "host") && basis == LISTS_BY_DIRECTORY);
}

static void
test_hosts(void **state)
{
	static const struct {
		const char *text;
		struct record_host r;
	} good[] = {
		{ "0\t", { 0, STR(""), STR("") } },
		{ "18446744073709551615\thttp://a/%20\"",
		    { UINT64_MAX, STR("http://a/%20\""), STR("") } },
		{ "0\t\td.test", { 0, STR(""), STR("d.test") } },
	};
	static const char *const bad[] = { "", "1", "\t", "x\thttp://a",
		"-1\t", "1 \t", "18446744073709551616\t" };
	struct record_host r = { 0 };
	char memory[512];
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(record_decode_host(str_from(good[i].text),
		                     &r), 0);
		assert_true(r.count == good[i].r.count);
		assert_true(str_eq(r.url, good[i].r.url));
		assert_true(str_eq(r.real, good[i].r.real));
		buf_over(&b, memory, sizeof(memory));
		record_encode_host(&r, &b);
		assert_string_equal(buf_cstr(&b), good[i].text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(record_decode_host(str_from(bad[i]), &r), -1);
}

/* Longer texts than anybody writes would not fit where they are kept. */
static void
test_long_texts(void **state)
{
	char text[512] = "d\t", url[512] = "1\t", real[512] = "1\turl\t";
	const size_t end = 2 + RECORD_HOST_MAX;
	struct record_host host;
	struct record r;

	(void)state;
	memset(text + 2, 'a', RECORD_HOST_MAX);
	memcpy(text + end, "\t1\t2\t3", 6);
	assert_int_equal(record_decode((struct str){ text, end + 6 }, &r), 0);
	assert_int_equal(r.host.n, RECORD_HOST_MAX);
	memcpy(text + end, "a\t1\t2\t3", 7);
	assert_int_equal(record_decode((struct str){ text, end + 7 }, &r), -1);
	memset(url + 2, 'a', RECORD_URL_MAX + 1);
	assert_int_equal(record_decode_host((struct str){ url,
	    2 + RECORD_URL_MAX }, &host), 0);
	assert_int_equal(record_decode_host((struct str){ url,
	    2 + RECORD_URL_MAX + 1 }, &host), -1);
	memset(real + 6, 'a', RECORD_HOST_MAX + 1);
	assert_int_equal(record_decode_host((struct str){ real,
	    6 + RECORD_HOST_MAX }, &host), 0);
	assert_int_equal(record_decode_host((struct str){ real,
	    6 + RECORD_HOST_MAX + 1 }, &host), -1);
}

static void
test_head(void **state)
{
	static const struct {
		struct str text;
		int result;
		uint64_t version;
	} cases[] = {
		{ STR("3\t" SUM "\t10\t20\t30\t-40\t50\td7,u2,n12\ts.0"), 0, 3 },
		{ STR("3\t" SUM "\t10\t20\t30\t0\t0\t\t" LONGEST), 0, 3 },
		{ STR("3\t" SUM "\t10\t20\t30\t0\t0\t\t" LONGEST "x"), -1, 3 },
		{ STR("3\t" SUM "\t10\t20\t30\t0\t0\t\t"), -1, 3 },
		{ STR("3\t" SUM "\t10\t20\t30\t0\t0\t"), -1, 3 },
		{ STR("1\t10\t20\t30"), -1, 1 },
		{ STR("2\t" SUM "\t10\t20\t30"), -1, 2 },
		{ STR("4\t" SUM "\t10\t20\t30\t0\t0\t"), -1, 4 },
		{ STR("7"), -1, 7 },
		{ STR("3"), -1, 3 },
		{ STR("3\t" SUM), -1, 3 },
		{ STR("3\t" SUM "\t10\t20"), -1, 3 },
		{ STR("3\t" SUM "\t10\t20\t30"), -1, 3 },
		{ STR("3\t" SUM "\t10\t20\t30\t40"), -1, 3 },
		{ STR("3\t" SUM "\t10\t20\t30\t40\t50"), -1, 3 },
		{ STR("3\t" SUM "\t10\t20\t30\t40\t-50\t\ts"), -1, 3 },
		{ STR("3\t" SUM "\t10\t20\t30\t40\t50\td\ts"), -1, 3 },
		{ STR("3\t" SUM "\t10\t20\t30\t40\t50\td1,\ts"), -1, 3 },
		{ STR("3\t" SUM "\t10\t20\t30\t40\t50\t,d1\ts"), -1, 3 },
		{ STR("3\t" SUM "\t10\t20\t30\t40\t50\td1,n-2\ts"), -1, 3 },
		{ STR("3\t" SUM "0\t10\t20\t30\t40\t50\t\ts"), -1, 3 },
		{ STR("3\t10\t20\t30\t40\t50\t60\t\ts"), -1, 3 },
		{ STR("x\t10\t20\t30"), -1, 0 },
		{ STR(""), -1, 0 },
	};
	struct record_head h;
	char memory[160];
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (record_decode_head(cases[i].text, &h) != cases[i].result)
			fail_msg("case %zu: %s", i, cases[i].text.p);
		assert_true(h.version == cases[i].version);
	}
	for (i = 0; i < 2; i++) {
		assert_int_equal(record_decode_head(cases[i].text, &h), 0);
		buf_over(&b, memory, sizeof(memory));
		record_encode_head(&h, &b);
		assert_string_equal(buf_cstr(&b), cases[i].text.p);
	}
	assert_int_equal(record_decode_head(cases[0].text, &h), 0);
	assert_true(str_is(h.checksum, SUM) && h.count == 10 && h.dev == 20 &&
	    h.ino == 30 && h.ctime == -40 && h.stamp == 50 &&
	    str_is(h.site, "s.0"));
	assert_true(h.census[LISTS_BY_DIRECTORY] == 7 &&
	    h.census[LISTS_UNREAD] == 2 && h.census[LISTS_NONE] == 12 &&
	    h.census[LISTS_PHANTOM] == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_records),
		cmocka_unit_test(test_which_are_lists),
		cmocka_unit_test(test_further_fields),
		cmocka_unit_test(test_bad_records),
		cmocka_unit_test(test_bad_looks),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
