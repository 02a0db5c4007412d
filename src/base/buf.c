#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_clear(struct buf *b)
{
	if (b->fixed) {
		buf_reset(b);
		return;
	}
	free(b->p);
	buf_init(b, b->max);
}

/* Makes room for MORE bytes after the first b->n; false where there is none. */
static bool
make_room(struct buf *b, size_t more)
{
	size_t need, size;
	char *p;

	if (b->failed || more > b->max - b->n)
		return false;
	need = b->n + more;
	if (need <= b->size)
		return true;
	if (b->fixed)
		return false;
	size = b->size ? b->size : 128;
	while (size < need)
		size *= 2;
	if (size > b->max)
		size = b->max;
	p = realloc(b->p, size);
	if (!p)
		return false;
	b->p = p;
	b->size = size;
	return true;
}

bool
buf_room(struct buf *b, size_t n)
{
	if (!make_room(b, n))
		b->failed = true;
	return !b->failed;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	char small[256];
	char *big;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if ((size_t)n < sizeof(small)) {
		buf_put(b, small, n);
		return;
	}
	big = malloc((size_t)n + 1);
	if (!big) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(big, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf_put(b, big, n);
	free(big);
}

void
buf_drop(struct buf *b, size_t n)
{
	b->n -= n;
	if (b->n)
		memmove(b->p, b->p + n, b->n);
}

const char *
buf_cstr(struct buf *b)
{
	if (b->failed || !make_room(b, 1))
		return "";
	b->p[b->n] = '\0';
	return b->p;
}
