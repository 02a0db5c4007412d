#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/conn.h"

/* Answers with the request itself; ARG counts. */
static enum conn_reply
echo(void *arg, struct str request, struct conn_waiter *w, struct buf *out)
{
	size_t *count = arg;

	(void)w;
	++*count;
	if (request.n > 0)
		socketmap_put_reply(out, SOCKETMAP_OK, request);
	else
		socketmap_put_reply(out, SOCKETMAP_NOTFOUND, STR(""));
	return CONN_REPLIED;
}

static enum conn_reply
mute(void *arg, struct str request, struct conn_waiter *w, struct buf *out)
{
	(void)arg;
	(void)request;
	(void)w;
	(void)out;
	return CONN_REPLIED;
}

/* What the whole conversation IN gives, fed in pieces of STEP bytes. */
static char *
converse(struct str in, size_t step, enum netstring_result *error)
{
	size_t at, count = 0;
	struct conn_answerer by = { .answer = echo, .arg = &count };
	struct conn c;
	char *out;

	conn_init(&c);
	for (at = 0; at < in.n; at += step) {
		size_t n = in.n - at < step ? in.n - at : step;

		assert_int_equal(conn_feed(&c, str_head(str_tail(in, at), n),
		    &by, &c.out), 0);
	}
	*error = c.error;
	out = str_dup(buf_get(&c.out));
	conn_clear(&c);
	return out;
}

#define IN(literal) { literal, sizeof(literal) - 1 }

static const struct {
	struct str in;
	const char *out;
	enum netstring_result error;
} rows[] = {
	{ IN(""), "", NETSTRING_OK },
	{ IN("3:m a,"), "6:OK m a,", NETSTRING_OK },
	{ IN("0:,"), "9:NOTFOUND ,", NETSTRING_OK },
	{ IN("3:m a,3:m b,3:m c,"), "6:OK m a,6:OK m b,6:OK m c,",
	    NETSTRING_OK },
	{ IN("3:m a,3:m"), "6:OK m a,", NETSTRING_OK },
	{ IN("17:5:Hello,6:World!,,"), "20:OK 5:Hello,6:World!,,",
	    NETSTRING_OK },
	{ IN("3:m a,\r\n3:m b,"),
	    "6:OK m a,38:TEMP no length at the start of a frame,",
	    NETSTRING_NO_LENGTH },
	{ IN("-1:x,"), "38:TEMP no length at the start of a frame,",
	    NETSTRING_NO_LENGTH },
	{ IN("+5:m abc,"), "38:TEMP no length at the start of a frame,",
	    NETSTRING_NO_LENGTH },
	{ IN(":x,3:m a,"), "38:TEMP no length at the start of a frame,",
	    NETSTRING_NO_LENGTH },
	{ IN("GET / HTTP/1.0\r\n\r\n"),
	    "38:TEMP no length at the start of a frame,",
	    NETSTRING_NO_LENGTH },
	{ IN("5 :m abc,"), "28:TEMP no colon after a length,",
	    NETSTRING_NO_COLON },
	{ IN("0x5:m abc,"), "28:TEMP no colon after a length,",
	    NETSTRING_NO_COLON },
	{ IN("01:a,"), "29:TEMP leading zero in a length,", NETSTRING_ZERO },
	{ IN("00:,"), "29:TEMP leading zero in a length,", NETSTRING_ZERO },
	{ IN("10001:"), "19:TEMP frame too long,", NETSTRING_TOO_LONG },
	{ IN("18446744073709551616:x,"), "19:TEMP frame too long,",
	    NETSTRING_TOO_LONG },
	{ IN("3:m a;"), "27:TEMP no comma after a frame,",
	    NETSTRING_NO_COMMA },
	{ IN("3:m a,3:m b;3:m c,3:m d,"),
	    "6:OK m a,27:TEMP no comma after a frame,", NETSTRING_NO_COMMA },
};

static void
whole_and_in_pieces(void **state)
{
	size_t i, step;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (step = 1; step <= 25; step++) {
			enum netstring_result error;
			char *out = converse(rows[i].in, step, &error);

			assert_string_equal(out, rows[i].out);
			assert_int_equal(error, rows[i].error);
			free(out);
		}
}

/* A request of N bytes, framed. */
static void
put_request(struct buf *b, size_t n)
{
	memset(netstring_claim(b, n), 'x', n);
}

static void
request_limit(void **state)
{
	struct buf in;
	size_t step;

	(void)state;
	for (step = 1; step <= 10000; step = step * 7 + 1) {
		enum netstring_result error;
		char *out;

		buf_init(&in, SIZE_MAX);
		put_request(&in, SOCKETMAP_REQUEST_MAX);
		out = converse(buf_get(&in), step, &error);
		assert_int_equal(error, NETSTRING_OK);
		assert_true(str_starts(str_from(out), "10003:OK xxx"));
		free(out);
		buf_reset(&in);
		put_request(&in, SOCKETMAP_REQUEST_MAX + 1);
		out = converse(buf_get(&in), step, &error);
		assert_int_equal(error, NETSTRING_TOO_LONG);
		assert_string_equal(out, "19:TEMP frame too long,");
		free(out);
		buf_clear(&in);
	}
}

static void
states(void **state)
{
	size_t count = 0;
	struct conn_answerer by = { .answer = echo, .arg = &count };
	struct conn c;

	(void)state;
	conn_init(&c);
	assert_true(conn_wants_bytes(&c));
	assert_false(conn_has_partial_frame(&c));
	assert_false(conn_has_whole_frame(&c));
	assert_int_equal(conn_feed(&c, STR("3:m"), &by, &c.out), 0);
	assert_true(conn_wants_bytes(&c));
	assert_true(conn_has_partial_frame(&c));
	assert_int_equal(conn_feed(&c, STR(" a,3"), &by, &c.out), 0);
	assert_true(conn_has_partial_frame(&c));
	assert_int_equal(conn_feed(&c, STR(":m b,"), &by, &c.out), 0);
	assert_false(conn_has_partial_frame(&c));
	/* Idle: what it held for the half frame is gone. */
	assert_null(c.in.p);
	assert_int_equal(count, 2);
	assert_int_equal(conn_feed(&c, STR(":"), &by, &c.out), 0);
	assert_false(conn_wants_bytes(&c));
	assert_false(conn_has_partial_frame(&c));
	assert_false(conn_has_whole_frame(&c));
	assert_null(c.in.p);
	conn_clear(&c);
}

/* Output that is not taken away stops the answers, and then the reading;
 * nothing is lost and the order stays. */
static void
back_pressure(void **state)
{
	enum { REQUESTS = 30 };
	size_t count = 0, i;
	struct conn_answerer by = { .answer = echo, .arg = &count };
	struct buf in, got;
	struct conn c;

	(void)state;
	buf_init(&in, SIZE_MAX);
	buf_init(&got, SIZE_MAX);
	for (i = 0; i < REQUESTS; i++)
		put_request(&in, 2000 + i);
	conn_init(&c);
	for (i = 0; i < in.n; i += CONN_OUT_HIGH / 2)
		if (conn_wants_bytes(&c))
			assert_int_equal(conn_feed(&c, str_head(str_tail(
			    buf_get(&in), i), in.n - i < CONN_OUT_HIGH / 2 ?
			    in.n - i : CONN_OUT_HIGH / 2), &by, &c.out), 0);
	assert_int_equal(count, REQUESTS);
	assert_true(c.out.n < CONN_OUT_HIGH);
	/* The second half of the same bytes finds the output full. */
	assert_int_equal(conn_feed(&c, buf_get(&in), &by, &c.out), 0);
	assert_true(c.out.n >= CONN_OUT_HIGH);
	assert_true(c.out.n <= CONN_OUT_MAX);
	assert_false(conn_wants_bytes(&c));
	assert_true(conn_has_whole_frame(&c));
	assert_false(conn_has_partial_frame(&c));
	while (c.out.n > 0) {
		buf_str(&got, buf_get(&c.out));
		buf_reset(&c.out);
		assert_int_equal(conn_feed(&c, STR(""), &by, &c.out), 0);
	}
	assert_int_equal(count, 2 * REQUESTS);
	assert_true(conn_wants_bytes(&c));
	assert_null(c.in.p);
	for (i = 0; i < 2 * REQUESTS; i++) {
		struct str payload;
		size_t used;

		assert_int_equal(netstring_decode(buf_get(&got),
		    SOCKETMAP_REPLY_MAX, &payload, &used), NETSTRING_OK);
		assert_int_equal(payload.n, 3 + 2000 + i % REQUESTS);
		buf_drop(&got, used);
	}
	buf_clear(&got);
	buf_clear(&in);
	conn_clear(&c);
}

static enum conn_reply
largest_reply(void *arg, struct str request, struct conn_waiter *w,
    struct buf *out)
{
	static char bytes[SOCKETMAP_REPLY_MAX - 3];

	(void)arg;
	(void)request;
	(void)w;
	memset(bytes, 'v', sizeof(bytes));
	socketmap_put_reply(out, SOCKETMAP_OK,
	    (struct str){ bytes, sizeof(bytes) });
	return CONN_REPLIED;
}

/* One byte below the mark the largest reply must still fit. */
static void
output_has_room(void **state)
{
	struct conn_answerer by = { .answer = largest_reply };
	struct conn c;
	size_t i;

	(void)state;
	conn_init(&c);
	for (i = 0; i < CONN_OUT_HIGH - 1; i++)
		buf_char(&c.out, '.');
	assert_int_equal(conn_feed(&c, STR("3:m a,"), &by, &c.out), 0);
	assert_int_equal(c.out.n, CONN_OUT_MAX - 1);
	conn_clear(&c);
}

static void
missing_reply(void **state)
{
	struct conn_answerer by = { .answer = mute };
	struct conn c;

	(void)state;
	conn_init(&c);
	assert_int_equal(conn_feed(&c, STR("3:m a,"), &by, &c.out), -1);
	conn_clear(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_and_in_pieces),
		cmocka_unit_test(request_limit),
		cmocka_unit_test(states),
		cmocka_unit_test(back_pressure),
		cmocka_unit_test(output_has_room),
		cmocka_unit_test(missing_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
