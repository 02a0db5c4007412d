/*
 * rebuild: brings the caches up to date, for cron and for people.  It does what
 * a child of the daemon does, as the same account, for all sites at the same
 * time: one whose file server is dead does not keep the others.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/privileges.h"
#include "base/str.h"
#include "mailman/mailman.h"
#include "cache/cache.h"
#include "cache/cache_dir.h"
#include "cache/rebuild.h"
#include "cache/scan_sites.h"
#include "answer/configuration.h"
#include "listmap/cmd.h"

#define BAR_WIDTH 30

/* So many seconds it waits for the lock, or as long as a scan may take. */
#define LOCK_PATIENCE 60.0
/* So many more until a process that should have given up is killed. */
#define GRACE 5.0

struct site_end {
	size_t expected; /* the lists of last time; 0: nobody knows */
	int code;        /* what the program exits with for its sake */
};

struct rebuild_run {
	struct scan_sites sites;
	struct site_end *end; /* of each of them */
	bool terminal;
	const struct site_scan *shown; /* whose bar stands in the last line */
};

static size_t
last_count(const struct conf *conf, const struct conf_site *site)
{
	char *path = cache_path(conf->cache_dir, site->name, "cdb");
	const char *err;
	struct cache *c = path ? cache_open(path, &err) : NULL;
	size_t n = c ? cache_head(c)->count : 0;

	cache_close(c);
	free(path);
	return n;
}

/* The bar is full at as many lists as there were last time. */
static void
draw_bar(struct rebuild_run *run, const struct site_scan *s)
{
	size_t expected = run->end[s - run->sites.scan].expected;
	size_t full = expected && s->seen < expected
	    ? s->seen * BAR_WIDTH / expected : BAR_WIDTH;

	if (run->shown && run->shown != s)
		fputs("\r\033[K", stderr);
	fprintf(stderr, "\r%s [", s->site->name);
	for (size_t i = 0; i < BAR_WIDTH; i++)
		fputc(i < full ? '#' : ' ', stderr);
	fprintf(stderr, "] %zu", s->seen);
	run->shown = s;
}

/* The bar of the first site that still reads its directory. */
static void
show_progress(struct rebuild_run *run)
{
	for (size_t i = 0; i < run->sites.n; i++)
		if (!run->sites.scan[i].over && run->sites.scan[i].seen > 0) {
			draw_bar(run, &run->sites.scan[i]);
			return;
		}
}

/* Prints what became of the rebuild; returns the exit code for it. */
static int
report_rebuild(const struct conf_site *site, const struct rebuild_result *r,
    bool terminal)
{
	switch (r->status) {
	case REBUILD_UNCHANGED:
	case REBUILD_WRITTEN:
		if (r->incomplete) {
			log_error("site %s: %s", site->name, r->reason);
			return EX_TEMPFAIL;
		}
		if (terminal)
			fprintf(stderr, "%s: %zu lists, %s, %lu ms%s%s\n",
			    site->name, r->lists,
			    r->status == REBUILD_WRITTEN ? "new cache"
			    : "unchanged", r->milliseconds,
			    *r->reason ? "; " : "", r->reason);
		return EX_OK;
	case REBUILD_AWAY:
		log_error("site %s: %s", site->name, r->reason);
		return r->denied ? EX_NOINPUT : EX_TEMPFAIL;
	case REBUILD_FAILED:
		break;
	}
	log_error("site %s: %s", site->name, r->reason);
	return r->busy ? EX_TEMPFAIL : EX_CANTCREAT;
}

static int
report_site(struct rebuild_run *run, const struct site_scan *s)
{
	if (run->terminal) {
		draw_bar(run, s);
		fputc('\n', stderr);
		run->shown = NULL;
	}
	if (s->finished)
		return report_rebuild(s->site, &s->result, run->terminal);
	log_error("site %s: %s", s->site->name, s->result.reason);
	return EX_TEMPFAIL;
}

/* Called for each change of a site's scan. */
static void
on_changed(void *arg, struct site_scan *s)
{
	struct rebuild_run *run = arg;

	if (s->over)
		run->end[s - run->sites.scan].code = report_site(run, s);
	if (!run->terminal)
		return;
	if (s->stage == SCAN_WAITS && *s->holder && !s->over) {
		fprintf(stderr, "%s%s: waits for the lock, which %s has\n",
		    run->shown ? "\n" : "", s->site->name, s->holder);
		run->shown = NULL;
	}
	show_progress(run);
}

/* Whether NAMES, which end with NULL, have the site; none names all sites. */
static bool
is_site_wanted(const struct conf_site *site, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, site->name))
			return true;
	return false;
}

static _Noreturn void
fail_site_name(const struct conf *conf, const char *name)
{
	const char **names = calloc(conf->nsites + 1, sizeof(*names));
	const char *meant = NULL;

	for (size_t i = 0; names && i < conf->nsites; i++)
		names[i] = conf->sites[i].name;
	if (names)
		meant = nearest_word(str_from(name), names);
	if (meant)
		fatal(EX_USAGE, "%s: there is no such site: is %s meant?", name,
		    meant);
	fatal(EX_USAGE, "%s: there is no such site: there are %s%s", name,
	    conf->sites[0].name, conf->nsites > 1 ? ", ..." : "");
}

static void
check_site_names(const struct conf *conf, char **names)
{
	for (; *names; names++) {
		bool known = false;

		for (size_t i = 0; i < conf->nsites; i++)
			known |= !strcmp(*names, conf->sites[i].name);
		if (!known)
			fail_site_name(conf, *names);
	}
}

static struct site_scan
site_scan_for(const struct conf *conf, const struct conf_site *site,
    bool accept_empty)
{
	const double limit = site->scan_timeout;
	struct site_scan s = { .site = site };

	s.order = rebuild_order(site, mailman_find(site->mailman),
	    conf->cache_dir);
	s.order.accept_empty = accept_empty;
	s.order.lock.patience = limit < LOCK_PATIENCE ? limit : LOCK_PATIENCE;
	s.seconds[SCAN_ASKS] = limit;
	s.seconds[SCAN_WAITS] = s.order.lock.patience + GRACE;
	s.seconds[SCAN_READS] = limit;
	return s;
}

/* Rebuilds the sites of NAMES.  The exit code is that of the first site, in the
 * order of the configuration, with which all is not well. */
static int
rebuild_sites(const struct conf *conf, char **names, bool accept_empty)
{
	struct site_scan *scan = calloc(conf->nsites, sizeof(*scan));
	struct site_end *end = calloc(conf->nsites, sizeof(*end));
	struct rebuild_run run = { .end = end };
	size_t n = 0;
	int rc = EX_OK;

	if (!scan || !end)
		fatal(EX_OSERR, "out of memory");
	run.terminal = isatty(STDERR_FILENO) == 1;
	for (size_t i = 0; i < conf->nsites; i++) {
		if (!is_site_wanted(&conf->sites[i], names))
			continue;
		if (run.terminal)
			end[n].expected = last_count(conf, &conf->sites[i]);
		scan[n++] = site_scan_for(conf, &conf->sites[i], accept_empty);
	}
	run.sites = (struct scan_sites){ .changed = on_changed, .arg = &run,
		.scan = scan, .n = n, .modest = !run.terminal };
	scan_sites(&run.sites);
	for (size_t i = 0; i < n && rc == EX_OK; i++)
		rc = end[i].code;
	free(scan);
	free(end);
	return rc;
}

static int
run_rebuild(const char *path, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "accept-empty", no_argument, NULL, 'e' },
		{ NULL, 0, NULL, 0 },
	};
	bool accept_empty = false;
	struct account account;
	struct conf *conf;
	const char *err;
	int c, rc;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c != 'e')
			return cmd_usage(&cmd_rebuild);
		accept_empty = true;
	}
	/* A limit of file sizes is an error like a full disk. */
	signal(SIGXFSZ, SIG_IGN);
	conf = configuration_need(path);
	check_site_names(conf, argv + optind);
	err = privileges_find(conf->user, &account);
	if (err)
		fatal(EX_CONFIG, "option 'user': %s: %s", conf->user, err);
	if (cache_dir_make(conf->cache_dir, &account) == -1)
		fatal(EX_CANTCREAT, "option 'cache_dir': %s: %m",
		    conf->cache_dir);
	if (privileges_become(&account) == -1)
		fatal(EX_OSERR, "cannot become %s: %m", conf->user);
	rc = rebuild_sites(conf, argv + optind, accept_empty);
	privileges_clear(&account);
	conf_free(conf);
	return rc;
}

const struct cmd cmd_rebuild = {
	.name = "rebuild",
	.usage = "[--accept-empty] [site ...]",
	.help = "bring the caches up to date (for cron)",
	.run = run_rebuild,
};
