#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "listmapd/daemon.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/program.h"
#include "wire/listen.h"
#include "wire/listen_inherited.h"
#include "wire/server.h"
#include "answer/answer.h"
#include "answer/configuration.h"
#include "answer/status.h"
#include "answer/store.h"
#include "answer/warnings.h"
#include "listmapd/takeover.h"

/* After a successor listens, its predecessor still accepts what clients that
 * found the old socket are about to ask. */
#define LINGER_SECONDS 1.0
/* What is in flight at SIGTERM has so long. */
#define FINISH_SECONDS 10.0
#define TICK_SECONDS 1.0
#define FINISH_TICK_SECONDS 0.05

enum stage {
	SERVING,
	LINGERING, /* succeeded, still accepting */
	DRAINING,  /* succeeded, serving what is open */
	FINISHING  /* told to end */
};

struct daemon {
	struct ev_loop *loop;
	const char *path;
	struct store *store;
	struct answer *answer;
	struct server *server;
	struct listener *listener;
	size_t nlisteners;
	struct takeover handover;
	bool take_over;
	bool own_file; /* a unix socket, whose file tells of a successor */
	time_t started;
	enum stage stage;
	ev_tstamp stage_ends;
	ev_timer tick;
	ev_signal hup, term, interrupt;
	bool socket_gone; /* said so */
	struct conf *conf; /* until the store has it */
};

void
daemon_abandon(struct daemon *d)
{
	while (d->nlisteners)
		listen_close(&d->listener[--d->nlisteners]);
	free(d->listener);
	d->listener = NULL;
}

static _Noreturn void
cannot_listen(struct daemon *d, const char *spec, const char *err)
{
	log_error("daemon: option 'listen': %s: %s", spec, err);
	daemon_abandon(d);
	exit(EX_UNAVAILABLE);
}

static void
open_listeners(struct daemon *d, const struct conf *conf,
    const struct listen_options *o)
{
	d->nlisteners = listen_inherited(&d->listener);
	if (d->nlisteners)
		return;
	d->listener = calloc(conf->listen.n, sizeof(*d->listener));
	if (!d->listener)
		fatal(EX_OSERR, "daemon: out of memory");
	for (size_t i = 0; i < conf->listen.n; i++) {
		const char *spec = conf->listen.word[i];
		const char *err = listen_open(spec, o, &d->listener[i]);

		if (err)
			cannot_listen(d, spec, err);
		d->nlisteners++;
	}
}

void
daemon_place(struct daemon *d)
{
	for (size_t i = 0; i < d->nlisteners; i++) {
		const char *err = listen_place(&d->listener[i]);

		if (err)
			cannot_listen(d, d->listener[i].spec, err);
	}
}

struct daemon *
daemon_new(const char *path, struct conf *conf, const struct listen_options *o)
{
	struct daemon *d = calloc(1, sizeof(*d));

	if (!d)
		fatal(EX_OSERR, "daemon: out of memory");
	d->path = path;
	d->conf = conf;
	d->take_over = o->take_over;
	d->started = time(NULL);
	open_listeners(d, conf, o);
	return d;
}

static void
status(void *arg, struct buf *out)
{
	const struct daemon *d = arg;

	status_write(out, d->store, answer_sites(d->answer), d->server,
	    d->started);
}

static struct server_options
server_options(const struct conf *conf, struct answer *answer)
{
	return (struct server_options){
		.deadline = conf->deadline,
		.connections = (size_t)conf->max_connections,
		.answer = answer_request,
		.arg = answer,
	};
}

/* Another snapshot may have other hosts, and so other domains. */
static void
on_swapped(void *arg)
{
	struct daemon *d = arg;
	struct server_options o;
	struct answer *answer;

	if (!d->answer)
		return;
	answer = answer_new(d->store->conf, d->store->lists, status, d);
	if (!answer) {
		log_error("daemon: out of memory: domains are as before");
		return;
	}
	warnings_foreign_hosts(answer_sites(d->answer), answer_sites(answer));
	o = server_options(d->store->conf, answer);
	server_configure(d->server, &o);
	answer_free(d->answer);
	d->answer = answer;
}

static bool
same_words(const struct conf_words *a, const struct conf_words *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->word[i], b->word[i]))
			return false;
	return true;
}

/* Says which options of the new file take effect at the next start only, and
 * keeps the old values where both must agree. */
static void
say_restart(const struct conf *old, const struct conf *new)
{
	const struct {
		const char *option;
		bool same;
	} fixed[] = {
		{ "listen", same_words(&old->listen, &new->listen) },
		{ "socket_mode", old->socket_mode == new->socket_mode },
		{ "socket_owner",
		    !strcmp(old->socket_owner, new->socket_owner) },
		{ "socket_group",
		    !strcmp(old->socket_group, new->socket_group) },
		{ "cache_dir", !strcmp(old->cache_dir, new->cache_dir) },
		{ "user", !strcmp(old->user, new->user) },
		{ "pidfile", !strcmp(old->pidfile, new->pidfile) },
		{ "log", !strcmp(old->log, new->log) },
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		if (!fixed[i].same)
			log_warn("daemon: option '%s' takes effect at the next "
			    "start", fixed[i].option);
}

static void
keep(const char *old, char **new)
{
	char *same = strdup(old);

	if (!same)
		return;
	free(*new);
	*new = same;
}

/* The new configuration stands whole before the old one goes. */
static void
reload(struct daemon *d)
{
	struct conf *conf = configuration_load(d->path);
	struct store *store = NULL;
	struct answer *answer = NULL;

	if (conf) {
		say_restart(d->store->conf, conf);
		keep(d->store->conf->cache_dir, &conf->cache_dir);
		keep(d->store->conf->pidfile, &conf->pidfile);
		store = store_new(d->loop, conf, d->store, on_swapped, d);
	}
	if (store)
		answer = answer_new(conf, store->lists, status, d);
	if (!answer) {
		if (store)
			store_free(store);
		else
			conf_free(conf);
		log_error("daemon: %s: not used, the old configuration stays",
		    d->path);
		return;
	}
	const struct server_options o = server_options(conf, answer);

	server_configure(d->server, &o);
	program_log_level(conf);
	answer_free(d->answer);
	store_succeed(store, d->store);
	d->answer = answer;
	d->store = store;
	warnings_log(answer_sites(answer));
	log_info("daemon: configuration read again: %s", d->path);
}

static void
on_hup(struct ev_loop *loop, ev_signal *w, int events)
{
	struct daemon *d = w->data;

	(void)loop;
	(void)events;
	if (d->stage == SERVING)
		reload(d);
	else
		log_warn("daemon: no reload: a successor serves");
}

static void
enter(struct daemon *d, enum stage stage, double seconds, double tick)
{
	d->stage = stage;
	d->stage_ends = ev_now(d->loop) + seconds;
	d->tick.repeat = tick;
	ev_timer_again(d->loop, &d->tick);
}

static void
on_term(struct ev_loop *loop, ev_signal *w, int events)
{
	struct daemon *d = w->data;

	(void)loop;
	(void)events;
	if (d->stage == FINISHING)
		return;
	log_info("daemon: signal %d: ending", w->signum);
	store_stop(d->store);
	server_unlisten(d->server);
	server_finish(d->server);
	enter(d, FINISHING, FINISH_SECONDS, FINISH_TICK_SECONDS);
}

static void
look_for_successor(struct daemon *d)
{
	int ours = server_check_files(d->server);

	if (ours == -1 && !d->socket_gone)
		log_error("daemon: a socket was removed: nobody can ask; "
		    "restart listmapd");
	d->socket_gone = ours == -1;
	if (ours != 0 && (d->own_file || !takeover_lost(&d->handover)))
		return;
	log_info("daemon: a successor took over: serving %zu connections "
	    "to their end", server_connections(d->server));
	store_stop(d->store);
	enter(d, LINGERING, LINGER_SECONDS, TICK_SECONDS / 4);
}

static void
on_tick(struct ev_loop *loop, ev_timer *w, int events)
{
	struct daemon *d = w->data;
	bool over = ev_now(loop) >= d->stage_ends;

	(void)events;
	switch (d->stage) {
	case SERVING:
		look_for_successor(d);
		break;
	case LINGERING:
		if (!over)
			break;
		server_unlisten(d->server);
		enter(d, DRAINING, d->store->conf->drain, TICK_SECONDS / 4);
		break;
	case DRAINING:
		if (server_connections(d->server) == 0 || over) {
			server_finish(d->server);
			enter(d, FINISHING, FINISH_SECONDS,
			    FINISH_TICK_SECONDS);
		}
		break;
	case FINISHING:
		if (server_connections(d->server) == 0 || over)
			ev_break(loop, EVBREAK_ALL);
		break;
	}
}

static void
watch_signals(struct daemon *d)
{
	ev_signal_init(&d->hup, on_hup, SIGHUP);
	ev_signal_init(&d->term, on_term, SIGTERM);
	ev_signal_init(&d->interrupt, on_term, SIGINT);
	d->hup.data = d->term.data = d->interrupt.data = d;
	ev_signal_start(d->loop, &d->hup);
	ev_signal_start(d->loop, &d->term);
	ev_signal_start(d->loop, &d->interrupt);
}

static void
start_server(struct daemon *d, const struct conf *conf)
{
	const struct server_options o = server_options(conf, d->answer);
	bool waited = false;

	d->server = server_new(d->loop, &o);
	if (!d->server)
		fatal(EX_OSERR, "daemon: out of memory");
	for (size_t i = 0; i < d->nlisteners; i++) {
		log_info("daemon: listening on %s", d->listener[i].spec);
		waited |= d->listener[i].inherited;
		d->own_file |= d->listener[i].path && !d->listener[i].inherited;
		if (server_listen(d->server, &d->listener[i]) == -1)
			fatal(EX_OSERR, "daemon: out of memory");
	}
	/* Nobody knows when it was asked what waits on inherited sockets. */
	if (waited && !d->take_over)
		server_purge(d->server);
	free(d->listener);
	d->listener = NULL;
}

void
daemon_start(struct daemon *d)
{
	struct conf *conf = d->conf;

	d->loop = ev_default_loop(EVFLAG_NOENV);
	if (!d->loop)
		fatal(EX_OSERR, "daemon: no event loop");
	d->store = store_new(d->loop, conf, NULL, on_swapped, d);
	if (d->store)
		d->answer = answer_new(conf, d->store->lists, status, d);
	if (!d->answer || takeover_init(&d->handover, conf->cache_dir) == -1)
		fatal(EX_OSERR, "daemon: out of memory");
	start_server(d, conf);
	if (d->take_over && takeover_claim(&d->handover) == -1)
		log_warn("daemon: %s: cannot tell the predecessor: %s",
		    d->handover.path, strerror(errno));
	watch_signals(d);
	warnings_log(answer_sites(d->answer));
	d->tick.data = d;
	ev_init(&d->tick, on_tick);
	enter(d, SERVING, 0, TICK_SECONDS);
	log_info("daemon: listmapd %s serves %zu site%s", PACKAGE_VERSION,
	    conf->nsites,
	    conf->nsites == 1 ? "" : "s");
}

/* A successor has written its own number there by now. */
static void
remove_pidfile(const char *path)
{
	FILE *f = *path ? fopen(path, "r") : NULL;
	long pid = 0;

	if (!f)
		return;
	if (fscanf(f, "%ld", &pid) == 1 && pid == (long)getpid())
		unlink(path);
	fclose(f);
}

int
daemon_run(struct daemon *d)
{
	ev_run(d->loop, 0);
	remove_pidfile(d->store->conf->pidfile);
	server_free(d->server);
	answer_free(d->answer);
	store_free(d->store);
	takeover_clear(&d->handover);
	ev_loop_destroy(d->loop);
	log_info("daemon: ended");
	free(d);
	return EX_OK;
}
