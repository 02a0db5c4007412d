/*
 * load - asks a socketmap server for its life, as sendmail and Postfix would:
 * one request outstanding on each connection.
 *
 *	load -c CONNECTIONS -d SECONDS [-e] [-i] [-g LISTS | -k KEYFILE]
 *	    [-m MAP] [-p PROCESSES] [-P SERVER-PID] [-r RATE] [-u UNKNOWN]
 *	    [-w WARM-UP] [-W WAIT] [-x LOOKUPS] SPEC
 *
 *	-d 0  nothing but -W
 *	-e    OK and NOTFOUND must be the right ones
 *	-i    one look-up on each connection, then all are held open, idle,
 *	      until standard input ends
 *	-r    so many look-ups a second, evenly; without it as fast as answered
 *	-W    waits so long for a server that answers, before anything else
 *	-x    connects anew after so many look-ups (sendmail's children: 5)
 *
 * Prints lines of NAME VALUE.  Latencies are in microseconds, and with -r run
 * from the moment at which a look-up was due, not from when it was sent: a
 * server that stands still must not be asked less for it.  *_busy is the share
 * of the time in which a process ran, *_wait the share in which it would have
 * run but others had the processor.  Any TEMP, wrong, malformed or lost reply
 * makes it exit 1.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "keys.h"
#include "spec.h"
#include "tally.h"
#include "tests/patience.h"

#define EVENTS 64
#define ERRORS_MAX 1000
#define SECOND 1000000000u

struct options {
	unsigned long connections, processes, lookups, lists, unknown;
	double seconds, warm_up, wait, rate;
	const char *map, *keyfile;
	long server;
	bool exact, idle;
};

struct connection {
	int fd;
	unsigned long asked;
	uint64_t since;  /* when the request was due */
	const struct key *key;
	size_t have;
	char buf[ASK_REPLY_MAX];
};

struct load {
	const struct options *o;
	const struct keys *keys;
	const struct spec *spec;
	struct tally *t;
	struct connection *c;
	size_t n;
	struct connection **idle; /* with nothing to do, for -r */
	size_t nidle;
	size_t waiting;           /* for a reply */
	size_t next;              /* key */
	int epfd;
	double rate;              /* of this process */
	unsigned long sent;
	uint64_t start, begin, end;
	uint64_t first;           /* begin, before it began anew */
	bool counting;
	uint64_t server[2], own[2]; /* processor_time() at the beginning */
};

/* Nanoseconds that a process (its first thread) has run and waited for a
 * processor; zeros where that is unknown. */
static void
processor_time(long pid, uint64_t t[2])
{
	unsigned long long run = 0;
	unsigned long long waited = 0;
	char path[64];
	FILE *f;

	t[0] = t[1] = 0;
	snprintf(path, sizeof(path), "/proc/%ld/schedstat", pid);
	if (pid <= 0 || (f = fopen(path, "r")) == NULL)
		return;
	if (fscanf(f, "%llu %llu", &run, &waited) == 2) {
		t[0] = run;
		t[1] = waited;
	}
	fclose(f);
}

/* What was added to T since it was read. */
static void
processor_since(long pid, const uint64_t t[2], uint64_t since[2])
{
	processor_time(pid, since);
	since[0] -= t[0];
	since[1] -= t[1];
}

/* Begins the time that counts. */
static void
load_begin(struct load *l, uint64_t now)
{
	l->begin = now;
	l->end = now + (uint64_t)(l->o->seconds * SECOND);
	processor_time(l->o->server, l->server);
	processor_time(getpid(), l->own);
}

static void
load_error(struct load *l, const char *what)
{
	if (l->t->errors++ == 0)
		warnx("%s", what);
	if (l->t->errors > ERRORS_MAX)
		errx(EXIT_FAILURE, "too many errors");
}

static void
load_connect(struct load *l, struct connection *c)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	c->asked = 0;
	c->have = 0;
	c->key = NULL;
	if ((c->fd = spec_connect(l->spec)) == -1)
		err(EXIT_FAILURE, "connect");
	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, c->fd, &ev) == -1)
		err(EX_OSERR, "epoll_ctl");
	l->t->connects += l->counting;
}

static void
load_reconnect(struct load *l, struct connection *c)
{
	close(c->fd);
	load_connect(l, c);
}

static void
load_send(struct load *l, struct connection *c, uint64_t since)
{
	c->key = &l->keys->key[l->next];
	if (++l->next == l->keys->n)
		l->next = 0;
	c->since = since;
	c->have = 0;
	l->waiting++;
	/* The reply that does not come is counted when reading fails. */
	if (send(c->fd, l->keys->bytes + c->key->offset, c->key->len,
	    MSG_NOSIGNAL) != (ssize_t)c->key->len)
		warn("send");
}

/* Begins the time that counts anew where it is over and nothing was answered
 * in it, as where others kept the machine busy; whether it goes on. */
static bool
load_goes_on(struct load *l, uint64_t now)
{
	if (now < l->end)
		return true;
	if (l->t->span != 0 || l->t->rated != 0 ||
	    now >= l->first + (uint64_t)PATIENCE * SECOND)
		return false;
	load_begin(l, now);
	return true;
}

/* What the connection does after a reply, or after losing one. */
static void
load_next(struct load *l, struct connection *c, uint64_t now)
{
	c->key = NULL;
	l->waiting--;
	if (!load_goes_on(l, now))
		return;
	if (l->o->lookups > 0 && c->asked >= l->o->lookups)
		load_reconnect(l, c);
	if (l->rate > 0)
		l->idle[l->nidle++] = c;
	else
		load_send(l, c, now);
}

static void
load_count(struct load *l, struct connection *c, int word, uint64_t now)
{
	bool right;

	c->asked++;
	right = c->key->found ? word == ASK_OK : word == ASK_NOTFOUND;
	if (word == ASK_TEMP)
		load_error(l, "TEMP");
	else if (word == ASK_FAILED)
		load_error(l, "no socketmap reply");
	else if (l->o->exact && !right) {
		l->t->wrong++;
		load_error(l, "wrong answer");
	}
	l->t->word[word]++;
	if (!l->counting)
		return;
	l->t->rated += now < l->end;
	tally_latency(l->t, now - c->since);
}

static void
load_read(struct load *l, struct connection *c)
{
	bool asked = c->key != NULL;
	uint64_t now;
	ssize_t n;
	int word;

	n = recv(c->fd, c->buf + c->have, sizeof(c->buf) - c->have,
	    MSG_DONTWAIT);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0 || !asked) {
		load_error(l, n > 0 ? "reply without a request" :
		    "connection closed by the server");
		load_reconnect(l, c);
		if (asked)
			load_next(l, c, spec_clock());
		return;
	}
	c->have += (size_t)n;
	if ((word = ask_reply(c->buf, c->have)) == -1)
		return;
	now = spec_clock();
	load_count(l, c, word, now);
	if (word == ASK_FAILED)
		load_reconnect(l, c);
	load_next(l, c, now);
}

/* Sends what is due by NOW; the time until more is. */
static uint64_t
load_pace(struct load *l, uint64_t now)
{
	uint64_t due;

	for (;;) {
		due = l->start + (uint64_t)((double)l->sent * SECOND /
		    l->rate);
		if (due > now || now >= l->end)
			return due > now ? due - now : SECOND / 100;
		if (l->nidle == 0)
			return SECOND / 100;
		load_send(l, l->idle[--l->nidle], due);
		l->sent++;
	}
}

/* Begins and ends the time that counts.  False when all is over. */
static bool
load_turn(struct load *l, uint64_t now)
{
	if (!l->counting && now >= l->begin) {
		l->counting = true;
		l->first = now;
		load_begin(l, now);
	}
	if (load_goes_on(l, now))
		return true;
	if (l->t->span == 0) {
		l->t->span = now - l->begin;
		processor_since(l->o->server, l->server, l->t->server);
		processor_since(getpid(), l->own, l->t->own);
		l->t->watched = l->server[0] > 0;
	}
	if (l->waiting == 0 || now < l->end + (uint64_t)PATIENCE * SECOND)
		return l->waiting > 0;
	load_error(l, "no reply");
	return false;
}

static void
load_loop(struct load *l)
{
	struct epoll_event ev[EVENTS];
	uint64_t now = spec_clock();
	uint64_t pause = SECOND / 10;
	struct timespec ts;
	int i, n;

	while (load_turn(l, now)) {
		if (l->rate > 0)
			pause = load_pace(l, now);
		ts = (struct timespec){ .tv_sec = (time_t)(pause / SECOND),
			.tv_nsec = (long)(pause % SECOND) };
		n = epoll_pwait2(l->epfd, ev, EVENTS, &ts, NULL);
		if (n == -1 && errno != EINTR)
			err(EX_OSERR, "epoll_wait");
		for (i = 0; i < n; i++)
			load_read(l, ev[i].data.ptr);
		now = spec_clock();
	}
}

static void
load_open(struct load *l)
{
	size_t i;

	l->c = calloc(l->n, sizeof(*l->c));
	l->idle = calloc(l->n, sizeof(struct connection *));
	if (l->c == NULL || l->idle == NULL)
		err(EX_OSERR, "memory for %zu connections", l->n);
	if ((l->epfd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(EX_OSERR, "epoll_create1");
	for (i = 0; i < l->n; i++)
		load_connect(l, &l->c[i]);
}

/* Waits until each of the processes is connected. */
static void
load_gather(struct tally *all, unsigned long processes)
{
	uint64_t limit = spec_clock() + (uint64_t)PATIENCE * SECOND;
	unsigned long i;

	for (i = 0; i < processes; i++)
		while (!atomic_load(&all[i].ready)) {
			if (spec_clock() > limit)
				errx(EXIT_FAILURE, "a process is missing");
			usleep(1000);
		}
}

/* The life of process number WHICH. */
static void
load_process(struct load *l, struct tally *all, unsigned long which)
{
	const struct options *o = l->o;
	size_t i;

	l->t = &all[which];
	l->n = o->connections / o->processes +
	    (which < o->connections % o->processes);
	l->next = l->keys->n / o->processes * which;
	l->rate = o->rate / (double)o->processes;
	load_open(l);
	atomic_store(&l->t->ready, true);
	load_gather(all, o->processes);
	l->start = spec_clock();
	l->begin = l->start + (uint64_t)(o->warm_up * SECOND);
	l->end = UINT64_MAX;
	for (i = 0; i < l->n; i++) {
		if (l->rate > 0)
			l->idle[l->nidle++] = &l->c[i];
		else
			load_send(l, &l->c[i], spec_clock());
	}
	load_loop(l);
}

/* All processes and what they say; the exit status. */
static int
load_run(struct load *l)
{
	const struct options *o = l->o;
	struct tally *all;
	bool failed = false;
	unsigned long i;
	pid_t pid;
	int status;

	all = mmap(NULL, o->processes * sizeof(*all), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		err(EX_OSERR, "mmap");
	for (i = 0; i < o->processes; i++) {
		if ((pid = fork()) == -1)
			err(EX_OSERR, "fork");
		if (pid == 0) {
			load_process(l, all, i);
			_exit(0);
		}
	}
	while (wait(&status) != -1)
		failed |= status != 0;
	if (failed)
		errx(EXIT_FAILURE, "a process failed");
	tally_merge(all, o->processes);
	tally_print(all);
	return all->errors > 0 || all->rated == 0 ? EXIT_FAILURE : 0;
}

/* Whether the server answers, within SECONDS. */
static bool
load_wait(const struct load *l, double seconds)
{
	uint64_t limit = spec_clock() + (uint64_t)(seconds * SECOND);
	enum ask_word word = ASK_FAILED;
	int fd;

	for (;;) {
		if ((fd = spec_connect(l->spec)) != -1) {
			spec_limit(fd);
			word = ask(fd, l->keys->bytes, l->keys->key[0].len);
			close(fd);
		}
		if (word != ASK_FAILED && word != ASK_TEMP)
			return true;
		if (spec_clock() >= limit)
			return false;
		usleep(10000);
	}
}

static int
load_hold(const struct load *l)
{
	enum ask_word word;
	unsigned long i;
	int fd;
	char c;

	for (i = 0; i < l->o->connections; i++) {
		if ((fd = spec_connect(l->spec)) == -1)
			err(EXIT_FAILURE, "connection %lu", i);
		spec_limit(fd);
		word = ask(fd, l->keys->bytes, l->keys->key[0].len);
		if (word == ASK_FAILED || word == ASK_TEMP)
			errx(EXIT_FAILURE, "connection %lu: no answer", i);
	}
	printf("idle %lu\n", i);
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	return 0;
}

static double
number(const char *text)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end != '\0' || v < 0 || v > 1e9)
		errx(EX_USAGE, "%s: no number", text);
	return v;
}

/* One line an option. */
static void
option(struct options *o, int c, const char *arg)
{
	switch (c) {
	case 'c': o->connections = (unsigned long)number(arg); break;
	case 'd': o->seconds = number(arg); break;
	case 'e': o->exact = true; break;
	case 'g': o->lists = (unsigned long)number(arg); break;
	case 'i': o->idle = true; break;
	case 'k': o->keyfile = arg; break;
	case 'm': o->map = arg; break;
	case 'p': o->processes = (unsigned long)number(arg); break;
	case 'P': o->server = (long)number(arg); break;
	case 'r': o->rate = number(arg); break;
	case 'u': o->unknown = (unsigned long)number(arg); break;
	case 'w': o->warm_up = number(arg); break;
	case 'W': o->wait = number(arg); break;
	case 'x': o->lookups = (unsigned long)number(arg); break;
	default: errx(EX_USAGE, "see the head of load.c");
	}
}

int
main(int argc, char **argv)
{
	struct options o = { .connections = 1, .processes = 1, .lists = 100,
		.unknown = 10, .warm_up = 0.2, .map = "listmap" };
	struct rlimit limit;
	struct keys keys;
	struct spec spec;
	struct load l = { .o = &o, .keys = &keys, .spec = &spec };
	int status = 0;
	int c;

	while ((c = getopt(argc, argv, "c:d:eg:ik:m:p:P:r:u:w:W:x:")) != -1)
		option(&o, c, optarg);
	if (argc - optind != 1 || o.lists == 0 || o.processes == 0 ||
	    o.connections < o.processes || o.unknown > 100)
		errx(EX_USAGE, "see the head of load.c");
	spec_parse(argv[optind], &spec);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	/* Timers of -r are to be as exact as they can be. */
	(void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	if (o.keyfile != NULL)
		keys_read(&keys, o.map, o.keyfile);
	else
		keys_generate(&keys, o.map, o.lists, (unsigned)o.unknown);
	if (o.wait > 0 && !load_wait(&l, o.wait))
		errx(EXIT_FAILURE, "no answer from %s", argv[optind]);
	if (o.idle)
		status = load_hold(&l);
	else if (o.seconds > 0)
		status = load_run(&l);
	keys_free(&keys);
	return status;
}
