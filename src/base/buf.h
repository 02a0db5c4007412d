/*
 * buf - bytes under construction, with a hard maximum.
 *
 * Too much output, or no memory for it, makes the buffer failed.  That
 * sticks, later output is dropped, and the writer asks once, at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct buf {
	char *p;
	size_t n;    /* bytes in use */
	size_t size; /* bytes at p */
	size_t max;  /* never more than this */
	bool fixed;  /* p is the caller's, it does not grow */
	bool failed;
};

/* An empty buffer on the heap; nothing is allocated before the first byte. */
void buf_init(struct buf *b, size_t max);
/* An empty buffer over SIZE bytes of the caller's own memory. */
void buf_over(struct buf *b, char *mem, size_t size);
/* Frees what buf_init() led to; the buffer is empty and usable again. */
void buf_clear(struct buf *b);
/* Empty, not failed, and keeps its memory. */
void buf_reset(struct buf *b);

void buf_put(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_add(struct buf *b, const char *c);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Removes the first N bytes. */
void buf_drop(struct buf *b, size_t n);

/* What is in it; valid until the next change. */
struct str buf_get(const struct buf *b);
/*
 * The same, terminated by a NUL that is not counted.  "" when failed, or
 * where there is no room for the NUL.
 */
const char *buf_cstr(struct buf *b);

#endif
