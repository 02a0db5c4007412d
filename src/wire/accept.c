#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

#include "wire/accept.h"

/* No socket buffer holds more than this many reads' worth. */
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
result_of(int error)
{
	switch (error) {
	case EAGAIN:
		return ACCEPT_EMPTY;
	case EINTR:
	case ECONNABORTED:
	/* What accept(2) passes on of a connection that is dead already. */
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

/* Without a descriptor to be had but the reserve. */
static enum accept_result
shed(struct acceptor *a, int listener)
{
	enum accept_result r = ACCEPT_SHED;
	int fd, saved;

	if (a->reserve < 0)
		return ACCEPT_PAUSE;
	close(a->reserve);
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		r = result_of(errno);
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
	/* Once lost, it comes before any client: the last one to be served
	 * would leave nothing to send the next ones away with. */
	if (a->reserve < 0)
		a->reserve = open_reserve();
	*fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (*fd >= 0)
		return ACCEPT_CLIENT;
	if (errno == EMFILE || errno == ENFILE)
		return shed(a, listener);
	return result_of(errno);
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
