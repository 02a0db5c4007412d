/*
 * sample - sites to ask without a disk: lists from an array, a configuration
 * from text.
 */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include <stdbool.h>

#include "base/conf.h"
#include "mailman/lists.h"
#include "mailman/resolve.h"

struct sample {
	struct lists lists; /* first: what resolve() sees */
	/* "NAME" or "NAME@HOST"; each ends with NULL, or is NULL. */
	const char *const *known; /* in the snapshot */
	const char *const *fresh; /* only in the directory */
	const char *const *moved; /* known, with another host there now */
	const char *doubtful; /* name that has no answer; NULL: none */
	const char *unread;   /* name whose host nobody reads; NULL: none */
	const char *unknown;  /* name whose host nobody ever knew; NULL: none */
	const char *url;      /* overview of the lists of every host */
	const char *alias, *alias_of; /* a host that is another; or NULL */
	bool away;
	bool was_complete;
	bool is_changing; /* the names of `fresh' were touched */
};

/* The lists KNOWN; the rest of *S is the test's to set. */
void sample_lists(struct sample *s, const char *const *known);

/* The configuration TEXT, which must be right.  The caller frees it. */
struct conf *sample_conf(const char *text);
/* All sites of CONF, over one sample each. */
struct sites *sample_sites(const struct conf *conf,
    const struct lists *const *lists_of);

#endif
