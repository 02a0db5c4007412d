#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
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

/* The kernel waits, so that who waits is served before others are. */
static void
set_wait(int fd, int wait)
{
	const struct timeval t = { wait / 1000, wait % 1000 * 1000 };

	/* Zero is for ever, and not used then. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

static bool
connect_as(struct devlog *d, int type, int wait)
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
	d->fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (d->fd == -1)
		return false;
	set_wait(d->fd, wait > 0 ? wait : 1);
	if (connect(d->fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return true;
	saved = errno;
	disconnect(d);
	errno = saved;
	return false;
}

/* Nearly all log daemons take datagrams; some take a stream of lines. */
static bool
is_connected(struct devlog *d, int wait)
{
	return (d->fd != -1 && d->owner == getpid()) ||
	    connect_as(d, SOCK_DGRAM, wait) ||
	    (errno == EPROTOTYPE && connect_as(d, SOCK_STREAM, wait));
}

/* 1: sent; 0: the socket was full for too long; -1: nobody reads from it any
 * more. */
static int
send_once(const struct devlog *d, const char *text, size_t n, int wait)
{
	const int flags = MSG_NOSIGNAL | (wait == 0 ? MSG_DONTWAIT : 0);
	ssize_t sent;

	set_wait(d->fd, wait);
	do
		sent = send(d->fd, text, n, flags);
	while (sent == -1 && errno == EINTR);
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
	for (i = 0; i < 2 && sent == -1 && is_connected(d, wait);
	    i++) {
		/* In a stream a line ends with a null byte. */
		sent = send_once(d, text, (size_t)n + (d->type == SOCK_STREAM),
		    wait);
		if (sent == -1)
			disconnect(d);
	}
	return sent == 1;
}
