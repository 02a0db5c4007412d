/*
 * status - what the daemon says of itself to `listmap status'.
 *
 * A line has three fields, of which a TAB ends the first and the second, and
 * the end of the line the third: an object ("daemon", "site NAME", "domain
 * NAME"), a name, and a value.  A value is a time where its name ends in "_at":
 * in seconds since the epoch, 0 for never.
 */
#ifndef ANSWER_STATUS_H
#define ANSWER_STATUS_H

#include <time.h>

struct buf;
struct server;
struct site_lists;
struct sites;

/*
 * Appends all lines to OUT.  SITES are those that answer now; the daemon was
 * STARTED then.
 */
void status_write(struct buf *out, const struct site_lists *lists,
    const struct sites *sites, const struct server *server, time_t started);

#endif
