/*
 * accept - takes clients from a backlog, also when descriptors have run out.
 *
 * A client that is left in the backlog waits for its time-out, and what it
 * asked lies there to be answered late.  So one descriptor is kept in reserve
 * to take such clients with and send them away.
 */
#ifndef WIRE_ACCEPT_H
#define WIRE_ACCEPT_H

#include <stddef.h>

#include "base/str.h"

struct acceptor {
	int reserve; /* open for nothing, or -1 */
};

void accept_init(struct acceptor *a);
void accept_clear(struct acceptor *a);

enum accept_result {
	ACCEPT_CLIENT, /* *FD is its socket, nonblocking, close-on-exec */
	ACCEPT_SHED,   /* one was sent away for want of descriptors */
	ACCEPT_RETRY,  /* one was lost on the way, there may be more */
	ACCEPT_EMPTY,  /* nobody waits */
	ACCEPT_PAUSE   /* cannot go on now; errno says why */
};

enum accept_result accept_next(struct acceptor *a, int listener, int *fd)
    WARN_UNUSED;

/*
 * Reads what is there and closes.  Unread bytes would make a reset of what
 * the client shall see as a plain end.
 */
void accept_drop(int fd);

#define ACCEPT_PEER_SHOWN 96
/* Who is at the other end, for a log line.  Returns DST, terminated. */
char *accept_peer(int fd, char *dst, size_t size);

#endif
