/*
 * lead - follows the value of a line of a table to where mail goes by it: from
 * alias to alias, through the other tables, files of addresses and pseudo
 * domains, to lists, programs, users and addresses.
 *
 * What the tables do not say, listmap's answers do.
 */
#ifndef LISTMAP_LEAD_H
#define LISTMAP_LEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "mailman/action.h"

struct buf;
struct conf_site;
struct diff;
struct route;
struct table_file_line;

enum lead_kind {
	LEAD_LIST,
	LEAD_OTHER_WRAPPER, /* a program that is not the site's wrapper, with
	                       the arguments that this gets for a list */
	LEAD_ELSEWHERE
};

/* Where one recipient ends. */
struct lead_end {
	enum lead_kind kind;
	const struct conf_site *site; /* of LEAD_LIST */
	bool by_wrapper; /* any site with the same wrapper is meant */
	enum action action;
	char name[1024]; /* of the list, or what else it is */
	char domain[256]; /* in the list's id, as in struct reading */
};

/* As deep as sendmail follows (MaxAliasRecursion). */
#define LEAD_DEPTH 10
#define LEAD_ENDS 8

struct lead {
	const struct diff *d;
	struct lead_end end[LEAD_ENDS]; /* no two are equal */
	size_t n;
	char broken[300];       /* why it leads no further, or "" */
	const char *no_answer;  /* listmap does not know now: why, or NULL */
	bool followed;          /* another line, or a file, was read */
	/* The first name without a domain in the line itself that is a list's
	 * for listmap; or "". */
	char bare[256];

	const struct table_file_line *path[LEAD_DEPTH + 1];
	size_t depth;
	size_t includes; /* files that are being read */
	size_t steps;
};

/* Follows L, a line of one of the tables of D, in *LEAD. */
void lead_follow(struct lead *lead, const struct diff *d,
    const struct table_file_line *l);

/* Whether all of it leads to R, and nowhere else; and whether it does so by
 * another wrapper. */
bool lead_is(const struct lead *lead, const struct route *r);
bool lead_is_by_other_wrapper(const struct lead *lead, const struct route *r);

/* Writes the ends ("list dev, post; joe") to TEXT; returns TEXT. */
const char *lead_words(const struct lead *lead, char *text, size_t size);

/* Writes an address for the key of L: itself, or one that `user+*@' is for. */
void lead_key(const struct table_file_line *l, struct buf *key);

#endif
