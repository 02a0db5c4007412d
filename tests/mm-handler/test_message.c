#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"
#include "mm-handler/message.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FIELDS "A: 1\nB: 2\n"

static const struct {
	struct str in, out;
} cases[] = {
	{ STR(""), STR(FIELDS) },
	{ STR("\n"), STR(FIELDS "\n") },
	{ STR("H: v\n\nbody\n"), STR(FIELDS "H: v\n\nbody\n") },
	{ STR("H: v\r\n\r\nbody\r\n"), STR(FIELDS "H: v\r\n\r\nbody\r\n") },
	{ STR("no newline"), STR(FIELDS "no newline") },
	{ STR("From a b\nH: v\n\nbody\n"),
	    STR("From a b\n" FIELDS "H: v\n\nbody\n") },
	{ STR("From a b\r\nH: v\r\n"), STR("From a b\r\n" FIELDS "H: v\r\n") },
	/* Only the first line of all is one. */
	{ STR("From a\nFrom b\n\nFrom c\n"),
	    STR("From a\n" FIELDS "From b\n\nFrom c\n") },
	{ STR("H: v\n\nFrom c\n"), STR(FIELDS "H: v\n\nFrom c\n") },
	{ STR("\nFrom c\n"), STR(FIELDS "\nFrom c\n") },
	/* Less than one. */
	{ STR("F"), STR(FIELDS "F") },
	{ STR("Fro"), STR(FIELDS "Fro") },
	{ STR("From"), STR(FIELDS "From") },
	{ STR("From\n"), STR(FIELDS "From\n") },
	{ STR("From: a@b\n\nx\n"), STR(FIELDS "From: a@b\n\nx\n") },
	{ STR("FFrom a\n"), STR(FIELDS "FFrom a\n") },
	{ STR("FroFrom a\n"), STR(FIELDS "FroFrom a\n") },
	{ STR("from a\n"), STR(FIELDS "from a\n") },
	{ STR(" From a\n"), STR(FIELDS " From a\n") },
	{ STR(">From a\n"), STR(FIELDS ">From a\n") },
	/* One that is all there is, with and without its end. */
	{ STR("From "), STR("From \n" FIELDS) },
	{ STR("From \n"), STR("From \n" FIELDS) },
	{ STR("From a"), STR("From a\n" FIELDS) },
	{ STR("From a\n"), STR("From a\n" FIELDS) },
	{ STR("From a\n\n"), STR("From a\n" FIELDS "\n") },
	/* Any byte. */
	{ STR("\0From a\n"), STR(FIELDS "\0From a\n") },
	{ STR("Fr\0om a\n"), STR(FIELDS "Fr\0om a\n") },
	{ STR("From \0a\377\nH: \0\n\n\0\0"),
	    STR("From \0a\377\n" FIELDS "H: \0\n\n\0\0") },
};

static void
check(size_t i, const struct buf *out, size_t cut)
{
	if (!str_eq(buf_get(out), cases[i].out))
		fail_msg("case %zu, cut at %zu: %.*s", i, cut, (int)out->n,
		    out->p);
	assert_false(out->failed);
}

/* Whatever way it comes, the message that goes out is the same. */
static void
test_every_cut(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t cut = 0; cut <= cases[i].in.n; cut++) {
			struct message m;

			buf_reset(&out);
			message_init(&m, STR(FIELDS));
			message_feed(&m, str_head(cases[i].in, cut), &out);
			message_feed(&m, str_tail(cases[i].in, cut), &out);
			message_end(&m, &out);
			check(i, &out, cut);
		}
	buf_clear(&out);
}

static void
test_byte_by_byte(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct message m;

		buf_reset(&out);
		message_init(&m, STR(FIELDS));
		for (size_t j = 0; j < cases[i].in.n; j++) {
			struct str rest = str_tail(cases[i].in, j);

			message_feed(&m, str_head(rest, 1), &out);
			message_feed(&m, STR(""), &out);
		}
		message_end(&m, &out);
		check(i, &out, 1);
	}
	buf_clear(&out);
}

static void
test_no_fields(void **state)
{
	struct message m;
	char text[64];
	struct buf out;

	(void)state;
	buf_over(&out, text, sizeof(text));
	message_init(&m, STR(""));
	message_feed(&m, STR("From a\nH: v\n"), &out);
	message_end(&m, &out);
	assert_string_equal(buf_cstr(&out), "From a\nH: v\n");
}

/* What is known to be no From_ line is not kept back. */
static void
test_streams(void **state)
{
	struct message m;
	char text[64];
	struct buf out;

	(void)state;
	buf_over(&out, text, sizeof(text));
	message_init(&m, STR(FIELDS));
	message_feed(&m, STR("Fro"), &out);
	assert_int_equal(out.n, 0);
	message_feed(&m, STR("n"), &out);
	assert_string_equal(buf_cstr(&out), FIELDS "Fron");
	buf_reset(&out);
	message_feed(&m, STR("From x\n"), &out);
	assert_string_equal(buf_cstr(&out), "From x\n");
}

static void
test_fields(void **state)
{
	static const struct {
		struct str address;
		const char *shown;
	} rows[] = {
		{ STR("foo@a.test"), "foo@a.test" },
		{ STR("Foo-bounces+u=b.test@A.Test"),
		    "Foo-bounces+u=b.test@A.Test" },
		{ STR(""), "" },
		{ STR("a\nX: y@b"), "a?X: y@b" },
		{ STR("a\r\n\t@b"), "a???@b" },
		{ STR("\0a\001\037\177@b"), "?a???@b" },
		{ STR("\" ~\\\"@b"), "\" ~\\\"@b" },
		/* Not the bytes of UTF-8. */
		{ STR("\303\274\377@b"), "\303\274\377@b" },
	};
	char want[256], text[256];
	struct buf out, expected;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_over(&out, text, sizeof(text));
		buf_over(&expected, want, sizeof(want));
		message_fields(&out, rows[i].address);
		buf_printf(&expected, "Delivered-To: %s\n"
		    "X-Mailman-Handler: listmap %s\n", rows[i].shown,
		    PACKAGE_VERSION);
		assert_string_equal(buf_cstr(&out), buf_cstr(&expected));
	}
}

/* No byte makes a third line. */
static void
test_every_byte_in_a_field(void **state)
{
	char text[256];
	struct buf out;

	(void)state;
	for (int c = 0; c < 256; c++) {
		char address[] = "a.b@c";
		size_t first;

		address[1] = (char)c;
		buf_over(&out, text, sizeof(text));
		message_fields(&out, (struct str){ address, 5 });
		assert_int_equal(str_find(buf_get(&out), '\0'), STR_NONE);
		assert_int_equal(str_find(buf_get(&out), '\r'), STR_NONE);
		first = str_find(buf_get(&out), '\n');
		assert_int_equal(first, strlen("Delivered-To: a.b@c"));
		assert_int_equal(str_find(str_tail(buf_get(&out), first + 1),
		    '\n'), out.n - first - 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_no_fields),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_every_byte_in_a_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
