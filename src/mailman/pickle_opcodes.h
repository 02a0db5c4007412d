/*
 * pickle_opcodes - what each opcode of a pickle takes and leaves, as far as
 * the walker wants to know (Lib/pickletools.py has all of it).
 */
#ifndef MAILMAN_PICKLE_OPCODES_H
#define MAILMAN_PICKLE_OPCODES_H

#include <stdbool.h>

#include "mailman/pickle_walk.h"

enum pickle_argument {
	ARG_NONE,
	ARG_FIXED,    /* n bytes that do not matter */
	ARG_NUMBER,   /* n bytes, little-endian */
	ARG_COUNTED,  /* a length of n bytes, then as many bytes */
	ARG_LINE,     /* up to a newline */
	ARG_TWO_LINES
};

enum pickle_effect {
	EFFECT_NONE,
	EFFECT_REPLACE,  /* pops `pops', pushes `kind' */
	EFFECT_MARKED,   /* pops to the mark, pushes `kind' */
	EFFECT_APPENDS,  /* pops to the mark */
	EFFECT_POPS,     /* pops `pops' */
	EFFECT_DICT,
	EFFECT_ITEM,
	EFFECT_ITEMS,
	EFFECT_DUP,
	EFFECT_POP,
	EFFECT_PUT,
	EFFECT_MEMOIZE,
	EFFECT_GET,
	EFFECT_STOP
};

struct pickle_opcode {
	bool known;
	enum pickle_argument argument;
	unsigned n;
	enum pickle_effect effect;
	unsigned pops;
	enum pickle_kind kind;
};

/* By the opcode's byte. */
extern const struct pickle_opcode pickle_opcodes[256];

#endif
