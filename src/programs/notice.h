/*
 * notice - what an administrator should know about the domains of the sites.
 */
#ifndef PROGRAMS_NOTICE_H
#define PROGRAMS_NOTICE_H

#include "mailman/resolve.h"

/* Logs everything there is to say: at the start, after a reload. */
void notice_all(const struct sites *s);
/* Logs how many lists have a host that is no domain of their site, where that
 * is not as BEFORE. */
void notice_strangers(const struct sites *before, const struct sites *now);

/*
 * Calls SAY for each address that a dedicated domain must have (postmaster:
 * RFC 5321 4.5.1; abuse: RFC 2142) and that leads nowhere.
 */
typedef void notice_fn(void *arg, const char *local, const struct domain *d);
void notice_roles(const struct sites *s, notice_fn *say, void *arg);

#endif
