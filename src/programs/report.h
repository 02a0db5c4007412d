/*
 * report - what the daemon says of itself (see cmd_status.c).
 */
#ifndef PROGRAMS_REPORT_H
#define PROGRAMS_REPORT_H

#include <time.h>

#include "base/buf.h"
#include "mailman/resolve.h"
#include "programs/store.h"
#include "wire/server.h"

void report(struct buf *out, const struct store *store,
    const struct sites *sites, const struct server *server, time_t started);

#endif
