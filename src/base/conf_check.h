/*
 * conf_check - what the options of a configuration must be together.
 *
 * One value by itself was checked when it was read (conf_parse.h): here are the
 * rules that need two options, two domains or two sites.
 */
#ifndef BASE_CONF_CHECK_H
#define BASE_CONF_CHECK_H

#include "base/str.h"

struct conf;
struct conf_generation;

/*
 * Brings names to lower case, takes redirects apart, fills in what follows from
 * other options, and checks the whole.  MAILMANS are the generations, which
 * have the defaults of lists_dir and mailer; one without a word ends them.
 * Returns 0, or -1 after it logged a line for each error.
 */
int conf_check(struct conf *c, const struct conf_generation *mailmans)
    WARN_UNUSED;

/*
 * Checks what only the filesystem tells: which paths lead to one place.  It
 * waits a second for file servers, so it is for a start, not for a daemon
 * that serves; a site whose file server does not answer is not checked.
 * Returns 0, or -1 after it logged a line for each error.
 */
int conf_check_places(const struct conf *c) WARN_UNUSED;

#endif
