#include "wire/conn.h"
#include "base/buf.h"
#include "base/str.h"
#include "wire/netstring.h"
#include "wire/socketmap.h"

/* A frame without its last byte, and what is fed after that. */
#define IN_MAX (SOCKETMAP_REQUEST_MAX + 8 + CONN_FEED_MAX)

void
conn_init(struct conn *c)
{
	buf_init(&c->in, IN_MAX);
	buf_init(&c->out, CONN_OUT_MAX);
	c->error = NETSTRING_OK;
}

void
conn_clear(struct conn *c)
{
	buf_clear(&c->in);
	buf_clear(&c->out);
}

/* Appends the one reply to a malformed frame. */
static void
reply_malformed(struct conn *c, enum netstring_result r)
{
	c->error = r;
	socketmap_put_reply(&c->out, SOCKETMAP_TEMP,
	    str_from(netstring_error(r)));
}

/*
 * Answers the frames at the start of BYTES.  Returns how many bytes those
 * are, or STR_NONE when the conversation cannot go on.
 */
static size_t
answer_frames(struct conn *c, struct str bytes, conn_answer_fn *answer,
    void *arg)
{
	size_t done = 0;

	while (c->out.n < CONN_OUT_HIGH && done < bytes.n) {
		struct str payload;
		size_t used, before = c->out.n;
		enum netstring_result r;

		r = netstring_decode(str_tail(bytes, done),
		    SOCKETMAP_REQUEST_MAX, &payload, &used);
		if (r == NETSTRING_MORE)
			break;
		if (r == NETSTRING_OK) {
			answer(arg, payload, &c->out);
			done += used;
		} else {
			reply_malformed(c, r);
			done = bytes.n;
		}
		/* A missing reply would shift all later ones by one. */
		if (c->out.failed || c->out.n == before)
			return STR_NONE;
	}
	return done;
}

int
conn_feed(struct conn *c, struct str bytes, conn_answer_fn *answer, void *arg)
{
	size_t done;

	if (c->error != NETSTRING_OK)
		return 0;
	if (c->in.n == 0) {
		/* The usual case: whole frames, answered where they lie. */
		done = answer_frames(c, bytes, answer, arg);
		if (done == STR_NONE)
			return -1;
		if (done < bytes.n)
			buf_str(&c->in, str_tail(bytes, done));
		return c->in.failed ? -1 : 0;
	}
	buf_str(&c->in, bytes);
	if (c->in.failed)
		return -1;
	done = answer_frames(c, buf_get(&c->in), answer, arg);
	if (done == STR_NONE)
		return -1;
	buf_drop(&c->in, done);
	if (c->in.n == 0)
		buf_clear(&c->in);
	return 0;
}

/* What the waiting input begins with: NETSTRING_OK is a whole frame. */
static enum netstring_result
decode_waiting(const struct conn *c)
{
	struct str payload;
	size_t used;

	if (c->in.n == 0)
		return NETSTRING_MORE;
	return netstring_decode(buf_get(&c->in), SOCKETMAP_REQUEST_MAX,
	    &payload, &used);
}

bool
conn_wants_bytes(const struct conn *c)
{
	return c->error == NETSTRING_OK && c->out.n < CONN_OUT_HIGH &&
	    !conn_has_whole_frame(c);
}

bool
conn_has_partial_frame(const struct conn *c)
{
	return c->error == NETSTRING_OK && c->in.n > 0 &&
	    decode_waiting(c) == NETSTRING_MORE;
}

bool
conn_has_whole_frame(const struct conn *c)
{
	return c->error == NETSTRING_OK && decode_waiting(c) != NETSTRING_MORE;
}
