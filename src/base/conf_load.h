/*
 * conf_load - from the configuration file to its values, by libconfuse and the
 * table of options.  The words that roles, actions and Mailmans have come from
 * the caller.
 */
#ifndef BASE_CONF_LOAD_H
#define BASE_CONF_LOAD_H

struct conf;

/* A generation of Mailman: its word, and what its sites have by default. */
struct conf_generation {
	const char *word;
	const char *lists_dir;
	const char *mailer;
};

#define CONF_GENERATIONS_MAX 8 /* the one without a word included */

/* Which words roles, actions and Mailmans have; each ends with NULL.  Without
 * roles any word is one. */
struct conf_vocabulary {
	const char *const *roles;
	const char *const *actions;
	const struct conf_generation *mailmans;
};

/*
 * Reads and checks the file PATH; NULL: what holds without a file, a site
 * with every default for each Mailman whose lists directory is there, the
 * newest first, or for the oldest where none is.  NULL after an error, which
 * is then logged with file, line and option, one line each.  The caller frees
 * it with conf_free().
 */
struct conf *conf_load(const char *path, const struct conf_vocabulary *words);

#endif
