/*
 * client - asks a daemon, one question after the other, blocking.
 */
#ifndef WIRE_CLIENT_H
#define WIRE_CLIENT_H

#include "base/str.h"

struct buf;

struct client;

/*
 * Connects to SPEC (see listen.h); every step may take SECONDS.  NULL with
 * *ERR, a static text or one that is valid until the next call.
 */
struct client *client_open(const char *spec, double seconds, const char **err);
void client_close(struct client *c);

/*
 * 1 found, VALUE holds the value; 0 absent; -1 no answer, VALUE holds the
 * reason.  After a broken conversation every further question is -1.
 */
int client_ask(struct client *c, struct str map, struct str key,
    struct buf *value) WARN_UNUSED;

#endif
