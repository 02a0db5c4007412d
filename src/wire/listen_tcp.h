/*
 * listen_tcp - the socket options of TCP listeners, and how two daemons share
 * a port while one takes over from the other.
 *
 * The kernel lets several sockets listen on one port when all of them have
 * SO_REUSEPORT.  A daemon that is no successor binds without it, so that a port
 * in use is an error, and sets it before it listens, so that a successor may
 * join later.  See socket(7).
 */
#ifndef WIRE_LISTEN_TCP_H
#define WIRE_LISTEN_TCP_H

#include <stdbool.h>

#include "base/str.h"

struct listen_address;

/*
 * Sets SO_KEEPALIVE and TCP_NODELAY, which accepted sockets inherit from FD.
 * Returns 0, or not 0 with errno.
 */
int listen_tcp_set_options(int fd) WARN_UNUSED;

/*
 * Binds FD to the address A; with TAKE_OVER also where a live daemon listens.
 * Returns NULL, or the name of the call or option that failed, with errno.
 */
const char *listen_tcp_bind(int fd, const struct listen_address *a,
    bool take_over) WARN_UNUSED;

/*
 * Listens on FD, which listen_tcp_bind() bound.  With STEER every new
 * connection of the port comes to FD and none to the predecessor.  Returns as
 * listen_tcp_bind().
 */
const char *listen_tcp_start(int fd, bool steer) WARN_UNUSED;

#endif
