/*
 * listen - addresses in sendmail's notation, and the sockets on them.
 *
 *	local:/run/listmap/socket	unix:/path and /path mean the same
 *	inet:port@host	inet6:port@host		host may stand in brackets
 */
#ifndef WIRE_LISTEN_H
#define WIRE_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/str.h"

struct listen_address {
	struct sockaddr_storage sa;
	socklen_t len;
};

/*
 * Reads SPEC; a host name is looked up, port 0 is refused.  NULL, or the
 * reason why not ("socket path too long (107 bytes at most)").
 */
const char *listen_parse(const char *spec, struct listen_address *a)
    WARN_UNUSED;

struct listen_options {
	mode_t mode;       /* of unix sockets */
	uid_t owner;       /* (uid_t)-1: leave it */
	gid_t group;       /* (gid_t)-1: leave it */
	bool take_over;    /* a live daemon may be there */
	bool beside;       /* nobody finds it before listen_place() */
};

/* A socket that is bound to an address. */
struct listener {
	char *spec;
	int fd;
	char *path;  /* of a unix socket, else NULL */
	char *beside; /* where it is until listen_place() renames it */
	dev_t dev;   /* of its file, to see whether it is still ours */
	ino_t ino;
	bool unplaced;  /* until listen_place() */
	bool steers;    /* new clients of a shared port come to it */
	bool inherited; /* from systemd: neither made nor removed by us */
};

/*
 * Binds and listens at SPEC.  A unix socket is made beside its path, gets
 * mode and owner, and is renamed over it, so that at no moment nobody
 * listens; a dead daemon's socket is replaced that way, a live one's only
 * with take_over.  A missing directory is made (0755) if its parent is there.
 * TCP sockets share their port (SO_REUSEPORT) with a live daemon's only with
 * take_over, and new connections then go to the successor.  Nonblocking,
 * close-on-exec.  NULL, or the reason, valid until the next call.
 */
const char *listen_open(const char *spec, const struct listen_options *o,
    struct listener *l) WARN_UNUSED;

/*
 * For a listener that was opened `beside': from now on clients find it.  Who
 * opens several opens all of them first, so that one that fails takes no
 * client from a live daemon.  NULL, or the reason, valid until the next call.
 */
const char *listen_place(struct listener *l) WARN_UNUSED;

/*
 * The sockets that systemd passed (LISTEN_PID, LISTEN_FDS), which are then
 * used instead of opened ones.  How many; *L is the caller's to free.
 */
size_t listen_inherited(struct listener **l);

/* Whether the socket's file is still the one that was made: 1; another's: 0;
 * gone: -1.  Always 1 for TCP and for inherited sockets. */
int listen_ours(const struct listener *l);

/* Removes the file if it is still ours: no new client finds the socket. */
void listen_unlink(const struct listener *l);

/* Closes, and removes the file if it is still ours. */
void listen_close(struct listener *l);

/* A blocking connection to SPEC within SECONDS; -1 with errno. */
int listen_connect(const struct listen_address *a, double seconds);

#endif
