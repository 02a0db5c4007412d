#include <string.h>

#include "mailman/pickle_bytes.h"
#include "base/str.h"
#include "mailman/pickle.h"

#define DIGITS_MAX 24

static const char truncated[] = "ends in the middle";
const char pickle_unreadable[] = "cannot be read";
static const char malformed[] = "holds a number that is none";

bool
pickle_bytes_fail(struct pickle_bytes *b, const char *err)
{
	if (!b->err)
		b->err = err;
	return false;
}

int
pickle_bytes_next(struct pickle_bytes *b)
{
	/* Also true where the place is before the window. */
	if (b->at - b->window_at >= b->window_n) {
		uint64_t left = b->source->size - b->at;

		if (left == 0) {
			pickle_bytes_fail(b, truncated);
			return -1;
		}
		b->window_n = left < PICKLE_WINDOW ? left : PICKLE_WINDOW;
		b->window_at = b->at;
		if (b->source->read(b->source->arg, b->at, b->window,
		    b->window_n) == -1) {
			b->window_n = 0;
			pickle_bytes_fail(b, pickle_unreadable);
			return -1;
		}
	}
	return b->window[b->at++ - b->window_at];
}

bool
pickle_bytes_skip(struct pickle_bytes *b, uint64_t n)
{
	if (n > b->source->size - b->at)
		return pickle_bytes_fail(b, truncated);
	b->at += n;
	return true;
}

bool
pickle_bytes_number(struct pickle_bytes *b, unsigned n, uint64_t *v)
{
	*v = 0;
	for (unsigned i = 0; i < n; i++) {
		int c = pickle_bytes_next(b);

		if (c == -1)
			return false;
		*v |= (uint64_t)c << (8 * i);
	}
	return true;
}

bool
pickle_bytes_line(struct pickle_bytes *b, uint64_t *n)
{
	int c;

	*n = 0;
	while ((c = pickle_bytes_next(b)) != '\n') {
		if (c == -1)
			return false;
		(*n)++;
	}
	return true;
}

bool
pickle_bytes_are(struct pickle_bytes *b, uint64_t at, uint64_t n,
    const char *text)
{
	uint64_t back = b->at;
	bool same = n == strlen(text);

	b->at = at;
	for (uint64_t i = 0; same && i < n; i++)
		same = pickle_bytes_next(b) == (unsigned char)text[i];
	b->at = back;
	return same;
}

bool
pickle_bytes_decimal(struct pickle_bytes *b, uint64_t at, uint64_t n,
    uint64_t *v)
{
	uint64_t back = b->at;
	char digits[DIGITS_MAX];

	if (n == 0 || n > sizeof(digits))
		return pickle_bytes_fail(b, malformed);
	b->at = at;
	for (uint64_t i = 0; i < n; i++)
		digits[i] = (char)pickle_bytes_next(b);
	b->at = back;
	if (str_number((struct str){ digits, (size_t)n }, 0, UINT64_MAX, v) ==
	    -1)
		return pickle_bytes_fail(b, malformed);
	return true;
}

bool
pickle_bytes_nonzero(struct pickle_bytes *b, uint64_t at, uint64_t n)
{
	uint64_t back = b->at;
	bool yes = false;

	b->at = at;
	for (uint64_t i = 0; i < n; i++) {
		int c = pickle_bytes_next(b);

		yes |= c >= '1' && c <= '9';
	}
	b->at = back;
	return yes;
}
