#include <sys/socket.h>

#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "wire/listen_tcp.h"
#include "wire/listen.h"

static int
enable_option(int fd, int level, int option)
{
	int one = 1;

	return setsockopt(fd, level, option, &one, sizeof(one));
}

int
listen_tcp_set_options(int fd)
{
	return enable_option(fd, SOL_SOCKET, SO_KEEPALIVE) |
	    enable_option(fd, IPPROTO_TCP, TCP_NODELAY);
}

/*
 * The kernel runs the filter for each new connection and takes its result for
 * the index of a socket.  Of the sockets that share a port the oldest has
 * index 0 and the successor 1.  Where index 1 is not there any more, the kernel
 * chooses by itself, and then only one socket is left.
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

const char *
listen_tcp_bind(int fd, const struct listen_address *a, bool take_over)
{
	if (enable_option(fd, SOL_SOCKET, SO_REUSEADDR) < 0 ||
	    listen_tcp_set_options(fd) != 0 ||
	    (a->sa.ss_family == AF_INET6 &&
	    enable_option(fd, IPPROTO_IPV6, IPV6_V6ONLY) < 0))
		return "setsockopt";
	if (take_over && enable_option(fd, SOL_SOCKET, SO_REUSEPORT) < 0)
		return "SO_REUSEPORT";
	if (bind(fd, (const struct sockaddr *)&a->sa, a->len) < 0)
		return "bind";
	return NULL;
}

const char *
listen_tcp_start(int fd, bool steer)
{
	if (enable_option(fd, SOL_SOCKET, SO_REUSEPORT) < 0)
		return "SO_REUSEPORT";
	if (listen(fd, SOMAXCONN) < 0)
		return "listen";
	if (steer && steer_to_successor(fd) < 0)
		return "SO_ATTACH_REUSEPORT_CBPF";
	return NULL;
}
