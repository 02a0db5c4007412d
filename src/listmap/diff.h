/*
 * diff - what the parts of `listmap diff' share: the tables, the sites that
 * they are compared with, and the verdicts on their lines.
 *
 * cmd_diff.c reads the tables and counts the verdicts; diff_line.c judges one
 * line, by what lead.c says where it leads; diff_missing.c looks for what
 * listmap has and no table does.
 */
#ifndef LISTMAP_DIFF_H
#define LISTMAP_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "listmap/table_file.h"

struct route;
struct sites;

enum diff_verdict {
	DIFF_SAME,
	DIFF_DIFFERENT, /* it leads elsewhere than listmap's answer */
	DIFF_OTHER,     /* its key is no list's; it has to stay in the table */
	DIFF_MISSING,   /* listmap answers it, and no table has it */
	DIFF_REFUSED,   /* a dedicated domain will refuse what it lets in */
	DIFF_LEFT,      /* sendmail will look elsewhere for it */
	DIFF_NO_ANSWER, /* listmap does not know now */
	DIFF_BARE,      /* it stays, and names a list without a domain */
	DIFF_SENDERS,   /* it refuses what lists send */
	DIFF_WRONG,     /* it is no line of such a table */
	DIFF_VERDICTS
};

struct diff {
	const struct sites *sites;
	struct sites *any_host; /* the same, with hosts = "any"; owned */
	char **files; /* names of the tables, as given by the user */
	struct table_file *tables; /* beside `files'; owned */
	size_t n;
	const char *file; /* what is printed is about this one */
	FILE *out; /* where the verdicts go */
	bool hides_missing; /* what is missing is counted alone */
	void *lines[TABLE_FILE_KINDS]; /* by their keys; behind diff_find() */
	void *domains; /* of all keys; behind diff_has_domain() */
	size_t count[DIFF_VERDICTS];
	size_t any_hints; /* how often hosts = "any" was proposed */
	FILE *taken; /* the lines whose mail that would take */
	size_t ntaken;
};

/* Counts VERDICT, and prints it for KEY of line LINE; DETAIL may be "". */
void diff_print(struct diff *d, size_t line, enum diff_verdict verdict,
    const char *key, const char *detail);

/* Writes what R leads to ("list foo, request") to TEXT; returns TEXT. */
const char *diff_words(const struct route *r, char *text, size_t size);

/* Notes the lines of a table, which must outlive D.  Ends the program where
 * memory is short. */
void diff_add_table(struct diff *d, const struct table_file *table);
/* The line of the tables of KIND with that key (lower case), the first of
 * several, as it is for sendmail; or NULL. */
const struct table_file_line *diff_find(const struct diff *d,
    enum table_file_kind kind, const char *key);
/* Whether a table has that key; whether one has a key of that domain, which
 * begins with the '@'. */
bool diff_has_key(const struct diff *d, const char *key);
bool diff_has_domain(const struct diff *d, const char *domain);

/* Frees what D owns. */
void diff_clear(struct diff *d);

#endif
