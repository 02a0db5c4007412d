#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "wire/netstring.h"

#define MAX 10000

/* A literal with its NULs, but for the last one. */
#define IN(literal) literal, sizeof(literal) - 1

static const struct {
	const char *in;
	size_t n;
	enum netstring_result result;
	const char *payload;
	size_t used;
} rows[] = {
	{ IN(""), NETSTRING_MORE, NULL, 0 },
	{ IN("0:,"), NETSTRING_OK, "", 3 },
	{ IN("1:a,"), NETSTRING_OK, "a", 4 },
	{ IN("5:hello,"), NETSTRING_OK, "hello", 8 },
	{ IN("5:hello,5:world,"), NETSTRING_OK, "hello", 8 },
	{ IN("5:hello,\r\n"), NETSTRING_OK, "hello", 8 },
	{ IN("17:5:Hello,6:World!,,"), NETSTRING_OK, "5:Hello,6:World!,", 21 },
	{ IN("1:,,"), NETSTRING_OK, ",", 4 },
	{ IN("3"), NETSTRING_MORE, NULL, 0 },
	{ IN("3:"), NETSTRING_MORE, NULL, 0 },
	{ IN("3:a"), NETSTRING_MORE, NULL, 0 },
	{ IN("3:aaa"), NETSTRING_MORE, NULL, 0 },
	{ IN("0"), NETSTRING_MORE, NULL, 0 },
	{ IN("0:"), NETSTRING_MORE, NULL, 0 },
	{ IN("10000"), NETSTRING_MORE, NULL, 0 },
	{ IN("10001"), NETSTRING_TOO_LONG, NULL, 0 },
	{ IN("99999"), NETSTRING_TOO_LONG, NULL, 0 },
	{ IN("100000"), NETSTRING_TOO_LONG, NULL, 0 },
	{ IN("999999999:"), NETSTRING_TOO_LONG, NULL, 0 },
	{ IN("18446744073709551616:x,"), NETSTRING_TOO_LONG, NULL, 0 },
	{ IN("184467440737095516160:x,"), NETSTRING_TOO_LONG, NULL, 0 },
	{ IN("01:a,"), NETSTRING_ZERO, NULL, 0 },
	{ IN("00:,"), NETSTRING_ZERO, NULL, 0 },
	{ IN("01"), NETSTRING_ZERO, NULL, 0 },
	{ IN(":x,"), NETSTRING_NO_LENGTH, NULL, 0 },
	{ IN("-1:x,"), NETSTRING_NO_LENGTH, NULL, 0 },
	{ IN("+5:hello,"), NETSTRING_NO_LENGTH, NULL, 0 },
	{ IN(" 5:hello,"), NETSTRING_NO_LENGTH, NULL, 0 },
	{ IN("\r\n"), NETSTRING_NO_LENGTH, NULL, 0 },
	{ IN("GET / HTTP/1.0\r\n"), NETSTRING_NO_LENGTH, NULL, 0 },
	{ IN("get x\n"), NETSTRING_NO_LENGTH, NULL, 0 },
	{ IN("\0"), NETSTRING_NO_LENGTH, NULL, 0 },
	{ IN("\377"), NETSTRING_NO_LENGTH, NULL, 0 },
	{ IN("5 :hello,"), NETSTRING_NO_COLON, NULL, 0 },
	{ IN("0x5:hello,"), NETSTRING_NO_COLON, NULL, 0 },
	{ IN("5hello,"), NETSTRING_NO_COLON, NULL, 0 },
	{ IN("5,"), NETSTRING_NO_COLON, NULL, 0 },
	{ IN("1a,"), NETSTRING_NO_COLON, NULL, 0 },
	{ IN("5:hello;"), NETSTRING_NO_COMMA, NULL, 0 },
	{ IN("0:_"), NETSTRING_NO_COMMA, NULL, 0 },
	{ IN("3:aaa_"), NETSTRING_NO_COMMA, NULL, 0 },
	{ IN("2:hello,"), NETSTRING_NO_COMMA, NULL, 0 },
	{ IN("5:hello\0"), NETSTRING_NO_COMMA, NULL, 0 },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void
decodes(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS; i++) {
		struct str payload = { NULL, 0 };
		size_t used = 0;
		/* On the heap, so that a read too far is seen. */
		char *in = malloc(rows[i].n + 1);
		struct str s = { memcpy(in, rows[i].in, rows[i].n),
			rows[i].n };

		s.p = realloc(in, rows[i].n ? rows[i].n : 1);
		assert_int_equal(netstring_decode(s, MAX, &payload, &used),
		    rows[i].result);
		if (rows[i].payload) {
			assert_true(str_is(payload, rows[i].payload));
			assert_int_equal(used, rows[i].used);
		}
		free((char *)s.p);
	}
}

/* An error is never told before, nor changed after, the byte that makes it;
 * every shorter beginning of a good frame is only incomplete. */
static void
beginnings(void **state)
{
	size_t i, n;

	(void)state;
	for (i = 0; i < ROWS; i++) {
		enum netstring_result last = NETSTRING_MORE;

		for (n = 0; n <= rows[i].n; n++) {
			struct str payload, s = { rows[i].in, n };
			size_t used;
			enum netstring_result r = netstring_decode(s, MAX,
			    &payload, &used);

			if (last != NETSTRING_MORE)
				assert_int_equal(r, last);
			last = r;
		}
		assert_int_equal(last, rows[i].result);
	}
}

static void
limits(void **state)
{
	static const size_t sizes[] = { 0, 1, 9, 10, 99, 100, 9999, 10000 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = sizes[i], used;
		char *bytes = calloc(1, n + 1);
		struct str payload, in = { bytes, n };
		struct buf out;

		buf_init(&out, SIZE_MAX);
		memcpy(netstring_claim(&out, n), bytes, n);
		assert_false(out.failed);
		assert_int_equal(netstring_decode(buf_get(&out), n, &payload,
		    &used), NETSTRING_OK);
		assert_true(str_eq(payload, in));
		assert_int_equal(used, out.n);
		if (n > 0)
			assert_int_equal(netstring_decode(buf_get(&out), n - 1,
			    &payload, &used), NETSTRING_TOO_LONG);
		buf_clear(&out);
		free(bytes);
	}
}

static void
largest_limit(void **state)
{
	struct str payload, in = STR("18446744073709551615:");
	size_t used;

	(void)state;
	assert_int_equal(netstring_decode(in, SIZE_MAX, &payload, &used),
	    NETSTRING_MORE);
	in = STR("18446744073709551616:");
	assert_int_equal(netstring_decode(in, SIZE_MAX, &payload, &used),
	    NETSTRING_TOO_LONG);
}

static void
errors_have_texts(void **state)
{
	int i, j;

	(void)state;
	for (i = NETSTRING_OK; i <= NETSTRING_NO_COMMA; i++) {
		const char *text = netstring_error((enum netstring_result)i);

		assert_true(strlen(text) > 0);
		for (j = NETSTRING_OK; j < i; j++)
			assert_string_not_equal(text,
			    netstring_error((enum netstring_result)j));
	}
	assert_string_equal(netstring_error((enum netstring_result)99),
	    "unknown error");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes),
		cmocka_unit_test(beginnings),
		cmocka_unit_test(limits),
		cmocka_unit_test(largest_limit),
		cmocka_unit_test(errors_have_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
