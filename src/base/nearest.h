/*
 * nearest - which word somebody may have meant who misspelt one.
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/str.h"

/* A longer word is near to none. */
#define NEAREST_MAX 64

/*
 * How many letters were left out, put in, exchanged for others, or swapped with
 * their neighbours; NEAREST_MAX where a word is longer than that.
 */
size_t nearest_distance(struct str a, struct str b);

/*
 * The word of WORDS, which end with NULL, that is nearest to WRONG; of several
 * the first.  NULL where none is near: more than a third of its letters differ,
 * and neither word is the beginning of the other.
 */
const char *nearest_word(struct str wrong, const char *const *words);

#endif
