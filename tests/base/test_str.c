#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
compares(void **state)
{
	static const struct {
		struct str a, b;
		int order;
	} rows[] = {
		{ { "", 0 }, { "", 0 }, 0 },
		{ { NULL, 0 }, { "", 0 }, 0 },
		{ { NULL, 0 }, { "a", 1 }, -1 },
		{ { "a", 1 }, { "a", 1 }, 0 },
		{ { "a", 1 }, { "b", 1 }, -1 },
		{ { "a", 1 }, { "ab", 2 }, -1 },
		{ { "b", 1 }, { "ab", 2 }, 1 },
		{ { "a\0b", 3 }, { "a\0c", 3 }, -1 },
		{ { "a\0", 2 }, { "a", 1 }, 1 },
		{ { "\200", 1 }, { "a", 1 }, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int r = str_cmp(rows[i].a, rows[i].b);
		int back = str_cmp(rows[i].b, rows[i].a);

		assert_int_equal((r > 0) - (r < 0), rows[i].order);
		assert_int_equal((back > 0) - (back < 0), -rows[i].order);
		assert_int_equal(str_eq(rows[i].a, rows[i].b),
		    rows[i].order == 0);
	}
}

static void
compares_with_c_strings(void **state)
{
	(void)state;
	assert_true(str_is(STR("abc"), "abc"));
	assert_false(str_is(STR("abc"), "abcd"));
	assert_false(str_is(STR("abc"), "aBc"));
	assert_false(str_is(STR("abc\0"), "abc"));
	assert_true(str_is(str_from(NULL), ""));
	assert_true(str_is_nocase(STR("aBc"), "AbC"));
	assert_false(str_is_nocase(STR("abc"), "ab"));
	assert_true(str_is_nocase(str_from(NULL), ""));
	assert_int_equal(str_from("abc").n, 3);
}

static void
finds(void **state)
{
	static const struct {
		struct str s;
		size_t first, last;
	} rows[] = {
		{ { "", 0 }, STR_NONE, STR_NONE },
		{ { NULL, 0 }, STR_NONE, STR_NONE },
		{ { "abc", 3 }, STR_NONE, STR_NONE },
		{ { "@", 1 }, 0, 0 },
		{ { "a@b@c", 5 }, 1, 3 },
		{ { "a\0@", 3 }, 2, 2 },
		{ { "ab@", 2 }, STR_NONE, STR_NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(str_find(rows[i].s, '@') == rows[i].first);
		assert_true(str_rfind(rows[i].s, '@') == rows[i].last);
	}
}

static void
finds_any(void **state)
{
	static const struct {
		const char *set;
		size_t first, last;
	} rows[] = {
		{ "", STR_NONE, STR_NONE },
		{ "x", STR_NONE, STR_NONE },
		{ "a", 0, 0 },
		{ "+", 1, 6 },
		{ "=", 3, 3 },
		{ "=+", 1, 6 },
		{ "+=", 1, 6 },
		{ "x=", 3, 3 },
		{ "=x", 3, 3 },
		{ "ae+", 0, 7 },
	};
	const struct str s = STR("a+b=\0d+e");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(str_find_any(s, rows[i].set) == rows[i].first);
		assert_true(str_rfind_any(s, rows[i].set) == rows[i].last);
		assert_true(str_find_any(STR(""), rows[i].set) == STR_NONE);
		assert_true(str_rfind_any((struct str){ NULL, 0 },
		    rows[i].set) == STR_NONE);
	}
}

static void
starts_and_ends(void **state)
{
	(void)state;
	assert_true(str_starts(STR("owner-x"), "owner-"));
	assert_true(str_starts(STR("owner-"), "owner-"));
	assert_false(str_starts(STR("owner"), "owner-"));
	assert_false(str_starts(STR("xowner-"), "owner-"));
	assert_true(str_ends(STR("x-bounces"), "-bounces"));
	assert_true(str_ends(STR("-bounces"), "-bounces"));
	assert_false(str_ends(STR("bounces"), "-bounces"));
	assert_false(str_ends(STR("x-bouncesx"), "-bounces"));
	assert_true(str_starts(STR("x"), ""));
	assert_true(str_ends(STR("x"), ""));
}

static void
takes_apart(void **state)
{
	struct str s = STR("local@domain");

	(void)state;
	assert_true(str_is(str_head(s, 5), "local"));
	assert_true(str_is(str_tail(s, 6), "domain"));
	assert_true(str_is(str_head(s, 0), ""));
	assert_true(str_is(str_tail(s, s.n), ""));
}

static void
duplicates(void **state)
{
	char *c = str_dup((struct str){ "a\0bc", 3 });

	(void)state;
	assert_non_null(c);
	assert_memory_equal(c, "a\0b\0", 4);
	free(c);
	c = str_dup((struct str){ NULL, 0 });
	assert_string_equal(c, "");
	free(c);
}

static void
reads_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t min, max;
		int rc;
		uint64_t value;
	} rows[] = {
		{ "0", 0, 10, 0, 0 },
		{ "10", 0, 10, 0, 10 },
		{ "007", 0, 10, 0, 7 },
		{ "11", 0, 10, -1, 0 },
		{ "99", 0, 10, -1, 0 },
		{ "100", 0, 10, -1, 0 },
		{ "0", 1, 10, -1, 0 },
		{ "1", 1, 10, 0, 1 },
		{ "", 0, 10, -1, 0 },
		{ "-1", 0, 10, -1, 0 },
		{ "+1", 0, 10, -1, 0 },
		{ " 1", 0, 10, -1, 0 },
		{ "1 ", 0, 10, -1, 0 },
		{ "0x1", 0, 10, -1, 0 },
		{ "1e1", 0, 10, -1, 0 },
		{ "3", 0, 2, -1, 0 },
		{ "18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", 0, UINT64_MAX, -1, 0 },
		{ "99999999999999999999999", 0, UINT64_MAX, -1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t v = 4711;

		assert_int_equal(str_number(str_from(rows[i].text),
		    rows[i].min, rows[i].max, &v), rows[i].rc);
		assert_true(v == (rows[i].rc ? 4711 : rows[i].value));
	}
}

static void
shows_bytes(void **state)
{
	static const struct {
		struct str s;
		size_t size;
		const char *shown;
	} rows[] = {
		{ { "", 0 }, 4, "" },
		{ { NULL, 0 }, 4, "" },
		{ { "a b~", 4 }, 64, "a b~" },
		{ { "a\nb\r\0c", 6 }, 64, "a\\x0Ab\\x0D\\x00c" },
		{ { "\177\200\377", 3 }, 64, "\\x7F\\x80\\xFF" },
		{ { "\\x41", 4 }, 64, "\\\\x41" },
		{ { "abc", 3 }, 4, "abc" },
		{ { "abcd", 4 }, 4, "..." },
		{ { "abcdefgh", 8 }, 8, "abcd..." },
		{ { "abcdefg", 7 }, 8, "abcdefg" },
		{ { "abc\n", 4 }, 8, "abc\\x0A" },
		{ { "abcd\n", 5 }, 8, "abcd..." },
		{ { "ab\\\\", 4 }, 6, "ab..." },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *to = malloc(rows[i].size);

		assert_ptr_equal(str_printable(rows[i].s, to, rows[i].size),
		    to);
		assert_string_equal(to, rows[i].shown);
		free(to);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares),
		cmocka_unit_test(compares_with_c_strings),
		cmocka_unit_test(finds),
		cmocka_unit_test(finds_any),
		cmocka_unit_test(starts_and_ends),
		cmocka_unit_test(takes_apart),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(shows_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
