/*
 * status - what the daemon says of itself to `listmap status'.
 */
#ifndef ANSWER_STATUS_H
#define ANSWER_STATUS_H

#include <time.h>

struct buf;
struct server;
struct sites;
struct store;

/*
 * Lines of three fields, each ended by a TAB or the line: an object ("daemon",
 * "site NAME", "domain NAME"), a name, a value.  Times are seconds since the
 * epoch, and their names end in "_at".
 */
void status_write(struct buf *out, const struct store *store,
    const struct sites *sites, const struct server *server, time_t started);

#endif
