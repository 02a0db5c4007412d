/*
 * runas - the account that Mailman's wrapper runs as.
 */
#ifndef MM_HANDLER_RUNAS_H
#define MM_HANDLER_RUNAS_H

#include "base/str.h"

struct account;
struct conf_site;

/*
 * Finds the account for SITE.  It is that of the site's option delivery_user;
 * without the option it has the effective ids of the process, which sendmail
 * sets (U= of the mailer), or, where these are root's, those of the owner of
 * the lists directory.  The option delivery_group names another group for it.
 * The account is never root.  NULL, or what is wrong (static text).  The caller
 * clears *A in both cases, with privileges_clear().
 */
const char *runas_find(const struct conf_site *site, struct account *a)
    WARN_UNUSED;

/*
 * Whether A may do HOW (as of access(2)) with PATH, which is to be a regular
 * file for X_OK, else a directory.  0, or an error number.  It is tried by a
 * child that becomes A; where that cannot be, only what is not there is told.
 */
int runas_access(const struct account *a, const char *path, int how)
    WARN_UNUSED;

#endif
