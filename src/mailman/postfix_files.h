/*
 * postfix_files - reads the files in which Mailman 3 itself names all its
 * lists: postfix_lmtp and postfix_domains in its data directory.
 *
 * They know what the lists directory does not tell: at which dot an id is
 * split into name and domain, which domains are aliases, which lists have no
 * directory.  How far they are to be believed is decided in
 * cache/reconcile.h.
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
	struct str host; /* the list's domain; empty if two lists have
	                    that id */
};

struct postfix_domain {
	struct str name;
	struct str host; /* if it is another name: the domain that this one
	                    is an alias of */
	size_t lists; /* how many lists postfix_lmtp has there */
};

/* All zeroes if there are none. */
struct postfix_files {
	struct postfix_list *list; /* sorted by id, each id once */
	size_t n;
	struct postfix_domain *domain; /* sorted by name, each name once */
	size_t ndomains;
	/* Both files are whole and agree with each other.  Only then what they
	 * lack may be taken for no list. */
	bool whole;
	bool no_lists, no_domains; /* the one file or the other is not there */
	int64_t mtime;   /* of postfix_lmtp, nanoseconds since the epoch */
	int64_t written; /* the same, or its birth if the file is a copy */
	uint64_t stamp;  /* postfix_files_stamp() of what was read */
	/* Why a file is not used, for people; "; " between two; or "". */
	char problem[256];
	char *memory[2]; /* behind the names */
};

/* A number that tells one state of the files from the next; 0 if there are no
 * files, or none that may be seen. */
uint64_t postfix_files_stamp(const char *data_dir);

/*
 * Reads the files in DATA_DIR.  A file that is missing, broken or forbidden
 * counts as none, and r->problem says so if somebody should look at it.  0, or
 * -1 with errno if that cannot be told now (I/O error, no memory, a file that
 * is being written).  The caller clears *R in both cases.
 */
int postfix_files_read(const char *data_dir,
    struct postfix_files *r) WARN_UNUSED;
void postfix_files_clear(struct postfix_files *r);

/* The list with that id, or NULL. */
const struct postfix_list *postfix_files_find(const struct postfix_files *r,
    struct str id);

#endif
