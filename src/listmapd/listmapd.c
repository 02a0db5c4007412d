/*
 * listmapd - the daemon that answers sendmail's look-ups of addresses of
 * mailing lists.  This file reads the command line and brings the daemon up:
 * startup.c has the steps, daemon.c what runs then.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/conf.h"
#include "base/conf_print.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/privileges.h"
#include "base/program.h"
#include "base/str.h"
#include "wire/listen.h"
#include "answer/configuration.h"
#include "listmapd/daemon.h"
#include "listmapd/descriptors.h"
#include "listmapd/pidfile.h"
#include "listmapd/startup.h"

struct options {
	const char *path; /* of the configuration */
	bool detach;
	bool take_over;
	bool test;
	bool print;
};

static void
usage(FILE *to)
{
	fputs("usage: listmapd [-D] [-c file] [--take-over]\n"
	      "       listmapd -t | -T [-c file]\n"
	      "       listmapd -h | -V\n\n"
	      "  -c, --config file  configuration (" PROGRAM_CONF ")\n"
	      "  -D, --detach       run in the background\n"
	      "  -t, --test         check the configuration and exit\n"
	      "  -T, --print        print the configuration in force and exit\n"
	      "      --take-over    take the sockets over from a running "
	      "daemon\n"
	      "  -h, --help         print this\n"
	      "  -V, --version      print the version\n\n"
	      "The manual is listmapd(8).\n", to);
}

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "detach", no_argument, NULL, 'D' },
	{ "test", no_argument, NULL, 't' },
	{ "print", no_argument, NULL, 'T' },
	{ "take-over", no_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

/* Says which option may be meant by WORD, if it is none. */
static void
hint_long_option(const char *word)
{
	const char *names[sizeof(long_options) / sizeof(*long_options)];
	const char *meant;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		names[i] = long_options[i].name;
	meant = strncmp(word, "--", 2) ? NULL :
	    nearest_word(str_from(word + 2), names);
	if (meant && strcmp(meant, word + 2))
		fprintf(stderr, "listmapd: %s: is --%s meant?\n", word, meant);
}

/* Whoever reads the log of a machine that started finds it there. */
static _Noreturn void
fail_usage(const struct options *o)
{
	usage(stderr);
	if (o->detach) {
		log_to_syslog("listmapd");
		log_error("startup: wrong command line, see listmapd(8)");
	}
	exit(EX_USAGE);
}

static void
parse_command_line(int argc, char **argv, struct options *o)
{
	bool wrong = false;
	int c;

	*o = (struct options){ .path = PROGRAM_CONF };
	while ((c = getopt_long(argc, argv, "c:DtThV", long_options,
	    NULL)) != -1) {
		switch (c) {
		case 'c':
			o->path = optarg;
			break;
		case 'D':
			o->detach = true;
			break;
		case 't':
			o->test = true;
			break;
		case 'T':
			o->print = true;
			break;
		case 'o':
			o->take_over = true;
			break;
		case 'h':
		case 'V':
			if (c == 'h')
				usage(stdout);
			else
				program_version("listmapd");
			program_flush();
			exit(EX_OK);
		default:
			hint_long_option(argv[optind - 1]);
			wrong = true;
		}
	}
	if (optind < argc)
		fprintf(stderr, "listmapd: %s: not an option\n", argv[optind]);
	if (wrong || optind < argc)
		fail_usage(o);
}

static bool
wants_syslog(const struct conf *conf, bool detach)
{
	return !strcmp(conf->log, "syslog") ||
	    (detach && !strcmp(conf->log, "auto"));
}

/* Whoever starts a daemon in the background has read all that is for him. */
static void
leave_starter(const struct conf *conf, bool detach)
{
	if (wants_syslog(conf, detach))
		log_to_syslog("listmapd");
	if (detach)
		startup_leave_files();
}

/* -t and -T.  Frees CONF and returns the exit code. */
static int
check_configuration(struct conf *conf, const struct options *o)
{
	int rc = o->test ? startup_test(conf) : 0;

	if (o->print)
		conf_print(conf, stdout);
	else if (rc == 0)
		printf("%s: ok\n", conf->path);
	program_flush();
	conf_free(conf);
	return rc ? EX_CONFIG : EX_OK;
}

/*
 * The order matters.  What needs root comes first.  Nothing listens before
 * there are snapshots to answer from, and nothing takes another's place before
 * they are open.  The listeners are opened before the pid file is written, so
 * that a second daemon fails and leaves the first one's file alone.
 *
 * No step calls anything on a lists directory: children do.
 */
int
main(int argc, char **argv)
{
	struct listen_options listen_options = { 0 };
	struct account account;
	struct daemon *d;
	struct options o;
	struct conf *conf;
	char *path;
	int ready = -1, rc;

	program_begin("listmapd");
	parse_command_line(argc, argv, &o);
	/* Until the daemon serves, errors also go to standard error: whoever
	 * starts it waits for it, and reads them there. */
	if (o.detach && !o.test && !o.print) {
		closefrom(STDERR_FILENO + 1); /* of whoever starts it */
		log_to_both("listmapd");
	}
	conf = configuration_need(o.path);
	if (o.test || o.print)
		return check_configuration(conf, &o);
	if (wants_syslog(conf, o.detach))
		log_to_both("listmapd");
	path = program_absolute(o.path);
	if (o.detach && !strcmp(conf->log, "stderr"))
		fatal(EX_CONFIG, "startup: option 'log': there is no standard "
		    "error in the background (-D)");
	startup_account(conf, &account);
	startup_cache_dir(conf, &account);
	startup_socket_owner(conf, &listen_options);
	descriptors_prepare(conf);
	if (o.detach)
		ready = startup_detach();
	program_log_level(conf);
	signal(SIGPIPE, SIG_IGN);
	startup_first_scans(conf, &account);
	listen_options.take_over = listen_options.beside = o.take_over;
	if (account.change && listen_options.owner == (uid_t)-1)
		listen_options.owner = account.uid;
	d = daemon_new(path, conf, &listen_options);
	daemon_open(d);
	if (pidfile_write(conf->pidfile) == -1) {
		log_error("startup: option 'pidfile': %s: %s", conf->pidfile,
		    strerror(errno));
		daemon_abandon(d);
		exit(EX_CANTCREAT);
	}
	daemon_place(d);
	if (privileges_become(&account) == -1)
		fatal(EX_OSERR, "startup: cannot become %s: %s", conf->user,
		    strerror(errno));
	privileges_clear(&account);
	leave_starter(conf, o.detach);
	daemon_start(d);
	if (o.detach)
		startup_ready(ready);
	rc = daemon_run(d);
	free(path);
	return rc;
}
