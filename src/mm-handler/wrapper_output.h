/*
 * wrapper_output - the part of what Mailman's wrapper prints that goes into
 * the reason of a failure: its beginning and its end, at a fixed size.
 *
 * A message says what it is about at its beginning, a traceback at its end.
 */
#ifndef MM_HANDLER_WRAPPER_OUTPUT_H
#define MM_HANDLER_WRAPPER_OUTPUT_H

#include <stdbool.h>

#include "base/str.h"

#define WRAPPER_OUTPUT_HEAD 160
#define WRAPPER_OUTPUT_TAIL 240

/* All zero is the empty one. */
struct wrapper_output {
	char head[WRAPPER_OUTPUT_HEAD]; /* the first bytes */
	size_t head_n;
	char tail[WRAPPER_OUTPUT_TAIL]; /* the last ones, after the head */
	size_t tail_n;
	bool lost; /* there were more bytes between head and tail */
};

/* The wrapper printed S. */
void wrapper_output_add(struct wrapper_output *o, struct str s);

/*
 * Appends ": " and the output to the text in REASON (SIZE bytes), on one line.
 * A part that REASON has no room for is left out, with what follows it.
 * Appends nothing where nothing was printed.
 */
void wrapper_output_quote(const struct wrapper_output *o, char *reason,
    size_t size);

#endif
