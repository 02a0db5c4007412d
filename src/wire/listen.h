/*
 * listen - addresses in sendmail's notation, and the sockets on them.
 *
 *	local:/run/listmap/socket	unix:/path and /path mean the same
 *	inet:port@host inet6:port@host	host may stand in brackets
 *
 * A unix socket is made beside its path, gets mode and owner, and is then
 * renamed over the path, so that at no moment nobody listens there.  In that
 * way a dead daemon's socket is replaced, and a live one's with `take_over'.
 */
#ifndef WIRE_LISTEN_H
#define WIRE_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/str.h"

struct listen_address {
	struct sockaddr_storage sa;
	socklen_t len;
};

/*
 * Reads SPEC; a host name is looked up, port 0 is refused.  NULL, or the
 * reason why not ("socket path too long (107 bytes at most)"), valid until
 * the next call.
 */
const char *listen_parse(const char *spec, struct listen_address *a)
    WARN_UNUSED;

struct listen_options {
	mode_t mode;    /* of unix sockets */
	uid_t owner;    /* of unix sockets; (uid_t)-1: leave it */
	gid_t group;    /* of unix sockets; (gid_t)-1: leave it */
	bool take_over; /* a live daemon may be there */
	bool beside;    /* clients do not find it before listen_place() */
};

/* A socket that is bound to an address. */
struct listener {
	char *spec;
	int fd;
	char *path;     /* of a unix socket, else NULL */
	char *beside;   /* where it is until listen_place() renames it */
	dev_t dev;      /* of its file, to see whether it is still ours */
	ino_t ino;
	bool unplaced;  /* until listen_place() */
	bool steers;    /* new clients of a shared port come to it */
	bool inherited; /* from systemd: neither made nor removed by us */
};

/*
 * Binds and listens at SPEC, nonblocking and close-on-exec.  The directory of
 * a unix socket is made (0755) if its parent is there.  A live daemon at SPEC
 * is an error without take_over, after a second: one that was killed may have a
 * child that has its sockets until it runs.  With take_over TCP sockets share
 * the port (listen_tcp.h), and new connections go to the successor.  Returns
 * NULL, or the reason why not, valid until the next call.
 */
const char *listen_open(const char *spec, const struct listen_options *o,
    struct listener *l) WARN_UNUSED;

/*
 * From now on clients find L, which was opened with `beside'.  A daemon with
 * several listeners opens all of them before it places the first, so that one
 * that fails takes no client from a live daemon.  Returns as listen_open().
 */
const char *listen_place(struct listener *l) WARN_UNUSED;

/*
 * Whether the file of the socket is still the one that was made.  1: it is;
 * 0: another file is in its place; -1: no file is there.  Always 1 for TCP
 * and for inherited sockets.
 */
int listen_check_file(const struct listener *l);

/* Removes the file if it is still ours: no new client finds the socket. */
void listen_unlink(const struct listener *l);

/* Closes, removes the file if it is still ours, and frees what L holds. */
void listen_close(struct listener *l);

/*
 * Connects to A.  Returns a blocking socket, or -1 with errno (ETIMEDOUT after
 * SECONDS).
 */
int listen_connect(const struct listen_address *a, double seconds);

#endif
