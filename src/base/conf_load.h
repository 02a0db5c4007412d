/*
 * conf_load - makes a struct conf from a configuration file.
 *
 * The caller says which words roles, actions and Mailmans have, so that the
 * reading of a file needs none of them.
 */
#ifndef BASE_CONF_LOAD_H
#define BASE_CONF_LOAD_H

#include <stdbool.h>

struct conf;

/* A generation of Mailman: its word, what its sites have by default, and what
 * their verp_delimiter may hold. */
struct conf_generation {
	const char *word;
	const char *lists_dir;
	const char *mailer;
	const char *delimiters;
};

/*
 * Sets in THERE, for each generation of ALL, whether its lists directory is
 * there.  For programs that must not wait for a file server: without one the
 * directories are looked at.
 */
struct conf_finder {
	void (*find)(void *arg, const struct conf_generation *all, bool *there);
	void *arg;
};

/* So many generations at most, with the one without a word that ends them. */
#define CONF_GENERATIONS_MAX 8

/* Each array ends with NULL, or with a generation without a word. */
struct conf_vocabulary {
	const char *const *roles; /* NULL: every word is a role */
	const char *const *actions;
	const struct conf_generation *mailmans; /* the oldest first */
	const struct conf_finder *finder;       /* or NULL */
};

/*
 * Reads and checks the file PATH.  Without one (PATH is NULL) each Mailman
 * whose lists directory is there gives a site with every default, the newest
 * first; where none is, the oldest does.
 *
 * Returns a configuration that the caller frees with conf_free(), or NULL after
 * it logged a line for each error, with file, line and option.
 */
struct conf *conf_load(const char *path, const struct conf_vocabulary *words);

#endif
