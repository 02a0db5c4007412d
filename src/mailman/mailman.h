/*
 * mailman - what differs between the generations of Mailman.
 *
 * Each generation is a `const struct mailman' in a file of its own
 * (mailman2.c, mailman3.c), and one array lists them.  All other code asks
 * this struct; none of it compares versions.
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
struct conf_finder;
struct conf_site;
struct list_info;
struct postfix_files;
struct reading;
struct readings;
struct stat;

/* Whether NAME is a domain of the site in question. */
typedef bool mailman_domain_fn(const void *arg, struct str name);

struct mailman {
	const char *version;   /* as the configuration names it */
	const char *mailer;    /* sendmail's mailer for it, by default */
	const char *lists_dir; /* Debian's */
	const char *delimiters; /* what the option verp_delimiter may hold */
	/* A list whose host is no domain of its site answers at others (HOSTS
	 * in listmap.conf(5)). */
	bool foreign_hosts;
	/* The hosts of its lists are always domains, since only those who run
	 * Mailman can make one. */
	bool hosts_are_domains;
	/* It refuses mail for a moment after it made a list (option settle). */
	bool settles;
	/* Its lists get their mail from mm-handler through the wrapper, and
	 * not by LMTP. */
	bool wrapped;

	/*
	 * Whether NAME (terminated) in the directory DIR is a list:
	 * 1, and *CONFIG is the stat of the file that makes it one; 0; or -1
	 * with errno if that cannot be told (no permission, I/O error; ENOLINK:
	 * that file is a link which leads nowhere).
	 */
	int (*is_list)(int dir, const char *name, struct stat *config);
	/*
	 * Why no address leads to the directory NAME (entry_name_ok), which is
	 * a list, and what to do about it: static text; NULL if one does.
	 */
	const char *(*misnamed)(struct str name, mailman_domain_fn *is_domain,
	    const void *arg);
	/* What joins a list's name and its domain in the names of directories
	 * that no address leads to: '@', and others. */
	const char *misname_joints;
	/*
	 * Reads what the list NAME in DIR says of itself, from files of up to
	 * MAX bytes.  0; or -1 with errno, and *INFO is empty: EFBIG if one
	 * was larger, LIST_INFO_BROKEN if all are broken, or else why it could
	 * not be read now.
	 */
	int (*read)(int dir, const char *name, off_t max,
	    struct list_info *info);
	/*
	 * Reads the files that Mailman writes of all its lists into its data
	 * directory (postfix_files_read()); the number that tells one state of
	 * these files from the next; and how their names begin.  All NULL for a
	 * Mailman that writes none.
	 */
	int (*read_files)(const char *data_dir, struct postfix_files *files);
	uint64_t (*stamp)(const char *data_dir);
	const char *files_prefix;
	/* Puts the next reading of a local part into *R; false if there is none
	 * left.  Called by reading_find(). */
	bool (*next_reading)(struct readings *all, struct reading *r);
	/*
	 * Calls VISIT with each local part, without details, that the list with
	 * the id LIST has at the domain in question; until VISIT returns
	 * another value than 0, which is then returned.
	 */
	int (*each_local)(const struct address_rules *rules, struct str list,
	    int (*visit)(void *arg, struct str local, enum action a),
	    void *arg);
	/* Writes the host that sendmail's mailer gets for the site's lists;
	 * NULL: it gets the domain of the address. */
	void (*put_host)(struct buf *b, const struct conf_site *site);
	/* Writes Postfix's transport for the site's lists. */
	void (*put_transport)(struct buf *b, const struct conf_site *site);
};

extern const struct mailman mailman2, mailman3;

/* All generations, the oldest first; ends with NULL. */
extern const struct mailman *const mailmans[];
/* The generation that the configuration calls VERSION, or NULL. */
const struct mailman *mailman_find(const char *version);

/*
 * Reads and checks the configuration PATH with the words that actions and
 * Mailmans have, and ROLES for those of maps (ends with NULL; NULL: any, for a
 * program that has no maps), and FINDER (or NULL).  As conf_load(), but
 * PROGRAM_CONF may be absent.
 */
struct conf *mailman_conf(const char *path, const char *const *roles,
    const struct conf_finder *finder);

#endif
