#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

#include "wire/accept.h"

/* So many reads of so many bytes empty any socket buffer. */
#define DROP_READS 1024
#define DROP_SIZE 16384

static int
open_reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void
accept_init(struct acceptor *a)
{
	a->reserve = open_reserve();
}

void
accept_clear(struct acceptor *a)
{
	if (a->reserve >= 0)
		close(a->reserve);
	a->reserve = -1;
}

void
accept_drop(int fd)
{
	char bytes[DROP_SIZE];
	int i;

	for (i = 0; i < DROP_READS; i++)
		if (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0)
			break;
	close(fd);
}

static enum accept_result
classify_accept_error(int error)
{
	switch (error) {
	case EAGAIN:
		return ACCEPT_EMPTY;
	case EINTR:
	case ECONNABORTED:
	/* Errors of a connection that is dead already: see accept(2). */
	case EPROTO:
	case ENETDOWN:
	case ENOPROTOOPT:
	case EHOSTDOWN:
	case ENONET:
	case EHOSTUNREACH:
	case EOPNOTSUPP:
	case ENETUNREACH:
	case EPERM:
		return ACCEPT_RETRY;
	default:
		return ACCEPT_PAUSE;
	}
}

/* Sends a client away when no descriptor is left but the reserve. */
static enum accept_result
shed_client(struct acceptor *a, int listener)
{
	enum accept_result r = ACCEPT_SHED;
	int fd, saved;

	if (a->reserve < 0)
		return ACCEPT_PAUSE;
	close(a->reserve);
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		r = classify_accept_error(errno);
	else
		accept_drop(fd);
	saved = errno;
	a->reserve = open_reserve();
	errno = saved;
	return r;
}

enum accept_result
accept_next(struct acceptor *a, int listener, int *fd)
{
	/* A lost reserve is opened again before a client is accepted.  If
	 * that client took the last descriptor, the next ones could not be
	 * sent away. */
	if (a->reserve < 0)
		a->reserve = open_reserve();
	*fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (*fd >= 0)
		return ACCEPT_CLIENT;
	if (errno == EMFILE || errno == ENFILE)
		return shed_client(a, listener);
	return classify_accept_error(errno);
}

char *
accept_peer(int fd, char *dst, size_t size)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa), credlen = sizeof(struct ucred);
	struct ucred cred;
	char host[64], port[8];

	if (getpeername(fd, (struct sockaddr *)&sa, &len) < 0)
		snprintf(dst, size, "unknown client");
	else if (sa.ss_family == AF_UNIX &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &credlen) == 0)
		snprintf(dst, size, "pid %ld, uid %lu", (long)cred.pid,
		    (unsigned long)cred.uid);
	else if (getnameinfo((struct sockaddr *)&sa, len, host, sizeof(host),
	    port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(dst, size, "[%s]:%s", host, port);
	else
		snprintf(dst, size, "client");
	return dst;
}
