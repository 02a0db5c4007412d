#include <string.h>

#include "mm-handler/wrapper_output.h"
#include "base/buf.h"
#include "base/str.h"

void
wrapper_output_add(struct wrapper_output *o, struct str s)
{
	size_t n = WRAPPER_OUTPUT_HEAD - o->head_n, room, stay;

	if (n > s.n)
		n = s.n;
	memcpy(o->head + o->head_n, s.p, n);
	o->head_n += n;
	s = str_tail(s, n);
	o->lost |= o->tail_n + s.n > WRAPPER_OUTPUT_TAIL;
	if (s.n > WRAPPER_OUTPUT_TAIL)
		s = str_tail(s, s.n - WRAPPER_OUTPUT_TAIL);
	room = WRAPPER_OUTPUT_TAIL - s.n;
	stay = room < o->tail_n ? room : o->tail_n;
	memmove(o->tail, o->tail + o->tail_n - stay, stay);
	if (s.n)
		memcpy(o->tail + stay, s.p, s.n);
	o->tail_n = stay + s.n;
}

void
wrapper_output_quote(const struct wrapper_output *o, char *reason, size_t size)
{
	size_t n = strlen(reason), end;
	struct buf b;

	buf_over(&b, reason, size - 1);
	b.n = n;
	buf_add(&b, ": ");
	buf_put(&b, o->head, o->head_n);
	buf_add(&b, o->lost ? "..." : "");
	buf_put(&b, o->tail, o->tail_n);
	for (end = b.n; end > n + 2 && (reason[end - 1] == '\n' ||
	    reason[end - 1] == ' ' || reason[end - 1] == '\0'); end--)
		;
	for (size_t i = n; i < end; i++)
		if (reason[i] == '\n' || reason[i] == '\0')
			reason[i] = ' ';
	reason[end > n + 2 ? end : n] = '\0';
}
