/*
 * floor - the floor of a socketmap server: frames requests as the protocol
 * wants it and answers each with a constant.
 *
 *	floor [-b NANOSECONDS] SPEC...
 *
 * What no server of this protocol can leave out, and nothing else: wait, read,
 * find the frames (length, limit, comma; split and pipelined ones too), write.
 * No look-up, no timers, no log.  Malformed input closes the connection.
 *
 * With -b so much time is spent on each request: a server of a known cost, by
 * which one sees whether a measurement would notice it.
 */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "spec.h"

#define REQUEST_MAX 10000
#define FRAME_MAX (REQUEST_MAX + 7) /* 5 digits, colon, comma */
#define READ_MAX 16384
#define EVENTS 64
#define ACCEPTS 64

static const char reply[] = "28:OK mailman:lists.example.org,";
#define REPLY_LEN (sizeof(reply) - 1)
/* The shortest frame has three bytes. */
#define REPLIES_MAX (((FRAME_MAX + READ_MAX) / 3) * REPLY_LEN)

struct peer {
	int fd;
	bool listens;
	bool tcp;
	char *in;     /* the beginning of a frame, or NULL */
	size_t nin;
	char *out;    /* what the peer has not taken yet, or NULL */
	size_t nout;
	size_t sent;  /* of out */
};

struct server {
	int epfd;
	uint64_t burn; /* nanoseconds a request */
	char in[FRAME_MAX + READ_MAX];
	char out[REPLIES_MAX];
};

static int
peer_watch(struct server *s, struct peer *p, int op, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = p };

	return epoll_ctl(s->epfd, op, p->fd, &ev);
}

static void
peer_close(struct peer *p)
{
	close(p->fd);
	free(p->in);
	free(p->out);
	free(p);
}

/*
 * The length of the whole frame at the beginning of the N bytes at P; 0 when
 * more is needed, -1 when it is none.
 */
static ssize_t
frame_length(const char *p, size_t n)
{
	size_t len = 0;
	size_t i;

	for (i = 0; i < n && p[i] >= '0' && p[i] <= '9'; i++) {
		if (i > 0 && len == 0)
			return -1;
		len = len * 10 + (size_t)(p[i] - '0');
		if (len > REQUEST_MAX)
			return -1;
	}
	if (i == n)
		return 0;
	if (i == 0 || p[i] != ':')
		return -1;
	if (n < i + len + 2)
		return 0;
	return p[i + 1 + len] == ',' ? (ssize_t)(i + len + 2) : -1;
}

static void
burn(uint64_t ns)
{
	uint64_t start = spec_clock();

	while (spec_clock() - start < ns)
		;
}

/* Puts the replies to the whole frames of S->in into S->out; how many bytes
 * these frames were, or -1. */
static ssize_t
answer(struct server *s, size_t n, size_t *nout)
{
	size_t used = 0;
	ssize_t len;

	*nout = 0;
	while (used < n) {
		if ((len = frame_length(s->in + used, n - used)) == -1)
			return -1;
		if (len == 0)
			break;
		if (s->burn > 0)
			burn(s->burn);
		memcpy(s->out + *nout, reply, REPLY_LEN);
		*nout += REPLY_LEN;
		used += (size_t)len;
	}
	return (ssize_t)used;
}

/* Keeps the N bytes at P in *KEPT. */
static int
keep(char **kept, size_t *nkept, const char *p, size_t n)
{
	if ((*kept = malloc(n)) == NULL)
		return -1;
	memcpy(*kept, p, n);
	*nkept = n;
	return 0;
}

static int
peer_send(struct server *s, struct peer *p, size_t nout)
{
	ssize_t n;

	n = send(p->fd, s->out, nout, MSG_NOSIGNAL);
	if (n == (ssize_t)nout)
		return 0;
	if (n == -1) {
		if (errno != EAGAIN)
			return -1;
		n = 0;
	}
	p->sent = 0;
	if (keep(&p->out, &p->nout, s->out + n, nout - (size_t)n) == -1)
		return -1;
	/* A peer that does not read is not read from. */
	return peer_watch(s, p, EPOLL_CTL_MOD, EPOLLOUT);
}

static int
peer_flush(struct server *s, struct peer *p)
{
	ssize_t n;

	n = send(p->fd, p->out + p->sent, p->nout - p->sent, MSG_NOSIGNAL);
	if (n == -1)
		return errno == EAGAIN ? 0 : -1;
	p->sent += (size_t)n;
	if (p->sent < p->nout)
		return 0;
	free(p->out);
	p->out = NULL;
	return peer_watch(s, p, EPOLL_CTL_MOD, EPOLLIN);
}

static int
peer_read(struct server *s, struct peer *p)
{
	size_t have = 0;
	size_t nout;
	ssize_t n, used;

	if (p->in != NULL) {
		memcpy(s->in, p->in, p->nin);
		have = p->nin;
	}
	n = recv(p->fd, s->in + have, READ_MAX, 0);
	if (n == -1)
		return errno == EAGAIN ? 0 : -1;
	if (n == 0)
		return -1;
	free(p->in);
	p->in = NULL;
	have += (size_t)n;
	if ((used = answer(s, have, &nout)) == -1)
		return -1;
	if ((size_t)used < have && keep(&p->in, &p->nin, s->in + used,
	    have - (size_t)used) == -1)
		return -1;
	return nout > 0 ? peer_send(s, p, nout) : 0;
}

static void
peer_accept(struct server *s, const struct peer *listener)
{
	struct peer *p;
	int one = 1;
	int fd, i;

	for (i = 0; i < ACCEPTS; i++) {
		fd = accept4(listener->fd, NULL, NULL,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1)
			return;
		if ((p = calloc(1, sizeof(*p))) == NULL)
			err(EX_OSERR, "calloc");
		p->fd = fd;
		if (listener->tcp)
			(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
			    sizeof(one));
		if (peer_watch(s, p, EPOLL_CTL_ADD, EPOLLIN) == -1)
			peer_close(p);
	}
}

static void
server_listen(struct server *s, const char *text)
{
	struct peer *p;
	struct spec spec;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		err(EX_OSERR, "calloc");
	spec_parse(text, &spec);
	p->fd = spec_listen(&spec);
	p->listens = true;
	p->tcp = spec.sa.ss_family != AF_UNIX;
	if (peer_watch(s, p, EPOLL_CTL_ADD, EPOLLIN) == -1)
		err(EX_OSERR, "epoll_ctl");
}

static void
server_run(struct server *s)
{
	struct epoll_event ev[EVENTS];
	struct peer *p;
	int i, n, rc;

	for (;;) {
		n = epoll_wait(s->epfd, ev, EVENTS, -1);
		if (n == -1 && errno != EINTR)
			err(EX_OSERR, "epoll_wait");
		for (i = 0; i < n; i++) {
			p = ev[i].data.ptr;
			if (p->listens) {
				peer_accept(s, p);
				continue;
			}
			rc = p->out != NULL ? peer_flush(s, p) :
			    peer_read(s, p);
			if (rc == -1)
				peer_close(p);
		}
	}
}

int
main(int argc, char **argv)
{
	struct rlimit limit;
	struct server *s;
	int c;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		err(EX_OSERR, "calloc");
	while ((c = getopt(argc, argv, "b:")) != -1) {
		if (c != 'b')
			errx(EX_USAGE, "usage: floor [-b NS] SPEC...");
		s->burn = strtoull(optarg, NULL, 10);
	}
	if (optind == argc)
		errx(EX_USAGE, "usage: floor [-b NS] SPEC...");
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	if ((s->epfd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(EX_OSERR, "epoll_create1");
	for (; optind < argc; optind++)
		server_listen(s, argv[optind]);
	server_run(s);
}
