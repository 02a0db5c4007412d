/*
 * left_out - what a table of lines cannot have, said in a comment.
 */
#ifndef LISTMAP_LEFT_OUT_H
#define LISTMAP_LEFT_OUT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/str.h"

/*
 * Whether the pair (as map_emit_fn has it) must not be a line of a table: its
 * role leaves it out, or no line can begin with its key, for makemap(8) and
 * postmap(1) end a key at the first blank and take a '#' for a comment and a
 * quotation mark for quotes.  Then a comment that names it is written to F.
 */
bool left_out(FILE *f, struct str key, struct str value);

#endif
