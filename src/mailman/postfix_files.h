/*
 * postfix_files - what Mailman itself wrote down of its lists, beside their
 * directories: postfix_lmtp and postfix_domains of Mailman 3's data directory.
 */
#ifndef MAILMAN_POSTFIX_FILES_H
#define MAILMAN_POSTFIX_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define POSTFIX_FILES_PREFIX "postfix_"

struct postfix_list {
	struct str id;   /* NAME.HOST */
	struct str host; /* the domain of the list; empty: two lists have
			    that id */
};

struct postfix_domain {
	struct str name;
	struct str host; /* another one: the name is an alias of it */
	size_t lists;
};

/* All zeroes: there is none. */
struct postfix_files {
	struct postfix_list *list; /* sorted by id, each id once */
	size_t n;
	struct postfix_domain *domain; /* sorted by name, each name once */
	size_t ndomains;
	/* Both files are whole and agree: what is not in them is no list. */
	bool whole;
	int64_t mtime;   /* of the list of lists, nanoseconds */
	int64_t written; /* the same, or when this copy was made */
	uint64_t stamp;  /* postfix_files_stamp() of what was read */
	char problem[256]; /* why they, or a part of them, are not used; "" */
	char *memory[2]; /* behind the names */
};

/* Tells one state of the files from the next; 0: nothing is to be seen. */
uint64_t postfix_files_stamp(const char *data_dir);

/*
 * Reads them.  What is not there or no use is as if there were none, and said
 * in r->problem if somebody should look.  -1 with errno where that cannot be
 * told now.  The caller clears *R in both cases.
 */
int postfix_files_read(const char *data_dir,
    struct postfix_files *r) WARN_UNUSED;
void postfix_files_clear(struct postfix_files *r);

/* The list of that id, or NULL. */
const struct postfix_list *postfix_files_find(const struct postfix_files *r,
    struct str id);

#endif
