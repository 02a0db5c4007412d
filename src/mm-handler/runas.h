/*
 * runas - the account that Mailman's wrapper runs as.
 */
#ifndef MM_HANDLER_RUNAS_H
#define MM_HANDLER_RUNAS_H

#include "base/str.h"

struct account;
struct conf_site;

/*
 * Finds the account for SITE: what its options delivery_user and
 * delivery_group name.  Without them it is the effective ids of the process,
 * which sendmail sets (U= of the mailer), or, where these are root's, the owner
 * of the lists directory.  It is never root.  NULL, or what is wrong (static
 * text).  The caller clears *A in both cases, with privileges_clear().
 */
const char *runas_find(const struct conf_site *site, struct account *a)
    WARN_UNUSED;

#endif
