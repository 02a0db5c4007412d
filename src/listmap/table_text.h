/*
 * table_text - one pair of a map as a line of a text file, in the form of the
 * program that reads such files:
 *
 *	aliases		NAME: VALUE	newaliases(1), postalias(1)
 *	recipients, transport, redirect
 *			KEY VALUE	postmap(1)
 *	domains		KEY		a class of sendmail (F line)
 *	all others	KEY VALUE	makemap(8)
 *
 * Each of them has names that it cannot hold, or holds in quotes only.
 */
#ifndef LISTMAP_TABLE_TEXT_H
#define LISTMAP_TABLE_TEXT_H

#include <stdbool.h>

#include "base/str.h"

struct buf;
struct map;

/* Enough for every line: key and value, in quotes. */
#define TABLE_TEXT_MAX 16384

/*
 * Appends the line for KEY and VALUE of MAP to LINE, its newline included.
 * Returns true; or false where the form cannot hold the pair, or VALUE.p is
 * NULL since the role leaves it out, and LINE gets a comment that names it and
 * says why.
 */
bool table_text_line(const struct map *map, struct str key, struct str value,
    struct buf *line);

#endif
