/*
 * pickle_opcodes - what each opcode of a pickle takes from the stack and leaves
 * there, as far as the walker needs it (Lib/pickletools.py tells it all).
 */
#ifndef MAILMAN_PICKLE_OPCODES_H
#define MAILMAN_PICKLE_OPCODES_H

#include <stdbool.h>

#include "mailman/pickle_walk.h"

enum pickle_argument {
	ARG_NONE,
	ARG_FIXED,    /* n bytes, which do not matter */
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

/* Indexed by the opcode's byte. */
extern const struct pickle_opcode pickle_opcodes[256];

#endif
