/*
 * conf - the configuration file, read by libconfuse from one option table.
 *
 * Every option is one row of conf_options[]: its section, name, type, default
 * and help.  The row yields the parser's option, the place of the value, the
 * defaults and `listmapd -T`; a test holds the manual page and the sample
 * file against the table.  Nothing here knows what a role or a Mailman is:
 * the words that these options may hold come from the caller.
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

struct conf_redirect {
	char *local;  /* lower case */
	char *target; /* an address */
};

struct conf_domain {
	char *name; /* lower case, no trailing dot */
	bool dedicated;
	char *alias; /* NULL, or the domain that this is another name of */
	struct conf_words redirect; /* as written */
	struct conf_redirect *redirects;
	size_t nredirects;
	int line;
};

struct conf_site {
	char *name;
	char *mailman;
	char *lists_dir;
	char *data_dir; /* never NULL: LISTS_DIR/../data where not set */
	char *wrapper;
	char *delivery_user;  /* "": whoever runs mm-handler */
	char *delivery_group; /* "": that of the account */
	double delivery_timeout;
	char *hosts, *plus, *verify_misses, *url;
	char *lmtp, *mailer; /* never empty */
	double settle;
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

struct conf {
	char *path;
	struct conf_words listen;
	char *socket_mode_text;
	mode_t socket_mode;
	char *socket_owner;
	char *socket_group;
	char *cache_dir;
	char *user;
	char *pidfile;
	double rescan;
	double debounce;
	double deadline;
	double drain;
	long max_connections;
	char *log;
	char *log_level;
	char *refusal;
	struct conf_site *sites;
	size_t nsites;
	struct conf_map *maps;
	size_t nmaps;
};

/* NULL is fine. */
void conf_free(struct conf *c);

#endif
