/*
 * accept - takes clients from a backlog, also when descriptors have run out.
 *
 * A client that is left in the backlog waits until its time-out, and what it
 * asked lies there to be answered too late.  So an acceptor keeps one
 * descriptor in reserve: it closes that one to accept such a client, sends the
 * client away, and opens the reserve again.
 */
#ifndef WIRE_ACCEPT_H
#define WIRE_ACCEPT_H

#include <stddef.h>

#include "base/str.h"

struct acceptor {
	int reserve; /* a descriptor of /dev/null, or -1 */
};

void accept_init(struct acceptor *a);
void accept_clear(struct acceptor *a);

enum accept_result {
	ACCEPT_CLIENT, /* *FD is its socket, nonblocking, close-on-exec */
	ACCEPT_SHED,   /* no descriptor was left, so one was sent away */
	ACCEPT_RETRY,  /* one was lost on the way, there may be more */
	ACCEPT_EMPTY,  /* nobody waits */
	ACCEPT_PAUSE   /* the caller tries again later; errno says why */
};

/* Takes the next client from the backlog of the socket LISTENER. */
enum accept_result accept_next(struct acceptor *a, int listener, int *fd)
    WARN_UNUSED;

/*
 * Reads what the client on FD has sent, and closes FD.  The kernel would reset
 * a connection that is closed with unread bytes, and the client shall see a
 * plain end.
 */
void accept_drop(int fd);

/* Enough for accept_peer(). */
#define ACCEPT_PEER_SHOWN 96
/*
 * Writes to DST who is at the other end of FD, for a log line: process and
 * user of a unix socket, address and port of TCP.  Returns DST, terminated.
 */
char *accept_peer(int fd, char *dst, size_t size);

#endif
