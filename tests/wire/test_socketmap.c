#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "wire/socketmap.h"

static const struct {
	struct str payload;
	struct str map;
	struct str key;
} requests[] = {
	{ { "virtuser a@b", 12 }, { "virtuser", 8 }, { "a@b", 3 } },
	{ { "m te st@b", 9 }, { "m", 1 }, { "te st@b", 7 } },
	{ { "m \"a  b\"@c", 10 }, { "m", 1 }, { "\"a  b\"@c", 8 } },
	{ { "m ", 2 }, { "m", 1 }, { "", 0 } },
	{ { " a@b", 4 }, { "", 0 }, { "a@b", 3 } },
	{ { " ", 1 }, { "", 0 }, { "", 0 } },
	{ { "m  a", 4 }, { "m", 1 }, { " a", 2 } },
	{ { "m a\0b", 5 }, { "m", 1 }, { "a\0b", 3 } },
	{ { "m \377\200", 4 }, { "m", 1 }, { "\377\200", 2 } },
	{ { "m \"\"", 4 }, { "m", 1 }, { "\"\"", 2 } },
	{ { "m @dom", 6 }, { "m", 1 }, { "@dom", 4 } },
};

static void
parses_requests(void **state)
{
	struct socketmap_request r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		assert_int_equal(socketmap_parse_request(requests[i].payload,
		    &r), 0);
		assert_true(str_eq(r.map, requests[i].map));
		assert_true(str_eq(r.key, requests[i].key));
	}
}

static void
refuses_requests(void **state)
{
	static const char *const bad[] = { "", "virtuser", "a@b", "get\tx" };
	struct socketmap_request r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(socketmap_parse_request(str_from(bad[i]), &r),
		    -1);
}

static void
puts_requests(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	socketmap_put_request(&out, STR("virtuser"),
	    STR("test@lists.lab.test"));
	assert_string_equal(buf_cstr(&out), "28:virtuser test@lists.lab.test,");
	buf_clear(&out);
}

static const struct {
	const char *payload;
	int r;
	enum socketmap_word word;
	const char *text;
} replies[] = {
	{ "OK x", 0, SOCKETMAP_OK, "x" },
	{ "OK x y ", 0, SOCKETMAP_OK, "x y " },
	{ "OK ", 0, SOCKETMAP_OK, "" },
	{ "NOTFOUND ", 0, SOCKETMAP_NOTFOUND, "" },
	{ "NOTFOUND", 0, SOCKETMAP_NOTFOUND, "" },
	{ "NOTFOUND text", 0, SOCKETMAP_NOTFOUND, "text" },
	{ "TEMP a reason", 0, SOCKETMAP_TEMP, "a reason" },
	{ "TEMP", 0, SOCKETMAP_TEMP, "" },
	{ "TIMEOUT t", 0, SOCKETMAP_TIMEOUT, "t" },
	{ "PERM p", 0, SOCKETMAP_PERM, "p" },
	{ "OK", -1, 0, NULL },
	{ "", -1, 0, NULL },
	{ " OK x", -1, 0, NULL },
	{ "ok x", -1, 0, NULL },
	{ "OKAY x", -1, 0, NULL },
	{ "NOT FOUND", -1, 0, NULL },
};

static void
parses_replies(void **state)
{
	struct socketmap_reply r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		assert_int_equal(socketmap_parse_reply(
		    str_from(replies[i].payload), &r), replies[i].r);
		if (replies[i].r < 0)
			continue;
		assert_int_equal(r.word, replies[i].word);
		assert_true(str_is(r.text, replies[i].text));
	}
}

static const struct {
	enum socketmap_word word;
	const char *text;
	const char *frame;
} puts_rows[] = {
	{ SOCKETMAP_OK, "x", "4:OK x," },
	{ SOCKETMAP_OK, "mailman:lists.lab.test",
	    "25:OK mailman:lists.lab.test," },
	{ SOCKETMAP_NOTFOUND, "", "9:NOTFOUND ," },
	{ SOCKETMAP_TEMP, "why", "8:TEMP why," },
	{ SOCKETMAP_OK, "", "16:TEMP empty value," },
	{ SOCKETMAP_PERM, "why", "8:TEMP why," },
	{ SOCKETMAP_TIMEOUT, "why", "8:TEMP why," },
};

static void
puts_replies(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(puts_rows) / sizeof(puts_rows[0]); i++) {
		struct buf out;

		buf_init(&out, 100);
		socketmap_put_reply(&out, puts_rows[i].word,
		    str_from(puts_rows[i].text));
		assert_string_equal(buf_cstr(&out), puts_rows[i].frame);
		buf_clear(&out);
	}
}

/* Of N bytes, with what it becomes. */
static void
put_long(enum socketmap_word word, size_t n, const char *start)
{
	char *bytes = malloc(n);
	struct buf out;

	memset(bytes, 'x', n);
	buf_init(&out, SIZE_MAX);
	socketmap_put_reply(&out, word, (struct str){ bytes, n });
	assert_true(str_starts(buf_get(&out), start));
	buf_clear(&out);
	free(bytes);
}

static void
replies_are_limited(void **state)
{
	(void)state;
	put_long(SOCKETMAP_OK, SOCKETMAP_REPLY_MAX - 3, "100000:OK xxx");
	put_long(SOCKETMAP_OK, SOCKETMAP_REPLY_MAX - 2,
	    "19:TEMP value too long,");
	put_long(SOCKETMAP_TEMP, SOCKETMAP_REPLY_MAX - 5, "100000:TEMP xxx");
	put_long(SOCKETMAP_TEMP, SOCKETMAP_REPLY_MAX,
	    "19:TEMP value too long,");
	put_long(SOCKETMAP_NOTFOUND, SOCKETMAP_REPLY_MAX,
	    "19:TEMP value too long,");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_requests),
		cmocka_unit_test(refuses_requests),
		cmocka_unit_test(puts_requests),
		cmocka_unit_test(parses_replies),
		cmocka_unit_test(puts_replies),
		cmocka_unit_test(replies_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
