/*
 * reading - what the local part of an address may mean.
 *
 * A local part has several readings: "foo-owner" may be the list foo-owner, or
 * ask for the owner of the list foo.  Mailman's generation tells which ones
 * there are, in the order in which they count; the first that is a list is
 * what the address means.
 */
#ifndef MAILMAN_READING_H
#define MAILMAN_READING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "mailman/action.h"
#include "mailman/lists.h"

struct mailman;

struct reading {
	enum action action;
	struct str list; /* as the address names it */
	/* The domain in the list's id (NAME.DOMAIN); empty where the id is the
	 * name alone. */
	struct str domain;
	struct str detail; /* behind the delimiter, empty where there is none */
	bool everywhere;   /* at every domain, whatever the list's host */
	/* The list's directory has a name that no address leads to (misnamed()
	 * in mailman/mailman.h), so that there is no answer. */
	bool misnamed;
	/* Of one that was found, or that has no answer: */
	enum lists_basis basis; /* known from what */
	bool host_unknown;      /* the only doubt is its host */
};

/* What a site, and the domain in question, say about addresses. */
struct address_rules {
	const struct mailman *mailman;
	unsigned actions; /* ACTION_BIT()s that exist */
	bool plus_any; /* +detail on every action, not on VERP's alone */
	/* The characters that Mailman has before the detail of VERP's. */
	const char *delimiters;
	struct str site_list; /* the list whose addresses are everywhere */
	/* The names of the domain in question, the real one first; none for a
	 * local part alone. */
	const struct str *names;
	size_t nnames;
	/* What may join a list's name and the domain in the name of a directory
	 * that no address leads to; NULL: nothing. */
	const char *joints;
	/* Whether a list answers at the domain in question: found, absent, or
	 * no answer.  NULL: all do. */
	enum lists_found (*answers_here)(const void *arg,
	    const struct list *list);
	const void *arg;
	/* The domain is one only if a list has it for its host: nothing is
	 * there because it is everywhere, or because nobody knows. */
	bool only_hosts;
};

/* The readings of LOCAL, one after the other; the rest is for the generation
 * of Mailman that tells them. */
struct readings {
	const struct address_rules *rules;
	struct str local;
	struct str part;   /* of LOCAL, in hand; without its detail */
	struct str detail; /* of the part */
	char delimiter;    /* between them, or NUL */
	size_t next;  /* which reading of the part comes next */
	size_t from;  /* where the next '+' is looked for, to the right */
	size_t until; /* and other delimiters, to the left */
	bool begun;
};

/* Whether R means the list of that id. */
bool reading_is(const struct reading *r, struct str id);

/*
 * The first reading of LOCAL that is one of LISTS, in *R; absent where none
 * is.  A doubtful name ends the search, for it may be the one, and so does one
 * for which the disk has to be asked (LISTS_UNSURE); a site that is away does
 * not: a later reading may be a list that is known.
 */
enum lists_found reading_find(const struct address_rules *rules,
    const struct lists *lists, enum lists_from from, struct str local,
    struct reading *r);

#endif
