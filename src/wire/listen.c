#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire/listen.h"
#include "base/log.h"
#include "base/str.h"

#define PATH_MAX_BYTES (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)
/* A random name may be taken: how often another one is tried. */
#define TRIES 100
#define SYSTEMD_FIRST_FD 3
#define SYSTEMD_FDS_MAX 1024

/* What the functions that return a reason leave it in. */
static char reason[512];

static const char *because(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

static const char *
because(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return reason;
}

static const char *
parse_local(const char *path, struct listen_address *a)
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
resolve(const char *host, const char *port, int family,
    struct listen_address *a)
{
	struct addrinfo hints = { .ai_family = family,
		.ai_socktype = SOCK_STREAM }, *list;
	int r = getaddrinfo(host, port, &hints, &list);

	if (r != 0)
		return because("%s port %s: %s", host, port,
		    r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
	memcpy(&a->sa, list->ai_addr, list->ai_addrlen);
	a->len = list->ai_addrlen;
	freeaddrinfo(list);
	return NULL;
}

/* PORT@HOST, where HOST may stand in brackets. */
static const char *
parse_inet(const char *text, int family, struct listen_address *a)
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
	/* getaddrinfo() would take a number that is too large modulo 65536. */
	if (port.n == 0 || (port.p[0] >= '0' && port.p[0] <= '9' &&
	    str_number(port, 1, 65535, &number) < 0))
		return "bad port (1 to 65535)";
	if (port.n >= sizeof(portname) || host.n >= sizeof(hostname))
		return "port or host too long";
	snprintf(portname, sizeof(portname), "%.*s", (int)port.n, port.p);
	snprintf(hostname, sizeof(hostname), "%.*s", (int)host.n, host.p);
	return resolve(hostname, portname, family, a);
}

const char *
listen_parse(const char *spec, struct listen_address *a)
{
	struct str s = str_from(spec);

	memset(a, 0, sizeof(*a));
	if (str_starts(s, "local:"))
		return parse_local(spec + strlen("local:"), a);
	if (str_starts(s, "unix:"))
		return parse_local(spec + strlen("unix:"), a);
	if (str_starts(s, "/"))
		return parse_local(spec, a);
	if (str_starts(s, "inet:"))
		return parse_inet(spec + strlen("inet:"), AF_INET, a);
	if (str_starts(s, "inet6:"))
		return parse_inet(spec + strlen("inet6:"), AF_INET6, a);
	return "no address (local:/path, inet:port@host or inet6:port@host)";
}

static const char *
make_directory(const char *path, const struct listen_options *o)
{
	char dir[PATH_MAX_BYTES + 1];
	size_t n = (size_t)(strrchr(path, '/') - path);

	if (n == 0)
		return NULL;
	memcpy(dir, path, n);
	dir[n] = '\0';
	if (mkdir(dir, 0755) < 0)
		return errno == EEXIST ? NULL :
		    because("%s: mkdir: %s", dir, strerror(errno));
	/* Whatever the umask was: sendmail must get through. */
	if (chmod(dir, 0755) < 0)
		return because("%s: chmod: %s", dir, strerror(errno));
	if ((o->owner != (uid_t)-1 || o->group != (gid_t)-1) &&
	    chown(dir, o->owner, o->group) < 0)
		return because("%s: chown: %s", dir, strerror(errno));
	return NULL;
}

/* Looks at what is in the place of a socket: NULL, and it may be replaced. */
static const char *
probe(const struct listen_address *a, const char *path, bool take_over)
{
	struct stat st;
	int fd, r, error;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? NULL :
		    because("%s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return because("%s: is in the way, and no socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return because("socket: %s", strerror(errno));
	r = connect(fd, (const struct sockaddr *)&a->sa, a->len);
	error = r < 0 ? errno : 0;
	close(fd);
	if (error == ECONNREFUSED || error == ENOENT)
		return NULL;
	/* EAGAIN: its backlog is full, so it lives. */
	if (error != 0 && error != EAGAIN)
		return because("%s: cannot tell whether a daemon listens: %s",
		    path, strerror(error));
	return take_over ? NULL :
	    because("%s: another daemon listens there", path);
}

/*
 * Binds FD to a name of its own in the directory of PATH, into *UN.  The name
 * is not longer than PATH, so that it fits where PATH does; bind() does not
 * touch what is there already.
 */
static int
bind_beside(int fd, const char *path, struct sockaddr_un *un)
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
		/* The mode is the descriptor's, set by fchmod(). */
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
make_beside(const struct listen_options *o, struct listener *l)
{
	struct sockaddr_un un;
	const char *what = NULL;
	struct stat st;

	if (fchmod(l->fd, o->mode) < 0 ||
	    bind_beside(l->fd, l->path, &un) < 0)
		return because("%s: bind: %s", l->path, strerror(errno));
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
		because("%s: %s: %s", l->path, what, strerror(errno));
		unlink(un.sun_path);
		return reason;
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return NULL;
}

static const char *
open_local(const struct listen_address *a, const struct listen_options *o,
    struct listener *l)
{
	const char *path = ((const struct sockaddr_un *)&a->sa)->sun_path, *err;

	err = make_directory(path, o);
	if (!err)
		err = probe(a, path, o->take_over);
	if (err)
		return err;
	l->path = strdup(path);
	return l->path ? make_beside(o, l) : "out of memory";
}

static int
set(int fd, int level, int option)
{
	int one = 1;

	return setsockopt(fd, level, option, &one, sizeof(one));
}

/* Accepted sockets have these from their listener. */
static int
set_tcp(int fd)
{
	return set(fd, SOL_SOCKET, SO_KEEPALIVE) |
	    set(fd, IPPROTO_TCP, TCP_NODELAY);
}

/*
 * Of the sockets that share a port the oldest has index 0.  Where index 1 is
 * not there, the kernel chooses by itself, which is right then.
 */
static int
steer_to_successor(int fd)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, 1) };
	struct sock_fprog program;

	/* Its padding goes to the kernel as well. */
	memset(&program, 0, sizeof(program));
	program.len = 1;
	program.filter = code;
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
	    sizeof(program));
}

/* Without SO_REUSEPORT while it binds, a port in use is an error. */
static const char *
open_tcp(const struct listen_address *a, const struct listen_options *o,
    struct listener *l)
{
	const char *what = NULL;

	if (set(l->fd, SOL_SOCKET, SO_REUSEADDR) < 0 || set_tcp(l->fd) != 0 ||
	    (a->sa.ss_family == AF_INET6 &&
	    set(l->fd, IPPROTO_IPV6, IPV6_V6ONLY) < 0))
		what = "setsockopt";
	else if (o->take_over && set(l->fd, SOL_SOCKET, SO_REUSEPORT) < 0)
		what = "SO_REUSEPORT";
	else if (bind(l->fd, (const struct sockaddr *)&a->sa, a->len) < 0)
		what = "bind";
	l->steers = o->take_over;
	return what ? because("%s: %s: %s", l->spec, what, strerror(errno)) :
	    NULL;
}

/* With SO_REUSEPORT while it listens, a successor may join. */
static const char *
place_tcp(struct listener *l)
{
	const char *what = NULL;

	if (set(l->fd, SOL_SOCKET, SO_REUSEPORT) < 0)
		what = "SO_REUSEPORT";
	else if (listen(l->fd, SOMAXCONN) < 0)
		what = "listen";
	else if (l->steers && steer_to_successor(l->fd) < 0)
		what = "SO_ATTACH_REUSEPORT_CBPF";
	return what ? because("%s: %s: %s", l->spec, what, strerror(errno)) :
	    NULL;
}

const char *
listen_place(struct listener *l)
{
	if (!l->unplaced)
		return NULL;
	if (!l->path) {
		l->unplaced = false;
		return place_tcp(l);
	}
	if (rename(l->beside, l->path) < 0)
		return because("%s: rename: %s", l->path, strerror(errno));
	l->unplaced = false;
	free(l->beside);
	l->beside = NULL;
	return NULL;
}

const char *
listen_open(const char *spec, const struct listen_options *o,
    struct listener *l)
{
	struct listen_address a;
	const char *err;

	*l = (struct listener){ .fd = -1, .unplaced = true };
	err = listen_parse(spec, &a);
	if (err)
		return err == reason ? err : because("%s: %s", spec, err);
	l->spec = strdup(spec);
	if (!l->spec)
		return "out of memory";
	l->fd = socket(a.sa.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		err = because("%s: socket: %s", spec, strerror(errno));
	else if (a.sa.ss_family == AF_UNIX)
		err = open_local(&a, o, l);
	else
		err = open_tcp(&a, o, l);
	if (!err && !o->beside)
		err = listen_place(l);
	if (err)
		listen_close(l);
	return err;
}

int
listen_ours(const struct listener *l)
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
	if (l->path && !l->inherited && listen_ours(l) == 1)
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

/* Fills in *L for the socket FD if it is one that a server can use. */
static int
inherit(int fd, struct listener *l)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa), size = sizeof(int);
	const struct sockaddr_un *un = (struct sockaddr_un *)&sa;
	char host[64], port[8], spec[160];
	int listening = 0, type = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0 ||
	    !listening ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
	    type != SOCK_STREAM ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return -1;
	*l = (struct listener){ .fd = fd, .inherited = true };
	if (sa.ss_family == AF_UNIX) {
		snprintf(spec, sizeof(spec), "local:%.107s",
		    un->sun_path[0] ? un->sun_path : "abstract");
		if (un->sun_path[0] && !(l->path = strdup(un->sun_path)))
			return -1;
	} else if ((sa.ss_family == AF_INET || sa.ss_family == AF_INET6) &&
	    set_tcp(fd) == 0 && getnameinfo((struct sockaddr *)&sa, len, host,
	    sizeof(host), port, sizeof(port),
	    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(spec, sizeof(spec), "inet%s:%s@%s",
		    sa.ss_family == AF_INET6 ? "6" : "", port, host);
	else
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
	/* They are not for the programs that this one may run. */
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (many > 0)
		*l = calloc(many, sizeof(**l));
	for (i = 0; *l && i < many; i++)
		if (inherit(SYSTEMD_FIRST_FD + (int)i, &(*l)[n]) == 0)
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
