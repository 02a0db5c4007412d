#include "wire/conn.h"
#include "base/buf.h"
#include "base/str.h"
#include "wire/netstring.h"
#include "wire/socketmap.h"

/* A frame without its last byte, and what is fed after that. */
#define IN_MAX (SOCKETMAP_REQUEST_MAX + 8 + CONN_FEED_MAX)
/* Where a request waits, nothing is read behind so many bytes. */
#define WAITING_MAX (SOCKETMAP_REQUEST_MAX + 8)

void
conn_init(struct conn *c)
{
	buf_init(&c->in, IN_MAX);
	buf_init(&c->out, CONN_OUT_MAX);
	c->error = NETSTRING_OK;
	c->woken = false;
	c->waiter = (struct conn_waiter){ 0 };
}

void
conn_clear(struct conn *c)
{
	buf_clear(&c->in);
	buf_clear(&c->out);
}

/* Appends the one reply to a malformed frame. */
static void
reply_malformed(struct conn *c, enum netstring_result r, struct buf *out)
{
	c->error = r;
	socketmap_put_reply(out, SOCKETMAP_TEMP, str_from(netstring_error(r)));
}

enum frame_end {
	FRAME_DONE,
	FRAME_WAITS,
	FRAME_FAILED
};

static enum frame_end
answer_frame(struct conn *c, struct str request, struct conn_answerer *by,
    struct buf *out)
{
	size_t before = out->n;

	c->woken = false;
	by->requests++;
	if (by->answer(by->arg, request, &c->waiter, out) == CONN_LATER) {
		by->requests--;
		return c->waiter.question && out->n == before ? FRAME_WAITS :
		    FRAME_FAILED;
	}
	/* A missing reply would shift all later ones by one. */
	return c->waiter.question || out->n == before ? FRAME_FAILED :
	    FRAME_DONE;
}

/*
 * Answers the frames at the start of BYTES.  Returns how many bytes those
 * are, or STR_NONE when the conversation cannot go on.
 */
static size_t
answer_frames(struct conn *c, struct str bytes, struct conn_answerer *by,
    struct buf *out)
{
	enum frame_end end = FRAME_DONE;
	size_t done = 0;
	int n;

	for (n = 0; n < CONN_FRAMES && out->n < CONN_OUT_HIGH &&
	    done < bytes.n; n++) {
		struct str payload;
		size_t used;
		enum netstring_result r;

		r = netstring_decode(str_tail(bytes, done),
		    SOCKETMAP_REQUEST_MAX, &payload, &used);
		if (r == NETSTRING_MORE)
			break;
		if (r == NETSTRING_OK) {
			end = answer_frame(c, payload, by, out);
		} else {
			reply_malformed(c, r, out);
			used = bytes.n - done;
		}
		if (out->failed || end == FRAME_FAILED)
			return STR_NONE;
		if (end == FRAME_WAITS)
			break;
		done += used;
	}
	return done;
}

int
conn_feed(struct conn *c, struct str bytes, struct conn_answerer *by,
    struct buf *out)
{
	size_t done;

	if (c->error != NETSTRING_OK)
		return 0;
	if (c->in.n == 0) {
		/* The usual case: whole frames, answered where they lie. */
		done = answer_frames(c, bytes, by, out);
		if (done == STR_NONE)
			return -1;
		if (done < bytes.n)
			buf_str(&c->in, str_tail(bytes, done));
		return c->in.failed ? -1 : 0;
	}
	buf_str(&c->in, bytes);
	if (c->in.failed)
		return -1;
	if (conn_waits(c))
		return 0;
	done = answer_frames(c, buf_get(&c->in), by, out);
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
	if (c->error != NETSTRING_OK || c->out.n >= CONN_OUT_HIGH)
		return false;
	return conn_waits(c) ? c->in.n < WAITING_MAX :
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
