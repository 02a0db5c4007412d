/*
 * listen_inherited - the listening sockets that systemd opened and passed on
 * (socket activation, sd_listen_fds(3)).
 */
#ifndef WIRE_LISTEN_INHERITED_H
#define WIRE_LISTEN_INHERITED_H

#include <stddef.h>

struct listener;

/*
 * Takes the sockets that the environment names (LISTEN_PID, LISTEN_FDS) and
 * removes these variables.  A descriptor that is no listening stream socket
 * gets a warning in the log and stays as it is.
 *
 * Returns how many listeners *L has; the caller closes each with
 * listen_close() and frees *L.  0: none was passed, or memory is short, and
 * *L is NULL.
 */
size_t listen_inherited(struct listener **l);

#endif
