/*
 * status - what the daemon says of itself to `listmap status'.
 *
 * A line has three fields, of which a TAB ends the first and the second, and
 * the end of the line the third: an object ("daemon", "site NAME", "domain
 * NAME"), a name, and a value.  A value is a time where its name ends in "_at":
 * in seconds since the epoch, 0 for never.
 *
 * One reply cannot hold the report of a thousand domains.  So it comes in
 * pages.  Where another page follows, the last line is "daemon TAB more TAB
 * KEY", and KEY asks for it; every other key asks for the first page.
 */
#ifndef ANSWER_STATUS_H
#define ANSWER_STATUS_H

#include <time.h>

#include "base/str.h"

struct buf;
struct server;
struct site_lists;
struct sites;

/* What became of the configuration file. */
struct status_conf {
	const char *path;
	time_t read;         /* when the one in force was */
	time_t refused;      /* since when the file is refused; 0: it is not */
	char reason[1024];   /* of the last refusal */
};

struct status_source {
	const struct site_lists *lists;
	const struct sites *sites; /* those that answer now */
	const struct server *server;
	const struct status_conf *conf;
	time_t started;
	/* Another one whenever LISTS or SITES are others: pages of two reports
	 * do not fit together. */
	unsigned long generation;
};

/*
 * Appends to OUT the page that KEY asks for.  Returns 0; or -1 and in OUT the
 * reason, where the page is one of an earlier generation.
 */
int status_page(struct buf *out, const struct status_source *from,
    struct str key) WARN_UNUSED;

#endif
