#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/devlog.h"

#define HEAD_MAX 128
#define LINE_MAX_BYTES 1024

static void
disconnect(struct devlog *d)
{
	if (d->fd != -1)
		close(d->fd);
	d->fd = -1;
}

static bool
connect_as(struct devlog *d, int type)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const size_t n = strlen(d->path);
	int saved;

	if (n >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(a.sun_path, d->path, n);
	d->type = type;
	d->owner = getpid();
	d->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd == -1)
		return false;
	if (connect(d->fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return true;
	saved = errno;
	disconnect(d);
	errno = saved;
	return false;
}

/* Nearly all log daemons take datagrams; some take a stream of lines. */
static bool
is_connected(struct devlog *d)
{
	return (d->fd != -1 && d->owner == getpid()) ||
	    connect_as(d, SOCK_DGRAM) ||
	    (errno == EPROTOTYPE && connect_as(d, SOCK_STREAM));
}

static void
wait_until_it_takes(const struct devlog *d, int wait)
{
	struct pollfd p = { .fd = d->fd, .events = POLLOUT };

	while (poll(&p, 1, wait) == -1 && errno == EINTR)
		;
}

/* 1: sent; 0: the socket is full; -1: nobody reads from it any more. */
static int
send_once(const struct devlog *d, const char *text, size_t n, int wait)
{
	ssize_t sent;

	do {
		if (wait != 0)
			wait_until_it_takes(d, wait);
		sent = send(d->fd, text, n, MSG_NOSIGNAL);
	} while (sent == -1 && (errno == EINTR || (errno == EAGAIN &&
	    wait == -1)));
	if (sent == -1)
		return errno == EAGAIN || errno == ENOBUFS ? 0 : -1;
	/* A part of a line spoils the stream. */
	return (size_t)sent == n ? 1 : -1;
}

bool
devlog_send(struct devlog *d, int wait, int priority, const char *ident,
    const char *line)
{
	char text[HEAD_MAX + LINE_MAX_BYTES], when[32];
	const time_t now = time(NULL);
	int i, n, sent = -1;
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL ||
	    strftime(when, sizeof(when), "%b %e %T", &tm) == 0)
		return false;
	n = snprintf(text, sizeof(text), "<%d>%s %.64s[%ld]: %.*s", priority,
	    when, ident, (long)getpid(), LINE_MAX_BYTES - 1, line);
	/* Once more where the log daemon was started anew. */
	for (i = 0; i < 2 && sent == -1 && is_connected(d); i++) {
		/* In a stream a line ends with a null byte. */
		sent = send_once(d, text, (size_t)n + (d->type == SOCK_STREAM),
		    wait);
		if (sent == -1)
			disconnect(d);
	}
	return sent == 1;
}
