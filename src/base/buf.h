/*
 * buf - bytes under construction, with a hard maximum.
 *
 * Output that exceeds the maximum, or for which memory is out, is dropped and
 * makes the buffer failed.  It stays failed, and drops all later output, until
 * buf_reset() or buf_clear().  So a writer appends without looking at each
 * call, and asks b->failed once, at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/str.h"

struct buf {
	char *p;
	size_t n;    /* bytes in use */
	size_t size; /* bytes at p */
	size_t max;  /* never more than this */
	bool fixed;  /* p is the caller's, it does not grow */
	bool failed;
};

/*
 * Makes an empty buffer on the heap, for MAX bytes at most.  It allocates
 * nothing before the first byte.  The caller ends it with buf_clear().
 */
void buf_init(struct buf *b, size_t max);
/* Makes an empty buffer over SIZE bytes of the caller's own memory. */
static inline void
buf_over(struct buf *b, char *mem, size_t size)
{
	*b = (struct buf){ .p = mem, .size = size, .max = size, .fixed = true };
}

/* Frees what the buffer allocated; it is empty, and usable again. */
void buf_clear(struct buf *b);
/* Makes the buffer empty and not failed; it keeps its memory. */
static inline void
buf_reset(struct buf *b)
{
	b->n = 0;
	b->failed = false;
}

/* Makes room for N more bytes.  False where there is none, or the buffer failed
 * before; then it has failed. */
bool buf_room(struct buf *b, size_t n);

/* Appends N bytes, which the caller writes where this says; NULL where there is
 * no room for them. */
static inline char *
buf_claim(struct buf *b, size_t n)
{
	if ((n > b->size - b->n || b->failed) && !buf_room(b, n))
		return NULL;
	b->n += n;
	return b->p + b->n - n;
}

/* These append; a C string goes in without its NUL.  Those that a look-up calls
 * are defined here, for mostly there is room. */
static inline void
buf_put(struct buf *b, const void *p, size_t n)
{
	char *to = n > 0 ? buf_claim(b, n) : NULL;

	if (to)
		memcpy(to, p, n);
}

static inline void
buf_str(struct buf *b, struct str s)
{
	buf_put(b, s.p, s.n);
}

static inline void
buf_add(struct buf *b, const char *c)
{
	buf_put(b, c, strlen(c));
}

static inline void
buf_char(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Removes the first N bytes; there are at least so many. */
void buf_drop(struct buf *b, size_t n);

/* The bytes that are in it, valid until the next change. */
static inline struct str
buf_get(const struct buf *b)
{
	return (struct str){ b->p, b->n };
}

/*
 * The same as a C string.  Returns "" when the buffer failed, or has no room
 * for the NUL.
 */
const char *buf_cstr(struct buf *b);

#endif
