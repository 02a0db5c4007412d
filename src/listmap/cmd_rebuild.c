/*
 * rebuild: brings the caches up to date, for cron and for people.  It does what
 * a child of the daemon does, as the same account.
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
#include "answer/configuration.h"
#include "listmap/cmd.h"

#define BAR_WIDTH 30

/* So many seconds it waits for the lock, or as long as a scan may take. */
#define LOCK_PATIENCE 60.0

/* The bar is full at as many lists as there were last time. */
struct progress {
	const char *site;
	size_t expected; /* 0: nobody knows */
};

static void
show_progress(void *arg, size_t seen)
{
	const struct progress *p = arg;
	size_t full = p->expected && seen < p->expected
	    ? seen * BAR_WIDTH / p->expected : BAR_WIDTH;

	fprintf(stderr, "\r%s [", p->site);
	for (size_t i = 0; i < BAR_WIDTH; i++)
		fputc(i < full ? '#' : ' ', stderr);
	fprintf(stderr, "] %zu", seen);
}

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

/* Prints what became of the rebuild; returns the exit code for it. */
static int
report_rebuild(const struct conf_site *site, const struct rebuild_result *r,
    bool terminal)
{
	if (terminal)
		fputc('\n', stderr);
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
rebuild_site(const struct conf *conf, const struct conf_site *site,
    bool accept_empty)
{
	bool terminal = isatty(STDERR_FILENO) == 1;
	struct progress p = { site->name, 0 };
	struct rebuild_result r;
	struct rebuild_order o = rebuild_order(site,
	    mailman_find(site->mailman), conf->cache_dir);

	o.accept_empty = accept_empty;
	o.lock.patience = site->scan_timeout < LOCK_PATIENCE
	    ? site->scan_timeout : LOCK_PATIENCE;
	if (terminal) {
		p.expected = last_count(conf, site);
		o.progress = show_progress;
		o.progress_arg = &p;
	}
	rebuild(&o, &r);
	return report_rebuild(site, &r, terminal);
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
	int c, rc = EX_OK;

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
	for (size_t i = 0; i < conf->nsites; i++) {
		const struct conf_site *site = &conf->sites[i];
		int one = is_site_wanted(site, argv + optind)
		    ? rebuild_site(conf, site, accept_empty) : EX_OK;

		if (rc == EX_OK)
			rc = one;
	}
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
