/*
 * A daemon goes through stages, and only forward:
 *
 *	SERVING -> LINGERING -> DRAINING -> FINISHING	where a successor
 *							takes over
 *	any -> FINISHING				at SIGTERM, SIGINT
 *
 * A timer looks for a successor each second.  It finds that the file of our
 * unix socket is another's; a daemon that has no such file reads the take-over
 * file (takeover.h).  From then on the daemon scans no more: the successor
 * writes the snapshots, and this one still reads them.
 *
 * `answer' is made of `lists', and is made anew whenever these change: at a
 * reload, and when a site has another snapshot.
 */
#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "listmapd/daemon.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/program.h"
#include "base/str.h"
#include "wire/conn.h"
#include "wire/listen.h"
#include "wire/listen_inherited.h"
#include "wire/server.h"
#include "mailman/sites.h"
#include "cache/inquiry.h"
#include "answer/answer.h"
#include "answer/configuration.h"
#include "answer/site_lists.h"
#include "answer/status.h"
#include "answer/waiting.h"
#include "answer/warnings.h"
#include "listmapd/descriptors.h"
#include "listmapd/fixed_options.h"
#include "listmapd/pidfile.h"
#include "listmapd/takeover.h"

/* How long a predecessor still accepts connections after a successor listens:
 * some clients have found the old socket and are about to connect. */
#define LINGER_SECONDS 1.0
/* How long the daemon waits at its end for requests in flight. */
#define FINISH_SECONDS 10.0
/* How often the timer looks whether a stage is over. */
#define TICK_SECONDS 1.0
#define FINISH_TICK_SECONDS 0.05

enum stage {
	SERVING,
	LINGERING, /* a successor listens; we still accept connections */
	DRAINING,  /* a successor listens; we serve what is open */
	FINISHING  /* we answer what was asked, and end */
};

struct daemon {
	struct ev_loop *loop;
	struct status_conf file; /* the configuration's */
	struct site_lists *lists;
	struct asking asking;   /* whose request is in hand */
	struct answer *answer;
	struct waiting waiting; /* has the two above */
	size_t clients; /* how many are served at the same time */
	bool old_domains; /* no memory: they are those of an older snapshot */
	unsigned long answers; /* how many there were: each has other pages */
	struct server *server;
	struct listener *listener; /* until the server has them */
	size_t nlisteners;
	struct takeover takeover;
	bool take_over; /* we were started to succeed another */
	bool own_file;  /* a unix socket, whose file tells of a successor */
	time_t started;
	enum stage stage;
	ev_tstamp stage_ends; /* at the latest */
	ev_timer tick;
	ev_signal hup, term, interrupt;
	bool socket_gone; /* a socket was removed, and that was logged */
	struct conf *conf; /* until `lists' has it */
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
fail_to_listen(struct daemon *d, const char *spec, const char *err)
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
			fail_to_listen(d, spec, err);
		d->nlisteners++;
	}
}

void
daemon_place(struct daemon *d)
{
	for (size_t i = 0; i < d->nlisteners; i++) {
		const char *err = listen_place(&d->listener[i]);

		if (err)
			fail_to_listen(d, d->listener[i].spec, err);
	}
}

struct daemon *
daemon_new(const char *path, struct conf *conf, const struct listen_options *o)
{
	struct daemon *d = calloc(1, sizeof(*d));

	if (!d)
		fatal(EX_OSERR, "daemon: out of memory");
	d->file = (struct status_conf){ .path = path, .read = time(NULL) };
	d->conf = conf;
	d->take_over = o->take_over;
	d->started = time(NULL);
	open_listeners(d, conf, o);
	return d;
}

/* An answer_status_fn. */
static int
write_status(void *arg, struct str key, struct buf *out)
{
	const struct daemon *d = arg;
	const struct status_source from = {
		.lists = d->lists,
		.sites = answer_sites(d->answer),
		.server = d->server,
		.conf = &d->file,
		.started = d->started,
		.generation = d->answers,
	};

	return status_page(out, &from, key);
}

static struct server_options
server_options(struct daemon *d, const struct conf *conf)
{
	return (struct server_options){
		.deadline = conf->deadline,
		.connections = d->clients,
		.answer = waiting_answer,
		.turn = waiting_turn,
		.forget = waiting_forget,
		.arg = &d->waiting,
	};
}

static void
use_answer(struct daemon *d, struct answer *answer)
{
	answer_free(d->answer);
	d->answer = d->waiting.answer = answer;
	d->old_domains = false;
	d->answers++;
}

/* A site_lists_swapped_fn.  Another snapshot may have other hosts, and so other
 * domains: the maps are made anew.  Where the hosts are the same, and all of
 * them are domains, nothing is another. */
static void
on_swapped(void *arg, const struct lists *lists, bool same_hosts)
{
	struct daemon *d = arg;
	struct answer *answer;

	if (!d->answer || (same_hosts && !d->old_domains &&
	    !sites_count_lists(answer_sites(d->answer), lists)))
		return;
	answer = answer_new(d->lists->conf, d->lists->lists_of, write_status,
	    d);
	if (!answer) {
		log_error("daemon: out of memory: domains are as before");
		d->old_domains = true;
		return;
	}
	warnings_foreign_hosts(answer_sites(d->answer), answer_sites(answer));
	use_answer(d, answer);
}

/* Remembers for the status that the file is not in force, and since when. */
static void
note_refused_conf(struct daemon *d, const char *why)
{
	static const char room[] = "conf: ";
	struct str reason = str_from(why);

	if (str_starts(reason, room))
		reason = str_tail(reason, sizeof(room) - 1);
	if (!d->file.refused)
		d->file.refused = time(NULL);
	snprintf(d->file.reason, sizeof(d->file.reason), "%.*s", (int)reason.n,
	    reason.p);
	log_error("daemon: %s: not used, the old configuration stays",
	    d->file.path);
}

static void
note_used_conf(struct daemon *d)
{
	d->file.read = time(NULL);
	d->file.refused = 0;
	log_info("daemon: configuration read again: %s", d->file.path);
}

static void
use_configuration(struct daemon *d, const struct conf *conf)
{
	struct server_options o;

	program_log_level(conf);
	d->clients = descriptors_raise(conf);
	d->asking.deadline = conf->deadline;
	o = server_options(d, conf);
	server_configure(d->server, &o);
}

/* SIGHUP: everything new is made before anything old is freed, so that a file
 * that is wrong changes nothing. */
static void
read_configuration_again(struct daemon *d)
{
	struct site_lists *lists = NULL;
	struct answer *answer = NULL;
	struct conf *conf;
	char why[1024];

	log_keep_error(why, sizeof(why));
	conf = configuration_load(d->file.path, d->lists->conf);
	log_keep_error(NULL, 0);
	if (conf) {
		fixed_options_keep(d->lists->conf, conf);
		lists = site_lists_new(d->loop, conf, d->lists, &d->asking,
		    on_swapped, d);
	}
	if (lists)
		answer = answer_new(conf, lists->lists_of, write_status, d);
	if (!answer) {
		if (lists)
			site_lists_free(lists);
		else
			conf_free(conf);
		note_refused_conf(d, *why ? why : "out of memory");
		return;
	}
	use_configuration(d, conf);
	use_answer(d, answer);
	site_lists_replace(lists, d->lists);
	d->lists = lists;
	warnings_log(answer_sites(answer));
	note_used_conf(d);
}

static void
on_sighup(struct ev_loop *loop, ev_signal *w, int events)
{
	struct daemon *d = w->data;

	(void)loop;
	(void)events;
	if (d->stage == SERVING)
		read_configuration_again(d);
	else
		log_warn("daemon: no reload: a successor serves");
}

/* Begins STAGE, which ends after SECONDS at the latest, and looks every TICK
 * seconds whether it is over. */
static void
enter_stage(struct daemon *d, enum stage stage, double seconds, double tick)
{
	d->stage = stage;
	d->stage_ends = ev_now(d->loop) + seconds;
	d->tick.repeat = tick;
	ev_timer_again(d->loop, &d->tick);
}

static void
on_sigterm(struct ev_loop *loop, ev_signal *w, int events)
{
	struct daemon *d = w->data;

	(void)loop;
	(void)events;
	if (d->stage == FINISHING)
		return;
	log_info("daemon: signal %d: ending", w->signum);
	site_lists_stop_scans(d->lists);
	server_unlisten(d->server);
	server_finish(d->server);
	enter_stage(d, FINISHING, FINISH_SECONDS, FINISH_TICK_SECONDS);
}

/* Leaves the stage SERVING where a successor took over. */
static void
look_for_successor(struct daemon *d)
{
	int ours = server_check_files(d->server);

	if (ours == -1 && !d->socket_gone)
		log_error("daemon: a socket was removed: nobody can ask; "
		    "restart listmapd");
	d->socket_gone = ours == -1;
	if (ours != 0 && (d->own_file || !takeover_lost(&d->takeover)))
		return;
	log_info("daemon: a successor took over: serving %zu connections "
	    "to their end", server_connections(d->server));
	site_lists_stop_scans(d->lists);
	enter_stage(d, LINGERING, LINGER_SECONDS, TICK_SECONDS / 4);
}

static void
on_stage_tick(struct ev_loop *loop, ev_timer *w, int events)
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
		enter_stage(d, DRAINING, d->lists->conf->drain,
		    TICK_SECONDS / 4);
		break;
	case DRAINING:
		if (server_connections(d->server) == 0 || over) {
			server_finish(d->server);
			enter_stage(d, FINISHING, FINISH_SECONDS,
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
	ev_signal_init(&d->hup, on_sighup, SIGHUP);
	ev_signal_init(&d->term, on_sigterm, SIGTERM);
	ev_signal_init(&d->interrupt, on_sigterm, SIGINT);
	d->hup.data = d->term.data = d->interrupt.data = d;
	ev_signal_start(d->loop, &d->hup);
	ev_signal_start(d->loop, &d->term);
	ev_signal_start(d->loop, &d->interrupt);
}

static void
start_server(struct daemon *d, const struct conf *conf)
{
	struct server_options o;
	bool waited = false;

	d->clients = descriptors_raise(conf);
	o = server_options(d, conf);
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
	/* Nobody knows how long requests have waited on inherited sockets. */
	if (waited && !d->take_over)
		server_purge(d->server);
	free(d->listener);
	d->listener = NULL;
}

void
daemon_open(struct daemon *d)
{
	const char *err = "out of memory";
	struct answer *answer = NULL;

	d->loop = ev_default_loop(EVFLAG_NOENV);
	d->asking = (struct asking){ .loop = d->loop,
		.deadline = d->conf->deadline };
	d->waiting.asking = &d->asking;
	if (!d->loop)
		err = "no event loop";
	else
		d->lists = site_lists_new(d->loop, d->conf, NULL, &d->asking,
		    on_swapped, d);
	if (d->lists)
		answer = answer_new(d->conf, d->lists->lists_of, write_status,
		    d);
	if (answer &&
	    takeover_init(&d->takeover, d->conf->cache_dir) == 0) {
		use_answer(d, answer);
		return;
	}
	daemon_abandon(d);
	fatal(EX_OSERR, "daemon: %s", err);
}

void
daemon_start(struct daemon *d)
{
	const struct conf *conf = d->conf;

	site_lists_start(d->lists);
	start_server(d, conf);
	if (d->take_over && takeover_claim(&d->takeover) == -1)
		log_warn("daemon: %s: cannot tell the predecessor: %s",
		    d->takeover.path, strerror(errno));
	watch_signals(d);
	warnings_log(answer_sites(d->answer));
	d->tick.data = d;
	ev_init(&d->tick, on_stage_tick);
	enter_stage(d, SERVING, 0, TICK_SECONDS);
	log_never_wait();
	log_info("daemon: listmapd %s serves %zu site%s", PACKAGE_VERSION,
	    conf->nsites,
	    conf->nsites == 1 ? "" : "s");
}

int
daemon_run(struct daemon *d)
{
	ev_run(d->loop, 0);
	pidfile_remove(d->lists->conf->pidfile);
	server_free(d->server);
	answer_free(d->answer);
	site_lists_free(d->lists);
	takeover_clear(&d->takeover);
	ev_loop_destroy(d->loop);
	log_info("daemon: ended");
	free(d);
	return EX_OK;
}
