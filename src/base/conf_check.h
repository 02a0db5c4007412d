/*
 * conf_check - what the options of a configuration must be together.
 */
#ifndef BASE_CONF_CHECK_H
#define BASE_CONF_CHECK_H

#include "base/str.h"

struct conf;
struct conf_generation;

/*
 * Brings names to lower case, takes redirects apart and
 * fills in what follows from other options.  0, or -1 after one logged line
 * for each error.
 */
int conf_check(struct conf *c, const struct conf_generation *mailmans)
    WARN_UNUSED;

#endif
