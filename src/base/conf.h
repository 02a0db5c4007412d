/*
 * conf - the values of a configuration file.
 *
 * Every option is one row of conf_options[]: its section, name, type, default
 * and help.  From the row come the parser's option, the place of the value in
 * these structs, the default and the line of `listmapd -T'; a test holds the
 * manual page and the sample file against the table.  conf_load() makes a
 * struct conf, conf_print() prints one.
 *
 * Nothing here knows what a role or a Mailman is: the caller of conf_load()
 * says which words these options may hold.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A list of words; NULL-terminated as well as counted. */
struct conf_words {
	char **word;
	size_t n;
};

void conf_words_clear(struct conf_words *w);

struct conf_redirect {
	char *local;  /* lower case */
	char *target; /* an address */
};

struct conf_domain {
	char *name; /* lower case, no trailing dot */
	bool dedicated;
	char *alias; /* the domain that this is another name of, or "" */
	struct conf_words redirect; /* as written */
	struct conf_redirect *redirects; /* the same, taken apart */
	size_t nredirects;
	int line;
};

struct conf_site {
	char *name;
	char *mailman;  /* the word of its generation */
	char *lists_dir; /* never empty, no trailing slash */
	char *data_dir; /* never empty: LISTS_DIR/../data where not set */
	char *wrapper;
	char *delivery_user;  /* "": whoever runs mm-handler */
	char *delivery_group; /* "": that of the account */
	double delivery_timeout; /* seconds */
	char *hosts, *plus, *verify_misses; /* words, see conf_options.c */
	char *verp_delimiter; /* one or more characters */
	char *site_list;      /* never empty */
	double scan_timeout; /* seconds */
	char *url; /* may be empty */
	char *lmtp, *mailer; /* never empty */
	double settle; /* seconds */
	struct conf_words actions; /* empty: all */
	bool discover;
	struct conf_domain *domains;
	size_t ndomains;
	int line;
};

struct conf_map {
	char *name;
	char *role;
	struct conf_words sites; /* empty: all */
	int line;
};

/* Strings are never NULL; an option that is not set is "". */
struct conf {
	char *path; /* of the file, or a text for messages without one */
	struct conf_words listen;
	char *socket_mode_text; /* as written, octal */
	mode_t socket_mode;
	char *socket_owner;
	char *socket_group;
	char *cache_dir;
	char *user;
	char *pidfile;
	double rescan;   /* these four are seconds */
	double debounce;
	double deadline;
	double drain;
	long max_connections;
	char *log;
	char *log_level;
	char *refusal;
	struct conf_site *sites; /* at least one */
	size_t nsites;
	struct conf_map *maps;
	size_t nmaps;
	/* "FILE:LINE: ..." for each option that its section sets twice. */
	struct conf_words repeated;
};

/* C may be NULL. */
void conf_free(struct conf *c);

#endif
