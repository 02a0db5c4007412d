/*
 * recipient - decides what becomes of mail for an address.
 *
 * Here alone mm-handler decides to exit with 67 (EX_NOUSER), upon which
 * sendmail bounces the message.  It does so only when nobody can doubt that
 * no list has the address; recipient.c has the rules at its head.  In every
 * other case of "no list" the status is 75 (EX_TEMPFAIL), and sendmail keeps
 * the message in its queue and tries again.
 *
 * The lists directories are read as they are on disk: the message is here, so
 * there is time for it, and no daemon needs to run.
 */
#ifndef MM_HANDLER_RECIPIENT_H
#define MM_HANDLER_RECIPIENT_H

#include <stddef.h>

struct address;
struct conf;
struct recipient_sites;
struct route;
struct sites;

/*
 * Prepares the lists directories of all sites of CONF, which must outlive the
 * result.  Reads nothing yet.  NULL when out of memory.
 */
struct recipient_sites *recipient_open(const struct conf *conf);
/* Frees T, which may be NULL. */
void recipient_close(struct recipient_sites *t);
/* The sites of the configuration, valid until the next look-up.  Once the
 * caches were asked they have what the caches know, such as where the lists
 * are shown. */
const struct sites *recipient_sites(const struct recipient_sites *t);

/*
 * Finds the list that mail for A goes to, whatever host the list has.
 *
 * EX_OK:       *R says the site, the list and the action.
 * EX_NOUSER:   no list has the address, beyond doubt.
 * EX_TEMPFAIL: nobody knows, or sendmail must route the message anew.
 *
 * Unless it is EX_OK, *R means nothing and REASON (of SIZE bytes) says why in
 * one line.  The caller asks one address of T only: caches that were opened
 * for it stay open.
 */
int recipient_find(struct recipient_sites *t, const struct address *a,
    struct route *r, char *reason, size_t size);

#endif
