#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "spec.h"
#include "tests/patience.h"

static void
spec_unix(const char *path, struct spec *s)
{
	struct sockaddr_un *sun = (struct sockaddr_un *)&s->sa;
	size_t n = strlen(path);

	if (n >= sizeof(sun->sun_path))
		errx(EX_USAGE, "%s: socket path too long", path);
	sun->sun_family = AF_UNIX;
	memcpy(sun->sun_path, path, n + 1);
	s->len = sizeof(*sun);
}

static void
spec_inet(const char *text, int family, struct spec *s)
{
	struct addrinfo hints = { .ai_family = family,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *ai = NULL;
	const char *at = strchr(text, '@');
	char port[8];
	int rc;

	if (at == NULL || at == text || (size_t)(at - text) >= sizeof(port))
		errx(EX_USAGE, "%s: not port@host", text);
	memcpy(port, text, (size_t)(at - text));
	port[at - text] = '\0';
	if ((rc = getaddrinfo(at + 1, port, &hints, &ai)) != 0)
		errx(EX_NOHOST, "%s: %s", text, gai_strerror(rc));
	memcpy(&s->sa, ai->ai_addr, ai->ai_addrlen);
	s->len = ai->ai_addrlen;
	freeaddrinfo(ai);
}

void
spec_parse(const char *text, struct spec *s)
{
	memset(s, 0, sizeof(*s));
	if (strncmp(text, "local:", 6) == 0)
		spec_unix(text + 6, s);
	else if (strncmp(text, "unix:", 5) == 0)
		spec_unix(text + 5, s);
	else if (text[0] == '/')
		spec_unix(text, s);
	else if (strncmp(text, "inet:", 5) == 0)
		spec_inet(text + 5, AF_INET, s);
	else if (strncmp(text, "inet6:", 6) == 0)
		spec_inet(text + 6, AF_INET6, s);
	else
		errx(EX_USAGE, "%s: neither local:, inet: nor inet6:", text);
}

int
spec_listen(const struct spec *s)
{
	const struct sockaddr *sa = (const struct sockaddr *)&s->sa;
	int one = 1;
	int fd;

	fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (fd == -1)
		err(EX_OSERR, "socket");
	if (sa->sa_family != AF_UNIX &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == -1)
		err(EX_OSERR, "setsockopt");
	if (bind(fd, sa, s->len) == -1 || listen(fd, SOMAXCONN) == -1)
		err(EX_OSERR, "bind and listen");
	return fd;
}

int
spec_connect(const struct spec *s)
{
	const struct sockaddr *sa = (const struct sockaddr *)&s->sa;
	int fd, saved;

	fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (connect(fd, sa, s->len) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

void
spec_limit(int fd)
{
	const struct timeval limit = { .tv_sec = PATIENCE };

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit,
	    sizeof(limit)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
	    sizeof(limit)) == -1)
		err(EX_OSERR, "setsockopt");
}

uint64_t
spec_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}
