/*
 * conf_check - what a configuration must be beyond its syntax.
 */
#ifndef BASE_CONF_CHECK_H
#define BASE_CONF_CHECK_H

#include "base/conf.h"
#include "base/conf_options.h"
#include "base/str.h"

/* One value of an option: NULL, or what is wrong with it (static text). */
const char *conf_check_text(const struct conf_option *row, const char *text);

/* NULL, or why TEXT is no domain name that mail can be routed by. */
const char *conf_check_domain_name(const char *text);

/*
 * Everything together; brings names to lower case, takes redirects apart and
 * fills in what follows from other options.  0, or -1 after one logged line
 * for each error.
 */
int conf_check(struct conf *c, const struct conf_generation *mailmans)
    WARN_UNUSED;

#endif
