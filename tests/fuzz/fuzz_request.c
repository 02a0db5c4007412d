#include <stdint.h>
#include <stdlib.h>

#include "wire/conn.h"

/* More would only be more of the same, and conn takes no more at once. */
#define INPUT_MAX 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool what)
{
	if (!what)
		abort();
}

struct fuzz_answerer {
	size_t count;
	bool later; /* every other request waits first */
};

static enum conn_reply
answer(void *arg, struct str request, struct conn_waiter *w, struct buf *out)
{
	struct socketmap_request r;
	struct fuzz_answerer *a = arg;

	if (a->later && !w->question && a->count % 2) {
		w->question = a;
		return CONN_LATER;
	}
	w->question = NULL;
	a->count++;
	if (socketmap_parse_request(request, &r) < 0)
		socketmap_put_reply(out, SOCKETMAP_TEMP, STR("no space"));
	else {
		must(r.map.n + 1 + r.key.n == request.n);
		must(str_find(r.map, ' ') == STR_NONE);
		socketmap_put_reply(out, SOCKETMAP_OK, r.key);
	}
	return CONN_REPLIED;
}

static void
invariants(const struct conn *c)
{
	must(!(conn_has_partial_frame(c) && conn_has_whole_frame(c)));
	must(!(conn_wants_bytes(c) && conn_has_whole_frame(c)) ||
	    conn_waits(c));
	must(!conn_waits(c) || conn_has_whole_frame(c));
	must(c->error == NETSTRING_OK || !conn_wants_bytes(c));
	must(c->error == NETSTRING_OK || c->in.n == 0);
	must(!c->in.failed && !c->out.failed);
}

/* Feeds IN in pieces whose lengths come from PIECES, over and over.  If there
 * are any, requests may have to wait. */
static size_t
converse(struct str in, struct str pieces, struct conn *c, struct buf *all)
{
	struct fuzz_answerer a = { .later = pieces.n > 0 };
	struct conn_answerer by = { .answer = answer, .arg = &a };
	size_t at = 0, i = 0, n;

	while (at < in.n || conn_has_whole_frame(c)) {
		n = pieces.n ? 1u + (uint8_t)pieces.p[i++ % pieces.n] : in.n;
		if (n > in.n - at)
			n = in.n - at;
		must(conn_feed(c, str_head(str_tail(in, at), n), &by,
		    &c->out) == 0);
		invariants(c);
		at += n;
		c->woken = i % 2;
		if (conn_has_whole_frame(c) || i % 3 == 0) {
			buf_str(all, buf_get(&c->out));
			buf_reset(&c->out);
		}
	}
	buf_str(all, buf_get(&c->out));
	must(by.requests == a.count);
	return a.count;
}

/* The output is whole replies, one for each request, and one for an error. */
static void
check_replies(struct str out, size_t count, enum netstring_result error)
{
	struct socketmap_reply reply;
	struct str payload;
	size_t used;

	for (; out.n > 0; out = str_tail(out, used), count--) {
		must(netstring_decode(out, SOCKETMAP_REPLY_MAX, &payload,
		    &used) == NETSTRING_OK);
		must(socketmap_parse_reply(payload, &reply) == 0);
		must(reply.word != SOCKETMAP_OK || reply.text.n > 0);
		if (count == 0) {
			must(error != NETSTRING_OK && used == out.n);
			must(reply.word == SOCKETMAP_TEMP);
			return;
		}
	}
	must(count == 0 && error == NETSTRING_OK);
}

/* The first byte says how many of the following ones cut the rest. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = { (const char *)data, size }, pieces = { NULL, 0 };
	struct buf whole, parts;
	struct conn a, b;
	size_t count;

	if (size == 0 || size > INPUT_MAX)
		return 0;
	pieces.n = data[0] % 8;
	if (pieces.n >= size)
		pieces.n = size - 1;
	pieces.p = in.p + 1;
	in = str_tail(in, 1 + pieces.n);
	buf_init(&whole, SIZE_MAX);
	buf_init(&parts, SIZE_MAX);
	conn_init(&a);
	conn_init(&b);
	count = converse(in, (struct str){ NULL, 0 }, &a, &whole);
	must(converse(in, pieces, &b, &parts) == count);
	must(a.error == b.error);
	must(str_eq(buf_get(&a.in), buf_get(&b.in)));
	must(str_eq(buf_get(&whole), buf_get(&parts)));
	check_replies(buf_get(&whole), count, a.error);
	conn_clear(&a);
	conn_clear(&b);
	buf_clear(&whole);
	buf_clear(&parts);
	return 0;
}
