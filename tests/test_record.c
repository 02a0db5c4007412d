#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cache/record.h"

static void
test_good_records(void **state)
{
	static const struct {
		const char *text;
		struct record r;
	} cases[] = {
		{ "1\t2\t3", { 1, 2, 3 } },
		{ "0\t0\t0", { 0, 0, 0 } },
		{ "1\t-5\t3", { 1, -5, 3 } },
		{ "18446744073709551615\t9223372036854775807\t"
		  "18446744073709551615",
		    { UINT64_MAX, INT64_MAX, UINT64_MAX } },
		{ "1\t-9223372036854775808\t0", { 1, INT64_MIN, 0 } },
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
		buf_over(&b, memory, sizeof(memory));
		record_encode(&r, &b);
		assert_string_equal(buf_cstr(&b), cases[i].text);
	}
}

static void
test_further_fields(void **state)
{
	struct record_head h;
	struct record r;

	(void)state;
	assert_int_equal(record_decode(STR("1\t2\t3\thost\tx"), &r), 0);
	assert_true(r.size == 3);
	assert_int_equal(record_decode(STR("1\t2\t3\t"), &r), 0);
	assert_int_equal(record_decode_head(STR("1\t2\t3\t4\t5"), &h), 0);
	assert_true(h.ino == 4);
}

static void
test_bad_records(void **state)
{
	static const struct str cases[] = {
		STR(""), STR("1"), STR("1\t2"), STR("1\t2\t"), STR("\t\t"),
		STR("a\t2\t3"), STR("1\tb\t3"), STR("1\t2\tc"),
		STR("-1\t2\t3"), STR("1\t2\t-3"), STR("1\t-\t3"),
		STR("1\t--2\t3"), STR("1\t-0\t3"), STR("+1\t2\t3"),
		STR(" 1\t2\t3"), STR("1\t2\t3 "), STR("1 2 3"),
		STR("1\t2\t3\n"), STR("1\t2\t3\0"),
		STR("18446744073709551616\t2\t3"),
		STR("1\t9223372036854775808\t3"),
		STR("1\t-9223372036854775809\t3"),
	};
	struct record r = { 7, 7, 7 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (record_decode(cases[i], &r) != -1)
			fail_msg("accepted: %s", cases[i].p);
	assert_true(r.ino == 7 && r.mtime == 7 && r.size == 7);
}

static void
test_head(void **state)
{
	static const struct {
		struct str text;
		int result;
		uint64_t version;
	} cases[] = {
		{ STR("1\t10\t20\t30"), 0, 1 },
		{ STR("2\t10\t20\t30"), -1, 2 },
		{ STR("7"), -1, 7 },
		{ STR("1"), -1, 1 },
		{ STR("1\t10\t20"), -1, 1 },
		{ STR("x\t10\t20\t30"), -1, 0 },
		{ STR(""), -1, 0 },
	};
	struct record_head h = { 1, 10, 20, 30 };
	char memory[96];
	struct buf b;
	size_t i;

	(void)state;
	buf_over(&b, memory, sizeof(memory));
	record_encode_head(&h, &b);
	assert_string_equal(buf_cstr(&b), "1\t10\t20\t30");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(record_decode_head(cases[i].text, &h),
		    cases[i].result);
		assert_true(h.version == cases[i].version);
	}
	assert_int_equal(record_decode_head(cases[0].text, &h), 0);
	assert_true(h.count == 10 && h.dev == 20 && h.ino == 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_records),
		cmocka_unit_test(test_further_fields),
		cmocka_unit_test(test_bad_records),
		cmocka_unit_test(test_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
