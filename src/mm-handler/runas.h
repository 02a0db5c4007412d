/*
 * runas - whom Mailman's wrapper runs as.
 */
#ifndef MM_HANDLER_RUNAS_H
#define MM_HANDLER_RUNAS_H

#include "base/str.h"

struct account;
struct conf_site;

/*
 * The account of SITE's options delivery_user and delivery_group; without
 * them the effective ids, for those are sendmail's U=; for root the owner of
 * the lists directory.  Never root.  NULL, or what is wrong (static text).
 * The caller clears *A in both cases.
 */
const char *runas_find(const struct conf_site *site, struct account *a)
    WARN_UNUSED;

#endif
