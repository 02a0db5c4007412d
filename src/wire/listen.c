#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "wire/listen.h"
#include "base/str.h"
#include "wire/listen_tcp.h"

#define PATH_MAX_BYTES (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)
/* How many random names are tried before we give up. */
#define TRIES 100
/* A daemon that was killed may have a child that has its sockets until it runs
 * for the first time: so long we wait for that one. */
#define ORPHAN_MS 1000
#define ORPHAN_TRIES 20

/* Functions that return a reason return a literal or this text. */
static char reason[512];

static const char *set_reason(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

static const char *
set_reason(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return reason;
}

static const char *
parse_unix_address(const char *path, struct listen_address *a)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&a->sa;
	size_t n = strlen(path);

	if (path[0] != '/')
		return "socket path does not begin with /";
	if (path[n - 1] == '/')
		return "socket path ends with /";
	if (n > PATH_MAX_BYTES)
		return "socket path too long (107 bytes at most)";
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, n + 1);
	a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return NULL;
}

static const char *
resolve_host(const char *host, const char *port, int family,
    struct listen_address *a)
{
	struct addrinfo hints = { .ai_family = family,
		.ai_socktype = SOCK_STREAM }, *list;
	int r = getaddrinfo(host, port, &hints, &list);

	if (r != 0)
		return set_reason("%s port %s: %s", host, port,
		    r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
	memcpy(&a->sa, list->ai_addr, list->ai_addrlen);
	a->len = list->ai_addrlen;
	freeaddrinfo(list);
	return NULL;
}

/* Reads PORT@HOST, where HOST may stand in brackets. */
static const char *
parse_inet_address(const char *text, int family, struct listen_address *a)
{
	struct str s = str_from(text), port, host;
	size_t at = str_find(s, '@');
	char portname[32], hostname[256];
	uint64_t number;

	if (at == STR_NONE || at + 1 == s.n)
		return "no host (port@host is wanted)";
	port = str_head(s, at);
	host = str_tail(s, at + 1);
	if (host.p[0] == '[') {
		if (host.n < 3 || !str_ends(host, "]"))
			return "bad brackets around the host";
		host = str_head(str_tail(host, 1), host.n - 2);
	}
	/* getaddrinfo() takes a number that is too large modulo 65536. */
	if (port.n == 0 || (port.p[0] >= '0' && port.p[0] <= '9' &&
	    str_number(port, 1, 65535, &number) < 0))
		return "bad port (1 to 65535)";
	if (port.n >= sizeof(portname) || host.n >= sizeof(hostname))
		return "port or host too long";
	snprintf(portname, sizeof(portname), "%.*s", (int)port.n, port.p);
	snprintf(hostname, sizeof(hostname), "%.*s", (int)host.n, host.p);
	return resolve_host(hostname, portname, family, a);
}

const char *
listen_parse(const char *spec, struct listen_address *a)
{
	struct str s = str_from(spec);

	memset(a, 0, sizeof(*a));
	if (str_starts(s, "local:"))
		return parse_unix_address(spec + strlen("local:"), a);
	if (str_starts(s, "unix:"))
		return parse_unix_address(spec + strlen("unix:"), a);
	if (str_starts(s, "/"))
		return parse_unix_address(spec, a);
	if (str_starts(s, "inet:"))
		return parse_inet_address(spec + strlen("inet:"), AF_INET, a);
	if (str_starts(s, "inet6:"))
		return parse_inet_address(spec + strlen("inet6:"), AF_INET6, a);
	return "no address (local:/path, inet:port@host or inet6:port@host)";
}

/* Makes the directory of PATH if it is not there.  NULL, or the reason. */
static const char *
make_socket_directory(const char *path, const struct listen_options *o)
{
	char dir[PATH_MAX_BYTES + 1];
	size_t n = (size_t)(strrchr(path, '/') - path);

	if (n == 0)
		return NULL;
	memcpy(dir, path, n);
	dir[n] = '\0';
	if (mkdir(dir, 0755) < 0)
		return errno == EEXIST ? NULL :
		    set_reason("%s: mkdir: %s", dir, strerror(errno));
	/* The umask may have taken bits away that sendmail needs. */
	if (chmod(dir, 0755) < 0)
		return set_reason("%s: chmod: %s", dir, strerror(errno));
	if ((o->owner != (uid_t)-1 || o->group != (gid_t)-1) &&
	    chown(dir, o->owner, o->group) < 0)
		return set_reason("%s: chown: %s", dir, strerror(errno));
	return NULL;
}

/* Connects to A.  0, or the error; *FD is the socket, or -1. */
static int
try_socket(const struct listen_address *a, int *fd)
{
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0 ||
	    connect(*fd, (const struct sockaddr *)&a->sa, a->len) < 0)
		return errno;
	return 0;
}

/* Whether the connection FD, which a daemon that lives would keep, ends.  Only
 * one is made: who listens may never take any, and have no room for more. */
static bool
is_orphan(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, ORPHAN_MS) == 1;
}

/*
 * Looks at what is at PATH.  NULL: a socket may take its place.  Else the
 * reason why not.
 */
static const char *
probe_socket_path(const struct listen_address *a, const char *path,
    bool take_over)
{
	struct stat st;
	int fd, error;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? NULL :
		    set_reason("%s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return set_reason("%s: is in the way, and no socket", path);
	error = try_socket(a, &fd);
	if (error == 0 && !take_over && is_orphan(fd)) {
		close(fd);
		error = try_socket(a, &fd);
	}
	if (fd != -1)
		close(fd);
	if (error == ECONNREFUSED || error == ENOENT)
		return NULL;
	/* EAGAIN: the backlog is full, so a daemon listens. */
	if (error != 0 && error != EAGAIN)
		return set_reason("%s: cannot tell whether a daemon listens: "
		    "%s", path, strerror(error));
	return take_over ? NULL :
	    set_reason("%s: another daemon listens there", path);
}

/*
 * Binds FD to a random name in the directory of PATH, and leaves the name in
 * *UN.  The name always fits into *UN, also where PATH barely does.  bind()
 * does not touch a file that has the name already.  Returns 0, or -1 with
 * errno.
 */
static int
bind_socket_beside(int fd, const char *path, struct sockaddr_un *un)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t dir = (size_t)(strrchr(path, '/') - path) + 1;
	size_t i, end = dir + 8 < PATH_MAX_BYTES ? dir + 8 : PATH_MAX_BYTES;
	int tries, r = -1;
	mode_t mask;

	*un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(un->sun_path, path, dir);
	for (tries = 0; tries < TRIES; tries++) {
		unsigned char random[8];

		if (getentropy(random, sizeof(random)) < 0)
			return -1;
		for (i = dir; i < end; i++)
			un->sun_path[i] = letters[random[i - dir] % 36];
		un->sun_path[end] = '\0';
		if (end > dir + 1)
			un->sun_path[dir] = '.';
		/* The file gets the descriptor's mode, which fchmod() set,
		 * less the umask. */
		mask = umask(0);
		r = bind(fd, (struct sockaddr *)un, sizeof(*un));
		umask(mask);
		if (r == 0 || errno != EADDRINUSE)
			break;
	}
	return r;
}

/* Makes a listening socket beside the path of L. */
static const char *
make_socket_beside(const struct listen_options *o, struct listener *l)
{
	struct sockaddr_un un;
	const char *what = NULL;
	struct stat st;

	if (fchmod(l->fd, o->mode) < 0 ||
	    bind_socket_beside(l->fd, l->path, &un) < 0)
		return set_reason("%s: bind: %s", l->path, strerror(errno));
	if ((o->owner != (uid_t)-1 || o->group != (gid_t)-1) &&
	    lchown(un.sun_path, o->owner, o->group) < 0)
		what = "chown";
	else if (lstat(un.sun_path, &st) < 0)
		what = "stat";
	else if (listen(l->fd, SOMAXCONN) < 0)
		what = "listen";
	else if (!(l->beside = strdup(un.sun_path)))
		what = "strdup";
	if (what) {
		set_reason("%s: %s: %s", l->path, what, strerror(errno));
		unlink(un.sun_path);
		return reason;
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return NULL;
}

static const char *
open_unix_socket(const struct listen_address *a, const struct listen_options *o,
    struct listener *l)
{
	const char *path = ((const struct sockaddr_un *)&a->sa)->sun_path, *err;

	err = make_socket_directory(path, o);
	if (!err)
		err = probe_socket_path(a, path, o->take_over);
	if (err)
		return err;
	l->path = strdup(path);
	return l->path ? make_socket_beside(o, l) : "out of memory";
}

/* Turns the result of the listen_tcp functions into a reason. */
static const char *
tcp_reason(const struct listener *l, const char *failed)
{
	return failed ? set_reason("%s: %s: %s", l->spec, failed,
	    strerror(errno)) : NULL;
}

const char *
listen_place(struct listener *l)
{
	if (!l->unplaced)
		return NULL;
	if (!l->path) {
		l->unplaced = false;
		return tcp_reason(l, listen_tcp_start(l->fd, l->steers));
	}
	if (rename(l->beside, l->path) < 0)
		return set_reason("%s: rename: %s", l->path, strerror(errno));
	l->unplaced = false;
	free(l->beside);
	l->beside = NULL;
	return NULL;
}

/* As listen_tcp_bind(), but waits for an orphan's socket. */
static const char *
bind_tcp(int fd, const struct listen_address *a, bool take_over)
{
	const struct timespec pause = {
		.tv_nsec = ORPHAN_MS / ORPHAN_TRIES * 1000000L };
	const char *failed = listen_tcp_bind(fd, a, take_over);

	for (int i = 0; i < ORPHAN_TRIES && failed && errno == EADDRINUSE;
	    i++) {
		(void)nanosleep(&pause, NULL);
		failed = listen_tcp_bind(fd, a, take_over);
	}
	return failed;
}

const char *
listen_open(const char *spec, const struct listen_options *o,
    struct listener *l)
{
	struct listen_address a;
	const char *err;

	*l = (struct listener){ .fd = -1, .unplaced = true,
		.steers = o->take_over };
	err = listen_parse(spec, &a);
	if (err)
		return err == reason ? err : set_reason("%s: %s", spec, err);
	l->spec = strdup(spec);
	if (!l->spec)
		return "out of memory";
	l->fd = socket(a.sa.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		err = set_reason("%s: socket: %s", spec, strerror(errno));
	else if (a.sa.ss_family == AF_UNIX)
		err = open_unix_socket(&a, o, l);
	else
		err = tcp_reason(l, bind_tcp(l->fd, &a, o->take_over));
	if (!err && !o->beside)
		err = listen_place(l);
	if (err)
		listen_close(l);
	return err;
}

int
listen_check_file(const struct listener *l)
{
	struct stat st;

	if (!l->path || l->inherited)
		return 1;
	if (lstat(l->beside ? l->beside : l->path, &st) < 0)
		return -1;
	return st.st_dev == l->dev && st.st_ino == l->ino;
}

void
listen_unlink(const struct listener *l)
{
	if (l->path && !l->inherited && listen_check_file(l) == 1)
		unlink(l->beside ? l->beside : l->path);
}

void
listen_close(struct listener *l)
{
	listen_unlink(l);
	if (l->fd >= 0)
		close(l->fd);
	free(l->beside);
	free(l->path);
	free(l->spec);
	*l = (struct listener){ .fd = -1 };
}

int
listen_connect(const struct listen_address *a, double seconds)
{
	struct timeval limit = { 0 }, none = { 0 };
	int fd, saved;

	fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* The limit holds for connect() as well; zero would mean none. */
	limit.tv_sec = (time_t)seconds;
	limit.tv_usec = (suseconds_t)((seconds - (double)limit.tv_sec) * 1e6);
	if (limit.tv_sec == 0 && limit.tv_usec == 0)
		limit.tv_usec = 1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0
	    && connect(fd, (const struct sockaddr *)&a->sa, a->len) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof(none)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved == EAGAIN || saved == EINPROGRESS ? ETIMEDOUT : saved;
	return -1;
}
