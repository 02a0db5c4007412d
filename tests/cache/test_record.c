#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "cache/record.h"

#define SUM "0123456789abcdef"

static void
test_good_records(void **state)
{
	static const struct {
		const char *text;
		struct record r;
	} cases[] = {
		{ "1\t2\t3\t", { 1, 2, 3, STR(""), LISTS_BY_DIRECTORY } },
		{ "0\t0\t0\tlists.test", { 0, 0, 0, STR("lists.test"),
		    LISTS_BY_DIRECTORY } },
		{ "1\t-5\t3\ta b", { 1, -5, 3, STR("a b"),
		    LISTS_BY_DIRECTORY } },
		{ "18446744073709551615\t9223372036854775807\t"
		  "18446744073709551615\t",
		    { UINT64_MAX, INT64_MAX, UINT64_MAX, STR(""),
		    LISTS_BY_DIRECTORY } },
		{ "1\t-9223372036854775808\t0\tx",
		    { 1, INT64_MIN, 0, STR("x"), LISTS_BY_DIRECTORY } },
		{ "1\t2\t0\tx\tboth", { 1, 2, 0, STR("x"), LISTS_BY_BOTH } },
		{ "0\t0\t0\tx\tfile", { 0, 0, 0, STR("x"), LISTS_BY_FILE } },
		{ "1\t2\t0\t\tphantom", { 1, 2, 0, STR(""),
		    LISTS_PHANTOM } },
		{ "1\t2\t0\tx\tgone", { 1, 2, 0, STR("x"), LISTS_GONE } },
	};
	char memory[96];
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
	}
}

static void
test_further_fields(void **state)
{
	struct record_host host;
	struct record_head h;
	struct record r;

	(void)state;
	assert_int_equal(record_decode(STR("1\t2\t3\thost\tboth\ty"), &r),
	    0);
	assert_true(r.size == 3 && str_is(r.host, "host") &&
	    r.basis == LISTS_BY_BOTH);
	/* A word of a later listmap: nobody knows what it says. */
	assert_int_equal(record_decode(STR("1\t2\t3\thost\tx\ty"), &r), 0);
	assert_int_equal(r.basis, LISTS_DOUBTFUL);
	assert_int_equal(record_decode_host(STR("2\thttp://x\ty\tz"), &host),
	    0);
	assert_true(host.count == 2 && str_is(host.url, "http://x"));
	assert_int_equal(record_decode(STR("1\t2\t3\t"), &r), 0);
	assert_int_equal(record_decode_head(STR("2\t" SUM "\t2\t3\t4\t5\t6"), &h), 0);
	assert_true(h.ino == 4 && h.stamp == 5);
	assert_int_equal(record_decode_head(STR("2\t" SUM "\t2\t3\t4"), &h), 0);
	assert_true(h.ino == 4 && h.stamp == 0);
}

static void
test_bad_records(void **state)
{
	static const struct str cases[] = {
		STR(""), STR("1"), STR("1\t2"), STR("1\t2\t"), STR("\t\t"),
		STR("1\t2\t3"), STR("\t\t\t"),
		STR("a\t2\t3"), STR("1\tb\t3"), STR("1\t2\tc"),
		STR("-1\t2\t3"), STR("1\t2\t-3"), STR("1\t-\t3"),
		STR("1\t--2\t3"), STR("1\t-0\t3"), STR("+1\t2\t3"),
		STR(" 1\t2\t3"), STR("1\t2\t3 "), STR("1 2 3"),
		STR("1\t2\t3\n"), STR("1\t2\t3\0"),
		STR("18446744073709551616\t2\t3\t"),
		STR("1\t9223372036854775808\t3\t"),
		STR("1\t-9223372036854775809\t3\t"),
	};
	struct record r = { 7, 7, 7, STR("7"), LISTS_GONE };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (record_decode(cases[i], &r) != -1)
			fail_msg("accepted: %s", cases[i].p);
	assert_true(r.ino == 7 && r.mtime == 7 && r.size == 7);
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
	char text[512] = "1\t2\t3\t", url[512] = "1\t";
	char real[512] = "1\turl\t";
	struct record_host host;
	struct record r;

	(void)state;
	memset(text + 6, 'a', RECORD_HOST_MAX + 1);
	assert_int_equal(record_decode((struct str){ text,
	    6 + RECORD_HOST_MAX }, &r), 0);
	assert_int_equal(record_decode((struct str){ text,
	    6 + RECORD_HOST_MAX + 1 }, &r), -1);
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
		{ STR("2\t" SUM "\t10\t20\t30"), 0, 2 },
		{ STR("1\t10\t20\t30"), -1, 1 },
		{ STR("3\t" SUM "\t10\t20\t30"), -1, 3 },
		{ STR("7"), -1, 7 },
		{ STR("2"), -1, 2 },
		{ STR("2\t" SUM), -1, 2 },
		{ STR("2\t" SUM "\t10\t20"), -1, 2 },
		{ STR("2\t" SUM "0\t10\t20\t30"), -1, 2 },
		{ STR("2\t10\t20\t30\t40"), -1, 2 },
		{ STR("x\t10\t20\t30"), -1, 0 },
		{ STR(""), -1, 0 },
	};
	struct record_head h = { 2, STR(SUM), 10, 20, 30, 0 };
	char memory[96];
	struct buf b;
	size_t i;

	(void)state;
	buf_over(&b, memory, sizeof(memory));
	record_encode_head(&h, &b);
	assert_string_equal(buf_cstr(&b), "2\t" SUM "\t10\t20\t30");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(record_decode_head(cases[i].text, &h),
		    cases[i].result);
		assert_true(h.version == cases[i].version);
	}
	assert_int_equal(record_decode_head(cases[0].text, &h), 0);
	assert_true(str_is(h.checksum, SUM) && h.count == 10 && h.dev == 20 &&
	    h.ino == 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_records),
		cmocka_unit_test(test_further_fields),
		cmocka_unit_test(test_bad_records),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
