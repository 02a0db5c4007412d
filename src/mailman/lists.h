/*
 * lists - the interface through which one site's lists are looked up.
 *
 * Snapshots (cached_lists.h) and directories (disk_lists.h) implement it.
 */
#ifndef MAILMAN_LISTS_H
#define MAILMAN_LISTS_H

#include <stdbool.h>

#include "base/str.h"

/* What an entry is known from.  Mailman 3 may write files for Postfix that name
 * its lists (mailman/postfix_files.h); below they are "the files". */
enum lists_basis {
	LISTS_BY_DIRECTORY, /* a directory; the files do not count for it */
	LISTS_BY_BOTH,      /* a directory, and the files name it */
	LISTS_BY_FILE,      /* the files name it; it has no directory */
	LISTS_PHANTOM,      /* no list: a directory that the files lack */
	LISTS_GONE,         /* no list: its directory went, and the files
	                       were not written since */
	LISTS_UNREAD,       /* a directory whose configuration could not be
	                       read, or is broken */
	LISTS_DOUBTFUL,     /* an entry that could not be looked into: nobody
	                       knows whether it is a list */
	LISTS_NONE,         /* an entry that is no list now, or one that is
	                       too young to be one (option settle) */
	LISTS_BASES
};

static inline bool
lists_basis_is_list(enum lists_basis b)
{
	return b != LISTS_PHANTOM && b != LISTS_GONE && b != LISTS_DOUBTFUL &&
	    b != LISTS_NONE;
}

struct list {
	struct str name; /* the name that was looked up */
	struct str host; /* its mail host, lower case; empty: it names none,
	                    or, if unread, none was ever known */
	bool unread;     /* its configuration was not read, or could not be;
	                    the host is the last that was known */
	enum lists_basis basis;
};

/* A mail host that lists of a site have. */
struct lists_host {
	struct str name; /* lower case; empty: of lists that name none */
	size_t count;    /* how many lists have it */
	struct str url; /* the overview of the lists (web_page_url), or empty */
	struct str real; /* the host that it is an alias of, or empty */
};

enum lists_found {
	LISTS_UNSURE = -3,    /* of LISTS_FROM_SNAPSHOT: the disk has to be
	                         asked */
	LISTS_AWAY = -2,      /* no answer for any name: the site is away */
	LISTS_NO_ANSWER = -1, /* no answer for this name */
	LISTS_ABSENT = 0,
	LISTS_FOUND = 1
};

/* How a list is looked up. */
enum lists_from {
	/* Costs no system call.  "Found" counts; what "absent" is worth is what
	 * look() says. */
	LISTS_FROM_SNAPSHOT,
	/* Looks, and asks the disk for what the snapshot does not tell. */
	LISTS_FROM_DISK
};

struct lists {
	/*
	 * Looks NAME up.  Whoever asks the disk has seen that entry_name_ok()
	 * takes it; a snapshot may be asked for any bytes.  *OUT is written
	 * where the list is found, or has no answer: out->host is then the host
	 * of the list that was there before, if one is known.  What it points
	 * to is valid until the next look-up.
	 */
	enum lists_found (*find)(const struct lists *l, struct str name,
	    enum lists_from from, struct list *out);
	/* Looks, once in a turn of the loop, whether the snapshot has all
	 * names.  False where it has: what is absent by LISTS_FROM_SNAPSHOT in
	 * that turn is absent. */
	bool (*look)(const struct lists *l);
	/*
	 * Looks on disk whether the list NAME, which was found before, changed
	 * since the snapshot was made.  LISTS_FOUND, with its present host, if
	 * its file is another one than the snapshot knows; LISTS_ABSENT if all
	 * is as the snapshot says.  This is asked before an address becomes
	 * absent, or has no answer, only because of its list's host.
	 */
	enum lists_found (*find_changed)(const struct lists *l,
	    struct str name, struct list *out);
	/*
	 * Calls VISIT for every list until it returns another value than 0,
	 * and returns that value; 0 after the last list, -1 if the lists
	 * cannot be read.
	 */
	int (*each)(const struct lists *l,
	    int (*visit)(void *arg, const struct list *list), void *arg);
	/* The same for the hosts that the lists have, as far as known. */
	int (*each_host)(const struct lists *l,
	    int (*visit)(void *arg, const struct lists_host *host), void *arg);
	/*
	 * Whether a site that is away had a snapshot without a gap at the
	 * moment when its directory vanished.  On shared domains the rest may
	 * then be called absent, so that the users there keep their mail.
	 */
	bool (*complete)(const struct lists *l);
	/*
	 * No directory is misnamed (mailman/odd_names.h), so that nobody need
	 * look for such a one before an address is absent.  False where that
	 * is not known.
	 */
	bool none_misnamed;
};

#endif
