#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static void
grows_to_its_maximum(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	assert_null(b.p);
	for (int i = 0; i < 1000; i++)
		buf_char(&b, 'a' + i % 26);
	assert_false(b.failed);
	assert_int_equal(b.n, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(b.p[i], 'a' + i % 26);
	buf_char(&b, '!');
	assert_true(b.failed);
	assert_int_equal(b.n, 1000);
	buf_clear(&b);
}

static void
failure_sticks(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_add(&b, "abc");
	buf_add(&b, "de");
	assert_true(b.failed);
	buf_add(&b, "d");
	assert_int_equal(b.n, 3);
	assert_string_equal(buf_cstr(&b), "");
	buf_reset(&b);
	assert_false(b.failed);
	buf_add(&b, "xyz");
	assert_string_equal(buf_cstr(&b), "xyz");
	buf_clear(&b);
	assert_null(b.p);
	buf_add(&b, "1");
	assert_string_equal(buf_cstr(&b), "1");
	buf_clear(&b);
}

static void
huge_lengths_fail(void **state)
{
	/* The compiler does not see through it, and warns of no overflow. */
	const volatile size_t huge = SIZE_MAX;
	char mem[8];
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_add(&b, "a");
	buf_put(&b, mem, huge);
	assert_true(b.failed);
	buf_clear(&b);
	buf_over(&b, mem, sizeof(mem));
	buf_add(&b, "a");
	buf_put(&b, mem, huge);
	assert_true(b.failed);
}

static void
writes_over_memory(void **state)
{
	char mem[5] = "....";
	struct buf b;

	(void)state;
	buf_over(&b, mem, 4);
	buf_add(&b, "abc");
	assert_string_equal(buf_cstr(&b), "abc");
	buf_add(&b, "d");
	assert_false(b.failed);
	/* Full: no room for the NUL. */
	assert_string_equal(buf_cstr(&b), "");
	assert_true(str_is(buf_get(&b), "abcd"));
	buf_add(&b, "e");
	assert_true(b.failed);
	buf_clear(&b);
	assert_false(b.failed);
	assert_int_equal(b.n, 0);
	assert_ptr_equal(b.p, mem);
	assert_int_equal(mem[4], 0);
}

static void
prints(void **state)
{
	char wide[301];
	struct buf b;

	(void)state;
	memset(wide, 'w', 300);
	wide[300] = '\0';
	buf_init(&b, 1000);
	buf_printf(&b, "%s-%d", "a", 42);
	assert_string_equal(buf_cstr(&b), "a-42");
	buf_reset(&b);
	buf_printf(&b, "<%s>", wide);
	assert_int_equal(b.n, 302);
	assert_int_equal(b.p[301], '>');
	buf_reset(&b);
	/* 255 and 256 bytes: at the edge of what is tried first. */
	buf_printf(&b, "%.255s", wide);
	buf_printf(&b, "%.256s", wide);
	assert_int_equal(b.n, 511);
	assert_true(str_find(buf_get(&b), '\0') == STR_NONE);
	buf_clear(&b);
	buf_init(&b, 299);
	buf_printf(&b, "%s", wide);
	assert_true(b.failed);
	assert_int_equal(b.n, 0);
	buf_clear(&b);
}

static void
drops_and_resets(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	buf_str(&b, STR("abcdefgh"));
	buf_drop(&b, 3);
	assert_true(str_is(buf_get(&b), "defgh"));
	buf_drop(&b, 0);
	buf_add(&b, "too much");
	assert_true(b.failed);
	buf_reset(&b);
	assert_false(b.failed);
	assert_int_equal(buf_get(&b).n, 0);
	buf_add(&b, "de");
	assert_true(str_is(buf_get(&b), "de"));
	buf_drop(&b, 2);
	assert_int_equal(buf_get(&b).n, 0);
	buf_put(&b, NULL, 0);
	assert_false(b.failed);
	buf_put(&b, "a\0b", 3);
	assert_true(str_eq(buf_get(&b), STR("a\0b")));
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_to_its_maximum),
		cmocka_unit_test(failure_sticks),
		cmocka_unit_test(huge_lengths_fail),
		cmocka_unit_test(writes_over_memory),
		cmocka_unit_test(prints),
		cmocka_unit_test(drops_and_resets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
