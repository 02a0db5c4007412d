/*
 * devlog - a line to the machine's log daemon, which nobody has to wait for.
 *
 * syslog(3) waits for as long as the log daemon's socket is full: for ever,
 * where that daemon was stopped or its disk hangs.
 */
#ifndef BASE_DEVLOG_H
#define BASE_DEVLOG_H

#include <stdbool.h>
#include <sys/types.h>

struct devlog {
	const char *path; /* of the socket */
	int fd;           /* -1: not connected */
	int type;         /* SOCK_DGRAM or SOCK_STREAM */
	pid_t owner;      /* who connected it: a child may have closed it */
};

#define DEVLOG_INIT(p) ((struct devlog){ .path = (p), .fd = -1 })

/*
 * Sends LINE (no more than 1023 bytes of it) as IDENT[PID] with PRIORITY, a
 * facility and a level of syslog(3), in the form that syslog(3) has (RFC 3164,
 * section 4.1, without the name of the host).  Connects where that is needed,
 * again where the log daemon was started anew.  WAIT is for how many
 * milliseconds the socket may be full.  False: it was not taken, or nobody is
 * there.
 */
bool devlog_send(struct devlog *d, int wait, int priority, const char *ident,
    const char *line);

#endif
