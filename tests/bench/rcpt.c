/*
 * rcpt - asks an SMTP server about recipients, without ever sending a message.
 *
 *	rcpt [-c SESSIONS] [-d SECONDS] [-f SENDER] [-r RECIPIENTS]
 *	    [-s SOURCE] [-w WARM-UP] [-W WAIT] PORT FILE
 *
 *	-d 0  nothing but -W
 *	-r    so many recipients between MAIL and RSET
 *	-s    the address to connect from: the server relays for its own hosts
 *	-W    waits so long for a server that greets, before anything else
 *
 * FILE has an address and the code of the right reply in each line, with a tab
 * between them.  Each session has one command outstanding.  The server is at
 * 127.0.0.1.  Greetings, MAIL and RSET are no recipients, but take their time.
 *
 * Prints lines of NAME VALUE: rate (recipients a second), recipients (all of
 * them, with those of the warm-up, for whoever knows what the server used for
 * them), user (seconds of processor time, without that of the system).  A
 * reply with another code than the right one ends it with status 1.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <sys/resource.h>
#include <unistd.h>

#include "spec.h"
#include "tests/patience.h"

#define SESSIONS_MAX 256
#define ADDRESSES_MAX 1000000
#define SECOND 1e9

struct recipient {
	char *address;
	char code[4];
};

enum step { GREETING, HELO, MAIL, RCPT, RSET, QUIT, CLOSED };

struct session {
	int fd;
	enum step step;
	unsigned long asked; /* of the recipients before RSET */
	const struct recipient *to;
	size_t have;
	char buf[2048];
};

struct rcpt {
	struct session session[SESSIONS_MAX];
	struct pollfd poll[SESSIONS_MAX];
	unsigned long sessions, each;
	double seconds, warm_up, wait;
	const char *source, *sender;
	uint16_t port;
	struct recipient *recipient;
	size_t n, next;
	unsigned long all, rated;
	uint64_t begin, end; /* of what counts */
};

static void
read_recipients(struct rcpt *r, const char *file)
{
	FILE *f = fopen(file, "r");
	char *line = NULL, *tab;
	size_t size = 0;

	r->recipient = calloc(ADDRESSES_MAX, sizeof(*r->recipient));
	if (f == NULL || r->recipient == NULL)
		err(EX_NOINPUT, "%s", file);
	while (r->n < ADDRESSES_MAX && getline(&line, &size, f) > 0) {
		struct recipient *to = &r->recipient[r->n++];

		if ((tab = strchr(line, '\t')) == NULL || strlen(tab) < 4)
			errx(EX_DATAERR, "%s: no code: %s", file, line);
		memcpy(to->code, tab + 1, 3);
		*tab = '\0';
		if ((to->address = strdup(line)) == NULL)
			err(EX_OSERR, "memory");
	}
	free(line);
	fclose(f);
	if (r->n == 0)
		errx(EX_DATAERR, "%s: no recipients", file);
}

static struct sockaddr_in
internet(const char *text, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(port) };

	if (inet_pton(AF_INET, text, &sin.sin_addr) != 1)
		errx(EX_USAGE, "%s: no IPv4 address", text);
	return sin;
}

/* A connection; -1 where there is no server. */
static int
dial(const struct rcpt *r)
{
	struct sockaddr_in from = internet(r->source, 0);
	struct sockaddr_in to = internet("127.0.0.1", r->port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd == -1 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&from, sizeof(from)) == -1)
		err(EX_OSERR, "socket");
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
wait_for_server(const struct rcpt *r)
{
	uint64_t limit = spec_clock() + (uint64_t)(r->wait * SECOND);
	char code[3];
	int fd;

	do {
		fd = dial(r);
		if (fd != -1) {
			spec_limit(fd);
			if (recv(fd, code, 3, MSG_WAITALL) == 3 &&
			    memcmp(code, "220", 3) == 0) {
				close(fd);
				return;
			}
			close(fd);
		}
		usleep(10000);
	} while (spec_clock() < limit);
	errx(EXIT_FAILURE, "no greeting at port %u", r->port);
}

static void
command(struct session *s, enum step step, const char *verb,
    const char *address, const char *end)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "%s%s%s\r\n", verb, address, end);

	if (n < 0 || (size_t)n >= sizeof(line))
		errx(EX_DATAERR, "%s: too long", address);
	s->step = step;
	if (send(s->fd, line, (size_t)n, MSG_NOSIGNAL) != n)
		err(EXIT_FAILURE, "send");
}

static void
next_recipient(struct rcpt *r, struct session *s)
{
	s->to = &r->recipient[r->next];
	if (++r->next == r->n)
		r->next = 0;
	s->asked++;
	command(s, RCPT, "RCPT TO:<", s->to->address, ">");
}

/* What the session says after the right reply to what it said last. */
static void
go_on(struct rcpt *r, struct session *s, uint64_t now)
{
	switch (s->step) {
	case GREETING:
		command(s, HELO, "HELO mx.remote.test", "", "");
		break;
	case RCPT:
		r->all++;
		r->rated += now >= r->begin && now < r->end;
		if (now >= r->end)
			command(s, QUIT, "QUIT", "", "");
		else if (s->asked < r->each)
			next_recipient(r, s);
		else
			command(s, RSET, "RSET", "", "");
		break;
	case HELO:
	case RSET:
		s->asked = 0;
		command(s, MAIL, "MAIL FROM:<", r->sender, ">");
		break;
	case MAIL:
		next_recipient(r, s);
		break;
	case QUIT:
	case CLOSED:
		close(s->fd);
		s->fd = -1;
		s->step = CLOSED;
	}
}

static const char *
right_code(const struct session *s)
{
	switch (s->step) {
	case GREETING: return "220";
	case RCPT: return s->to->code;
	case QUIT: return "221";
	default: return "250";
	}
}

/* Whether the last line of a reply is there. */
static bool
complete(const struct session *s)
{
	const char *line = s->buf;
	const char *end;

	while ((end = memchr(line, '\n',
	    s->have - (size_t)(line - s->buf))) != NULL) {
		if (end - line >= 4 && line[3] != '-')
			return true;
		line = end + 1;
	}
	return false;
}

static void
hear(struct rcpt *r, struct session *s)
{
	ssize_t n = recv(s->fd, s->buf + s->have, sizeof(s->buf) - s->have, 0);

	if (n <= 0)
		errx(EXIT_FAILURE, "the server has closed a session");
	s->have += (size_t)n;
	if (!complete(s))
		return;
	if (memcmp(s->buf, right_code(s), 3) != 0)
		errx(EXIT_FAILURE, "%s: not %s: %.*s",
		    s->step == RCPT ? s->to->address : "reply", right_code(s),
		    (int)s->have, s->buf);
	s->have = 0;
	go_on(r, s, spec_clock());
}

/* Hears who speaks, until all sessions are closed. */
static void
converse(struct rcpt *r)
{
	unsigned long i;
	nfds_t n;

	for (;;) {
		for (n = 0, i = 0; i < r->sessions; i++) {
			r->poll[i] = (struct pollfd){ r->session[i].fd,
				POLLIN, 0 };
			n += r->session[i].fd != -1;
		}
		if (n == 0)
			return;
		if (poll(r->poll, r->sessions, PATIENCE * 1000) <= 0)
			errx(EXIT_FAILURE, "no reply");
		for (i = 0; i < r->sessions; i++)
			if (r->poll[i].revents != 0)
				hear(r, &r->session[i]);
	}
}

/* Sessions that have been greeted, so that the clock does not see the server
 * fork them and ask DNS for the client's name. */
static void
open_sessions(struct rcpt *r)
{
	unsigned long i;
	struct session *s;

	for (i = 0; i < r->sessions; i++) {
		s = &r->session[i];
		if ((s->fd = dial(r)) == -1)
			err(EXIT_FAILURE, "connect");
		while (!complete(s)) {
			ssize_t n = recv(s->fd, s->buf + s->have,
			    sizeof(s->buf) - s->have, 0);

			if (n <= 0)
				errx(EXIT_FAILURE, "no greeting");
			s->have += (size_t)n;
		}
		if (memcmp(s->buf, "220", 3) != 0)
			errx(EXIT_FAILURE, "%.*s", (int)s->have, s->buf);
		s->have = 0;
	}
}

static void
run(struct rcpt *r)
{
	struct rusage used;
	uint64_t start;
	unsigned long i;

	open_sessions(r);
	start = spec_clock();
	r->begin = start + (uint64_t)(r->warm_up * SECOND);
	r->end = r->begin + (uint64_t)(r->seconds * SECOND);
	for (i = 0; i < r->sessions; i++)
		go_on(r, &r->session[i], start);
	converse(r);
	if (getrusage(RUSAGE_SELF, &used) == -1)
		err(EX_OSERR, "getrusage");
	printf("rate %.1f\nrecipients %lu\nuser %.6f\n",
	    (double)r->rated / r->seconds, r->all,
	    (double)used.ru_utime.tv_sec +
	    (double)used.ru_utime.tv_usec / 1e6);
}

static double
number(const char *text, double max)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end != '\0' || v < 0 || v > max)
		errx(EX_USAGE, "%s: no number up to %.0f", text, max);
	return v;
}

/* One line an option. */
static void
option(struct rcpt *r, int c, const char *arg)
{
	switch (c) {
	case 'c': r->sessions = (unsigned long)number(arg, SESSIONS_MAX); break;
	case 'd': r->seconds = number(arg, 1e6); break;
	case 'f': r->sender = arg; break;
	case 'r': r->each = (unsigned long)number(arg, 1e6); break;
	case 's': r->source = arg; break;
	case 'w': r->warm_up = number(arg, 1e6); break;
	case 'W': r->wait = number(arg, 1e6); break;
	default: errx(EX_USAGE, "see the head of rcpt.c");
	}
}

int
main(int argc, char **argv)
{
	static struct rcpt r = { .sessions = 1, .each = 10, .seconds = 1,
		.warm_up = 0.2, .source = "127.0.0.1", .sender = "" };
	int c;

	while ((c = getopt(argc, argv, "c:d:f:r:s:w:W:")) != -1)
		option(&r, c, optarg);
	if (argc - optind != 2 || r.sessions == 0 || r.each == 0)
		errx(EX_USAGE, "see the head of rcpt.c");
	r.port = (uint16_t)number(argv[optind], UINT16_MAX);
	read_recipients(&r, argv[optind + 1]);
	if (r.wait > 0)
		wait_for_server(&r);
	if (r.seconds > 0)
		run(&r);
	return 0;
}
