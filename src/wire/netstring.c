#include "wire/netstring.h"
#include "base/buf.h"

static const char *const errors[] = {
	[NETSTRING_OK] = "no error",
	[NETSTRING_MORE] = "incomplete frame",
	[NETSTRING_NO_LENGTH] = "no length at the start of a frame",
	[NETSTRING_ZERO] = "leading zero in a length",
	[NETSTRING_TOO_LONG] = "frame too long",
	[NETSTRING_NO_COLON] = "no colon after a length",
	[NETSTRING_NO_COMMA] = "no comma after a frame",
};

/*
 * Reads the length; *USED is how many bytes it has, its colon included.  The
 * value cannot overflow: it is compared with MAX before each digit is added.
 */
static enum netstring_result
decode_length(struct str in, size_t max, size_t *length, size_t *used)
{
	size_t i, n = 0;

	for (i = 0; i < in.n && in.p[i] >= '0' && in.p[i] <= '9'; i++) {
		size_t digit = (size_t)(in.p[i] - '0');

		if (i == 1 && n == 0)
			return NETSTRING_ZERO;
		if (n > max / 10 || digit > max - n * 10)
			return NETSTRING_TOO_LONG;
		n = n * 10 + digit;
	}
	if (i == in.n)
		return NETSTRING_MORE;
	if (i == 0)
		return NETSTRING_NO_LENGTH;
	if (in.p[i] != ':')
		return NETSTRING_NO_COLON;
	*length = n;
	*used = i + 1;
	return NETSTRING_OK;
}

enum netstring_result
netstring_decode(struct str in, size_t max, struct str *payload, size_t *used)
{
	enum netstring_result r;
	size_t length, head;

	r = decode_length(in, max, &length, &head);
	if (r != NETSTRING_OK)
		return r;
	if (in.n - head <= length)
		return NETSTRING_MORE;
	if (in.p[head + length] != ',')
		return NETSTRING_NO_COMMA;
	*payload = (struct str){ in.p + head, length };
	*used = head + length + 1;
	return NETSTRING_OK;
}

const char *
netstring_error(enum netstring_result r)
{
	if ((size_t)r >= sizeof(errors) / sizeof(errors[0]))
		return "unknown error";
	return errors[r];
}

/* Not with printf(), which is slow: every reply passes here. */
char *
netstring_claim(struct buf *out, size_t n)
{
	size_t digits = 1, rest;
	char *p;

	for (rest = n; rest >= 10; rest /= 10)
		digits++;
	p = buf_claim(out, digits + 1 + n + 1);
	if (!p)
		return NULL;
	rest = n;
	for (size_t i = digits; i-- > 0; rest /= 10)
		p[i] = (char)('0' + rest % 10);
	p[digits] = ':';
	p[digits + 1 + n] = ',';
	return p + digits + 1;
}
