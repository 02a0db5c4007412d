#include <sys/socket.h>
#include <sys/un.h>

#include <fcntl.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire/listen_inherited.h"
#include "base/log.h"
#include "base/str.h"
#include "wire/listen.h"
#include "wire/listen_tcp.h"

/* SD_LISTEN_FDS_START of sd_listen_fds(3). */
#define SYSTEMD_FIRST_FD 3
/* A larger LISTEN_FDS is taken for no number. */
#define SYSTEMD_FDS_MAX 1024

static bool
is_listening_stream(int fd)
{
	socklen_t size = sizeof(int);
	int listening = 0, type = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening,
	    &size) == 0 && listening &&
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	    type == SOCK_STREAM;
}

/*
 * Writes to SPEC the address of the TCP socket FD, and sets its options.  0, or
 * -1 where it is no TCP socket.
 */
static int
describe_tcp_socket(int fd, const struct sockaddr_storage *sa, socklen_t len,
    char *spec, size_t size)
{
	char host[64], port[8];

	if (sa->ss_family != AF_INET && sa->ss_family != AF_INET6)
		return -1;
	if (listen_tcp_set_options(fd) != 0 ||
	    getnameinfo((const struct sockaddr *)sa, len, host, sizeof(host),
	    port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return -1;
	snprintf(spec, size, "inet%s:%s@%s",
	    sa->ss_family == AF_INET6 ? "6" : "", port, host);
	return 0;
}

/* Fills in *L for the socket FD.  0, or -1 where a server cannot use it. */
static int
adopt_descriptor(int fd, struct listener *l)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);
	const struct sockaddr_un *un = (struct sockaddr_un *)&sa;
	char spec[160];

	if (!is_listening_stream(fd) ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return -1;
	*l = (struct listener){ .fd = fd, .inherited = true };
	if (sa.ss_family == AF_UNIX) {
		snprintf(spec, sizeof(spec), "local:%.107s",
		    un->sun_path[0] ? un->sun_path : "abstract");
		if (un->sun_path[0] && !(l->path = strdup(un->sun_path)))
			return -1;
	} else if (describe_tcp_socket(fd, &sa, len, spec, sizeof(spec)) == -1)
		return -1;
	l->spec = strdup(spec);
	if (!l->spec || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0) {
		free(l->spec);
		free(l->path);
		return -1;
	}
	return 0;
}

size_t
listen_inherited(struct listener **l)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t mine, many = 0;
	size_t i, n = 0;

	*l = NULL;
	if (!pid || !fds ||
	    str_number(str_from(pid), 1, INT32_MAX, &mine) < 0 ||
	    mine != (uint64_t)getpid() ||
	    str_number(str_from(fds), 1, SYSTEMD_FDS_MAX, &many) < 0)
		many = 0;
	/* Programs that this one may run must not see them. */
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (many > 0)
		*l = calloc(many, sizeof(**l));
	for (i = 0; *l && i < many; i++)
		if (adopt_descriptor(SYSTEMD_FIRST_FD + (int)i, &(*l)[n]) == 0)
			n++;
		else
			log_warn("listen: passed descriptor not used: %d: "
			    "no listening stream socket",
			    SYSTEMD_FIRST_FD + (int)i);
	if (n == 0) {
		free(*l);
		*l = NULL;
	}
	return n;
}
