/*
 * client - asks a daemon over its socket, one question after the other.
 *
 * It blocks, at most as long as client_open() says, and is for the command
 * line.  After a failure the connection is of no more use: a reply that still
 * comes would be taken for the answer to the next question.
 */
#ifndef WIRE_CLIENT_H
#define WIRE_CLIENT_H

#include "base/str.h"

struct buf;

struct client;

/*
 * Connects to SPEC (see listen.h).  The connection and later each question may
 * take SECONDS.  The caller ends with client_close().  NULL: *ERR is the
 * reason, a static text or one that is valid until the next call, and errno is
 * 0 where SPEC is no address.
 */
struct client *client_open(const char *spec, double seconds, const char **err);
/* C may be NULL. */
void client_close(struct client *c);

/*
 * Asks MAP for KEY.  Returns 1: found, VALUE holds the value.  0: absent.
 * -1: no answer, VALUE holds the reason.  If the connection is the reason,
 * every further question is -1 with the same one.
 */
int client_ask(struct client *c, struct str map, struct str key,
    struct buf *value) WARN_UNUSED;

#endif
