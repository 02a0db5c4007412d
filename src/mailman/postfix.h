/*
 * postfix - parses the files that Mailman 3 makes for Postfix
 * (mailman/mta/postfix.py), be they of type hash or regex.
 *
 * postfix_lmtp has a block of lines for each list: the posting address comes
 * first, a blank line last.  postfix_domains has a line for each domain and a
 * blank one at its end.  So a file that was cut off can be recognised.  These
 * functions are pure: bytes in, values out.
 */
#ifndef MAILMAN_POSTFIX_H
#define MAILMAN_POSTFIX_H

#include "base/str.h"

/* Their arguments are lower case, and valid during the call.  A value other
 * than 0 ends the enumeration. */
typedef int postfix_list_fn(void *arg, struct str name, struct str domain);
typedef int postfix_domain_fn(void *arg, struct str domain, struct str host);

/*
 * Calls VISIT for each list in TEXT.  0 after the last one; VISIT's value if
 * that is not 0; or -1 with *ERR (static text) if TEXT is no such file, or not
 * the whole of one.  VISIT may have been called before that is known.
 */
int postfix_lmtp_each(struct str text, postfix_list_fn *visit, void *arg,
    const char **err) WARN_UNUSED;
/* The same for each domain: addresses have DOMAIN, and the lists' own domain is
 * HOST.  These differ if DOMAIN is an alias. */
int postfix_domains_each(struct str text, postfix_domain_fn *visit, void *arg,
    const char **err) WARN_UNUSED;

#endif
