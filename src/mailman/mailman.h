/*
 * mailman - what differs from one generation of Mailman to the next.
 *
 * One `const struct mailman' a file, one array that lists them.
 */
#ifndef MAILMAN_MAILMAN_H
#define MAILMAN_MAILMAN_H

#include <sys/stat.h>

#include "base/buf.h"
#include "base/conf.h"
#include "mailman/action.h"
#include "mailman/lists.h"
#include "mailman/register.h"

/* What a local part means. */
struct meaning {
	enum action action;
	struct str list;   /* as the address names it */
	struct str domain; /* what follows it, with a dot, in the list's id;
			      empty: nothing, the list is its id */
	struct str detail; /* behind the '+', empty where there is none */
	bool everywhere;   /* at every domain, whatever the list's host */
	enum lists_basis basis; /* what the list is known from */
};

/* What the configuration of a site says about its addresses. */
struct manner {
	unsigned actions; /* ACTION_BIT()s that exist */
	bool plus_any;    /* detail on every action, not on VERP's alone */
	/* The names of the domain in question, the real one first; none for a
	 * local part alone. */
	const struct str *names;
	size_t nnames;
	/* Whether a list answers at the domain in question; NULL: all do. */
	bool (*at_home)(const void *arg, const struct list *list);
	const void *arg;
	/* The domain is one only if a list has it for its host: nothing is
	 * there because it is everywhere, or because nobody knows. */
	bool only_hosts;
};

/* What a list's own configuration says of it. */
struct particulars {
	char host[256]; /* lower case; "" where it is not known */
	char url[288];  /* overview of the lists, of one that is advertised */
};

struct mailman {
	const char *version;   /* as the configuration names it */
	const char *mailer;    /* sendmail's mailer for it, by default */
	const char *lists_dir; /* Debian's */
	/* A list whose host is no domain of its site answers elsewhere. */
	bool strangers;
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
	 * whatever else is odd makes the particulars unknown.
	 */
	int (*read)(int dir, const char *name, off_t max,
	    struct particulars *p);
	/*
	 * What Mailman wrote down in its data directory of all lists, and what
	 * tells one state of that from the next; NULL: it does not.
	 */
	int (*read_register)(const char *data_dir, struct register_files *r);
	uint64_t (*stamp)(const char *data_dir);
	const char *register_prefix; /* its files' names begin so */
	/* The meaning of a local part: the values of enum lists_found. */
	enum lists_found (*understand)(const struct manner *how,
	    const struct lists *lists, enum lists_effort effort,
	    struct str local, struct meaning *m);
	/*
	 * Calls VISIT for each local part that LIST, an id, answers at the
	 * domain in question, details left out, until it returns another
	 * value than 0, which is returned.
	 */
	int (*each_local)(const struct manner *how, struct str list,
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

/* Whether M means the list of that id. */
bool mailman_is(const struct meaning *m, struct str id);

#endif
