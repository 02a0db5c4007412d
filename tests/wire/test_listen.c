#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "wire/listen.h"
#include "wire/listen_inherited.h"
#include "tests/patience.h"

#define PATH_BYTES 107

static char dir[] = "/tmp/listen.XXXXXX";
static char spec[160];

static const struct listen_options plain = { .mode = 0600,
	.owner = (uid_t)-1, .group = (gid_t)-1 };
static const struct listen_options taking = { .mode = 0600,
	.owner = (uid_t)-1, .group = (gid_t)-1, .take_over = true };

static const char *
local(const char *name)
{
	snprintf(spec, sizeof(spec), "local:%s/%s", dir, name);
	return spec;
}

static const char *
path(void)
{
	return spec + strlen("local:");
}

/* A TCP address of this machine whose port is free. */
static const char *
inet(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	close(fd);
	snprintf(spec, sizeof(spec), "inet:%d@127.0.0.1", ntohs(in.sin_port));
	return spec;
}

static int
try_connect(const char *to)
{
	struct listen_address a;

	assert_null(listen_parse(to, &a));
	return listen_connect(&a, PATIENCE);
}

static void
must_connect(const char *to)
{
	int fd = try_connect(to);

	assert_true(fd >= 0);
	close(fd);
}

static const struct {
	const char *spec;
	int family; /* 0: refused */
	int port;
} specs[] = {
	{ "local:/run/x/socket", AF_UNIX, 0 },
	{ "unix:/run/x/socket", AF_UNIX, 0 },
	{ "/run/x/socket", AF_UNIX, 0 },
	{ "inet:7777@127.0.0.1", AF_INET, 7777 },
	{ "inet:7777@[127.0.0.1]", AF_INET, 7777 },
	{ "inet:1@127.0.0.1", AF_INET, 1 },
	{ "inet:65535@127.0.0.1", AF_INET, 65535 },
	{ "inet6:7777@::1", AF_INET6, 7777 },
	{ "inet6:7777@[::1]", AF_INET6, 7777 },
	{ "", 0, 0 },
	{ "socket", 0, 0 },
	{ "local:", 0, 0 },
	{ "local:socket", 0, 0 },
	{ "local:/run/", 0, 0 },
	{ "inet:0@127.0.0.1", 0, 0 },
	{ "inet:65536@127.0.0.1", 0, 0 },
	{ "inet:99999999999999999999@127.0.0.1", 0, 0 },
	{ "inet:7777", 0, 0 },
	{ "inet:7777@", 0, 0 },
	{ "inet:@127.0.0.1", 0, 0 },
	{ "inet:7777x@127.0.0.1", 0, 0 },
	{ "inet:-1@127.0.0.1", 0, 0 },
	{ "inet:7777@[127.0.0.1", 0, 0 },
	{ "inet:7777@[]", 0, 0 },
	{ "inet:7777@::1", 0, 0 },
	{ "inet6:7777@127.0.0.1", 0, 0 },
	{ "inet4:7777@127.0.0.1", 0, 0 },
	{ "inet:7777@no.such.host.invalid", 0, 0 },
};

static void
parses(void **state)
{
	struct listen_address a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		const char *err = listen_parse(specs[i].spec, &a);

		if (specs[i].family == 0) {
			assert_non_null(err);
			assert_true(strlen(err) > 0);
			continue;
		}
		assert_null(err);
		assert_int_equal(a.sa.ss_family, specs[i].family);
		/* The port lies in the same place in both families. */
		if (specs[i].port)
			assert_int_equal(ntohs(((struct sockaddr_in *)
			    &a.sa)->sin_port), specs[i].port);
	}
}

static void
parses_long_paths(void **state)
{
	char text[200] = "local:/";
	struct listen_address a;

	(void)state;
	memset(text + 7, 'x', PATH_BYTES - 1);
	assert_null(listen_parse(text, &a));
	text[strlen(text)] = 'x';
	assert_string_equal(listen_parse(text, &a),
	    "socket path too long (107 bytes at most)");
}

/* The longest path can be listened on, whatever its last part. */
static void
listens_on_long_paths(void **state)
{
	size_t last;

	(void)state;
	for (last = 1; last < 20; last += 6) {
		char text[256], sub[200];
		struct listener l;
		int n = PATH_BYTES - (int)(strlen(dir) + 2 + last);

		snprintf(sub, sizeof(sub), "%s/%0*d", dir, n, 0);
		snprintf(text, sizeof(text), "%s/%0*d", sub, (int)last, 0);
		assert_int_equal(strlen(text), PATH_BYTES);
		assert_null(listen_open(text, &plain, &l));
		must_connect(text);
		listen_close(&l);
		assert_int_equal(rmdir(sub), 0);
	}
}

static void
makes_sockets(void **state)
{
	static const mode_t modes[] = { 0600, 0660, 0666 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct listen_options o = plain;
		struct listener l;
		struct stat st;

		o.mode = modes[i];
		assert_null(listen_open(local("modes"), &o, &l));
		assert_int_equal(stat(path(), &st), 0);
		assert_true(S_ISSOCK(st.st_mode));
		assert_int_equal(st.st_mode & 07777, modes[i]);
		assert_true(fcntl(l.fd, F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(l.fd, F_GETFD) & FD_CLOEXEC);
		assert_string_equal(l.spec, spec);
		assert_string_equal(l.path, path());
		assert_int_equal(listen_check_file(&l), 1);
		must_connect(spec);
		listen_close(&l);
		assert_int_equal(access(path(), F_OK), -1);
	}
}

static void
gives_sockets_away(void **state)
{
	struct listen_options o = plain;
	struct listener l;
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	o.owner = 7;
	o.group = 8;
	assert_null(listen_open(local("new/socket"), &o, &l));
	assert_int_equal(stat(path(), &st), 0);
	assert_int_equal(st.st_uid, 7);
	assert_int_equal(st.st_gid, 8);
	listen_close(&l);
	*strrchr(spec, '/') = '\0';
	assert_int_equal(stat(path(), &st), 0);
	assert_int_equal(st.st_uid, 7);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(rmdir(path()), 0);
}

static void
makes_one_directory(void **state)
{
	mode_t mask = umask(077);
	struct listener l;
	struct stat st;

	(void)state;
	assert_null(listen_open(local("made/socket"), &plain, &l));
	umask(mask);
	listen_close(&l);
	*strrchr(spec, '/') = '\0';
	assert_int_equal(stat(path(), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(rmdir(path()), 0);
	assert_non_null(strstr(listen_open(local("a/b/socket"), &plain, &l),
	    "mkdir"));
}

static int orphan = -1; /* a socket that is closed while somebody waits */

/* In the place of the library's: it never waits here. */
int
nanosleep(const struct timespec *pause, struct timespec *rest)
{
	(void)pause, (void)rest;
	if (orphan != -1)
		close(orphan);
	orphan = -1;
	return 0;
}

static void
waits_for_a_port_of_the_dead(void **state)
{
	struct listener old, new;

	(void)state;
	assert_null(listen_open(inet(), &plain, &old));
	assert_int_equal(listen(old.fd, 1), 0);
	orphan = old.fd;
	old.fd = -1;
	assert_null(listen_open(spec, &plain, &new));
	assert_int_equal(orphan, -1);
	listen_close(&new);
	listen_close(&old);
}

/* Has the socket of L until somebody looks whether it is alive. */
static pid_t
child_of_one_that_was_killed(const struct listener *l)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };
	const pid_t pid = fork();

	if (pid == 0) {
		(void)poll(&p, 1, -1);
		_exit(0);
	}
	return pid;
}

static void
waits_for_a_child_of_the_dead(void **state)
{
	struct listener old, new;
	pid_t pid;
	int status;

	(void)state;
	assert_null(listen_open(local("orphaned"), &plain, &old));
	pid = child_of_one_that_was_killed(&old);
	assert_int_not_equal(pid, -1);
	close(old.fd);
	old.fd = -1;
	assert_null(listen_open(spec, &plain, &new));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	listen_close(&new);
	listen_close(&old);
}

static void
respects_live_sockets(void **state)
{
	struct listener old, new;

	(void)state;
	assert_null(listen_open(local("live"), &plain, &old));
	assert_non_null(strstr(listen_open(spec, &plain, &new),
	    "another daemon listens there"));
	assert_int_equal(listen_check_file(&old), 1);
	assert_null(listen_open(spec, &taking, &new));
	assert_int_equal(listen_check_file(&old), 0);
	assert_int_equal(listen_check_file(&new), 1);
	/* The old one leaves the new one's file alone. */
	listen_close(&old);
	assert_int_equal(listen_check_file(&new), 1);
	must_connect(spec);
	unlink(path());
	assert_int_equal(listen_check_file(&new), -1);
	listen_close(&new);
}

/* A full backlog is no dead socket. */
static void
respects_busy_sockets(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct listener l;
	int fd, client;

	(void)state;
	local("busy");
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	memcpy(un.sun_path, path(), strlen(path()) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 0), 0);
	client = try_connect(spec);
	assert_true(client >= 0);
	assert_non_null(strstr(listen_open(spec, &plain, &l),
	    "another daemon listens there"));
	close(client);
	close(fd);
	/* And now it is dead. */
	assert_null(listen_open(spec, &plain, &l));
	must_connect(spec);
	listen_close(&l);
}

static void
respects_other_files(void **state)
{
	struct listener l;
	int fd;

	(void)state;
	fd = open((local("file"), path()), O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_non_null(strstr(listen_open(spec, &taking, &l), "no socket"));
	assert_int_equal(l.fd, -1);
	assert_int_equal(unlink(path()), 0);
	assert_int_equal(symlink("/nonexistent", path()), 0);
	assert_non_null(strstr(listen_open(spec, &plain, &l), "no socket"));
	assert_int_equal(unlink(path()), 0);
}

static int
option(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static int
accept_one(int listener)
{
	int fd;

	UNTIL((fd = accept(listener, NULL, NULL)) >= 0 || errno != EAGAIN);
	return fd;
}

static void
listens_on_tcp(void **state)
{
	struct listener l, second;
	int client, fd;

	(void)state;
	assert_null(listen_open(inet(), &plain, &l));
	assert_null(l.path);
	client = try_connect(spec);
	fd = accept_one(l.fd);
	assert_true(fd >= 0);
	assert_true(option(fd, SOL_SOCKET, SO_KEEPALIVE));
	assert_true(option(fd, IPPROTO_TCP, TCP_NODELAY));
	close(client);
	close(fd);
	assert_non_null(strstr(listen_open(spec, &plain, &second),
	    "Address already in use"));
	assert_int_equal(listen_check_file(&l), 1);
	listen_close(&l);
	/* Its past connections do not hold the port. */
	assert_null(listen_open(spec, &plain, &l));
	listen_close(&l);
}

static int
waiting(int listener)
{
	int fd = accept(listener, NULL, NULL), n = 0;

	for (; fd >= 0; fd = accept(listener, NULL, NULL), n++)
		close(fd);
	return n;
}

/* Three generations: the newest gets every new connection while one older
 * one still listens, and goes on getting them when that is gone. */
static void
successors_get_tcp_connections(void **state)
{
	enum { CLIENTS = 50 };
	struct listener old, new;
	int i, generation;

	(void)state;
	assert_null(listen_open(inet(), &plain, &old));
	for (i = 0; i < CLIENTS; i++)
		must_connect(spec);
	for (generation = 0; generation < 3; generation++) {
		assert_null(listen_open(spec, &taking, &new));
		for (i = 0; i < CLIENTS; i++)
			must_connect(spec);
		assert_int_equal(waiting(old.fd), CLIENTS);
		listen_close(&old);
		for (i = 0; i < CLIENTS; i++)
			must_connect(spec);
		assert_int_equal(waiting(new.fd), 2 * CLIENTS);
		old = new;
		for (i = 0; i < CLIENTS; i++)
			must_connect(spec);
	}
	assert_int_equal(waiting(old.fd), CLIENTS);
	listen_close(&old);
}

static void
tells_why_not(void **state)
{
	struct listener l;

	(void)state;
	assert_non_null(strstr(listen_open("inet:7777@192.0.2.1", &plain, &l),
	    "192.0.2.1: bind: Cannot assign requested address"));
	assert_non_null(strstr(listen_open("bogus", &plain, &l), "bogus: "));
	assert_int_equal(l.fd, -1);
}

static void
connects_within_limits(void **state)
{
	(void)state;
	errno = 0;
	assert_int_equal(try_connect(local("nobody")), -1);
	assert_int_equal(errno, ENOENT);
	errno = 0;
	assert_int_equal(try_connect(inet()), -1);
	assert_int_equal(errno, ECONNREFUSED);
}

static void
gives_up_connecting(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct timeval limit = { 1, 1 };
	socklen_t len = sizeof(limit);
	struct listen_address a;
	int fd, client;

	(void)state;
	local("full");
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	memcpy(un.sun_path, path(), strlen(path()) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 0), 0);
	client = try_connect(spec);
	/* Not a limit for what is sent later. */
	assert_int_equal(getsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit,
	    &len), 0);
	assert_true(limit.tv_sec == 0 && limit.tv_usec == 0);
	assert_null(listen_parse(spec, &a));
	errno = 0;
	assert_int_equal(listen_connect(&a, 0.01), -1);
	assert_int_equal(errno, ETIMEDOUT);
	close(client);
	close(fd);
	unlink(path());
}

/* In a child, whose descriptors from 3 up are arranged as systemd does. */
static int
inheriting_child(int local_fd, int inet_fd)
{
	struct listener *l;
	char pid[20];
	size_t n;

	local_fd = fcntl(local_fd, F_DUPFD, 50);
	inet_fd = fcntl(inet_fd, F_DUPFD, 50);
	if (dup2(local_fd, 3) < 0 || dup2(inet_fd, 5) < 0 ||
	    dup2(open("/dev/null", O_RDONLY), 4) < 0 ||
	    dup2(socket(AF_UNIX, SOCK_STREAM, 0), 6) < 0)
		return 1;
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	setenv("LISTEN_PID", "1", 1);
	setenv("LISTEN_FDS", "4", 1);
	if (listen_inherited(&l) != 0 || l || getenv("LISTEN_FDS"))
		return 2;
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "4", 1);
	setenv("LISTEN_FDNAMES", "a:b:c:d", 1);
	n = listen_inherited(&l);
	if (n != 2 || getenv("LISTEN_PID") || getenv("LISTEN_FDS") ||
	    getenv("LISTEN_FDNAMES"))
		return 3;
	if (l[0].fd != 3 || !l[0].inherited || !l[0].path ||
	    strncmp(l[0].spec, "local:/", 7) != 0)
		return 4;
	if (l[1].fd != 5 || l[1].path || strcmp(l[1].spec, spec) != 0 ||
	    !option(5, IPPROTO_TCP, TCP_NODELAY))
		return 5;
	if (!(fcntl(3, F_GETFD) & FD_CLOEXEC) ||
	    !(fcntl(3, F_GETFL) & O_NONBLOCK) || listen_check_file(&l[0]) != 1)
		return 6;
	listen_close(&l[0]);
	listen_close(&l[1]);
	free(l);
	return 0;
}

static void
inherits(void **state)
{
	struct listener a, b;
	int status;
	pid_t pid;

	(void)state;
	assert_null(listen_open(local("inherited"), &plain, &a));
	assert_null(listen_open(inet(), &plain, &b));
	pid = fork();
	if (pid == 0)
		_exit(inheriting_child(a.fd, b.fd));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* Whoever inherits a socket leaves its file. */
	assert_int_equal(listen_check_file(&a), 1);
	listen_close(&a);
	listen_close(&b);
}

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

/* Fails if a socket was left behind. */
static int
remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(parses_long_paths),
		cmocka_unit_test(listens_on_long_paths),
		cmocka_unit_test(makes_sockets),
		cmocka_unit_test(gives_sockets_away),
		cmocka_unit_test(makes_one_directory),
		cmocka_unit_test(waits_for_a_child_of_the_dead),
		cmocka_unit_test(waits_for_a_port_of_the_dead),
		cmocka_unit_test(respects_live_sockets),
		cmocka_unit_test(respects_busy_sockets),
		cmocka_unit_test(respects_other_files),
		cmocka_unit_test(listens_on_tcp),
		cmocka_unit_test(successors_get_tcp_connections),
		cmocka_unit_test(tells_why_not),
		cmocka_unit_test(connects_within_limits),
		cmocka_unit_test(gives_up_connecting),
		cmocka_unit_test(inherits),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
