/*
 * mailman - what differs from one generation of Mailman to the next.
 *
 * One `const struct mailman' a file, one array that lists them.
 */
#ifndef MAILMAN_MAILMAN_H
#define MAILMAN_MAILMAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"
#include "mailman/action.h"

struct address_rules;
struct buf;
struct conf;
struct conf_site;
struct list_info;
struct postfix_files;
struct reading;
struct readings;
struct stat;

struct mailman {
	const char *version;   /* as the configuration names it */
	const char *mailer;    /* sendmail's mailer for it, by default */
	const char *lists_dir; /* Debian's */
	/* A list whose host is no domain of its site answers elsewhere. */
	bool foreign_hosts;
	/* The hosts of its lists are domains, whoever is asked: only those who
	 * run Mailman make them. */
	bool hosts_are_domains;
	/* A new directory is no list yet for a moment. */
	bool settles;
	/* It takes mail by its wrapper, from mm-handler; else by LMTP. */
	bool wrapped;

	/* Whether NAME can be a list's name at all; never "." or "..". */
	bool (*name_ok)(struct str name);
	/*
	 * Whether NAME (terminated, name_ok) in the directory DIR is a list:
	 * 1, and *CONFIG is the stat of the file that makes it one; 0; or -1
	 * where that cannot be told (no permission, I/O error).
	 */
	int (*is_list)(int dir, const char *name, struct stat *config);
	/*
	 * Reads what the list NAME in DIR says of itself, from files of up to
	 * MAX bytes.  0, or -1 where one was larger or could not be opened;
	 * whatever else is odd makes the list_info unknown.
	 */
	int (*read)(int dir, const char *name, off_t max,
	    struct list_info *p);
	/*
	 * What Mailman wrote down in its data directory of all lists, and what
	 * tells one state of that from the next; NULL: it does not.
	 */
	int (*read_files)(const char *data_dir, struct postfix_files *r);
	uint64_t (*stamp)(const char *data_dir);
	const char *files_prefix; /* its files' names begin so */
	/* The next reading of a local part in *R; false where there is none.
	 * What is read by whom: reading_find(). */
	bool (*next_reading)(struct readings *all, struct reading *r);
	/*
	 * Calls VISIT for each local part that LIST, an id, answers at the
	 * domain in question, details left out, until it returns another
	 * value than 0, which is returned.
	 */
	int (*each_local)(const struct address_rules *rules, struct str list,
	    int (*visit)(void *arg, struct str local, enum action a),
	    void *arg);
	/* The host that sendmail's mailer is given for a list at DOMAIN. */
	void (*put_host)(struct buf *b, const struct conf_site *site,
	    struct str domain);
	/* Postfix's transport for the site's lists. */
	void (*put_transport)(struct buf *b, const struct conf_site *site);
};

extern const struct mailman mailman2, mailman3;

/* The one of that version, or NULL; all of them, ending with NULL. */
const struct mailman *mailman_find(const char *version);
extern const struct mailman *const mailmans[];

/*
 * Reads and checks the configuration PATH with the words that actions and
 * Mailmans have, and ROLES for those of maps (ends with NULL; NULL: any, for a
 * program that has no maps).  As conf_load(), but PROGRAM_CONF may be absent.
 */
struct conf *mailman_conf(const char *path, const char *const *roles);

#endif
