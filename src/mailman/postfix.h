/*
 * postfix - the files that Mailman 3 makes for Postfix
 * (mailman/mta/postfix.py), as tables of type hash or regex.
 *
 * postfix_lmtp has a block of lines for each list, that of the posting address
 * first and a blank one last; postfix_domains a line for each domain and a
 * blank one at the end, so that a file that was cut off is told.  Pure.
 */
#ifndef MAILMAN_POSTFIX_H
#define MAILMAN_POSTFIX_H

#include "base/str.h"

/* What they are given is lower case, and good during the call.  Another value
 * than 0 ends it. */
typedef int postfix_list_fn(void *arg, struct str name, struct str domain);
typedef int postfix_domain_fn(void *arg, struct str domain, struct str host);

/*
 * 0; VISIT's value; or -1 where TEXT is no such file or not all of it, and
 * *ERR is set (static text).  VISIT may have been called before that.
 */
int postfix_lmtp_each(struct str text, postfix_list_fn *visit, void *arg,
    const char **err) WARN_UNUSED;
/* DOMAIN is what addresses have, HOST the domain of the lists: another one
 * where DOMAIN is an alias of it. */
int postfix_domains_each(struct str text, postfix_domain_fn *visit, void *arg,
    const char **err) WARN_UNUSED;

#endif
