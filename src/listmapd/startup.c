#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "listmapd/startup.h"
#include "base/conf.h"
#include "base/devnull.h"
#include "base/log.h"
#include "base/privileges.h"
#include "wire/listen.h"
#include "mailman/mailman.h"
#include "cache/cache.h"
#include "cache/cache_dir.h"
#include "cache/rebuild.h"
#include "cache/scan_sites.h"
#include "answer/warnings.h"

/* So long `listmapd -t' looks at the lists directories. */
#define LOOK_SECONDS 20.0
/* So long a start waits for the first snapshots. */
#define FIRST_SCANS_SECONDS 60.0

void
startup_account(const struct conf *c, struct account *a)
{
	const char *err = privileges_find(c->user, a);

	if (err)
		fatal(EX_CONFIG, "startup: option 'user': %s: %s", c->user,
		    err);
	if (geteuid() == 0 && !a->change && strcmp(c->user, "root"))
		fatal(EX_CONFIG, "startup: option 'user': %s is root by "
		    "another name", c->user);
}

void
startup_cache_dir(const struct conf *c, const struct account *a)
{
	if (cache_dir_make(c->cache_dir, a) == -1)
		fatal(EX_CANTCREAT, "startup: option 'cache_dir': %s: %s",
		    c->cache_dir, strerror(errno));
}

void
startup_socket_owner(const struct conf *c, struct listen_options *o)
{
	o->mode = c->socket_mode;
	o->owner = (uid_t)-1;
	o->group = (gid_t)-1;
	if (*c->socket_owner) {
		struct passwd *pw = getpwnam(c->socket_owner);

		if (!pw)
			fatal(EX_CONFIG, "startup: option 'socket_owner': %s: "
			    "there is no such account", c->socket_owner);
		o->owner = pw->pw_uid;
	}
	if (*c->socket_group) {
		struct group *gr = getgrnam(c->socket_group);

		if (!gr)
			fatal(EX_CONFIG, "startup: option 'socket_group': %s: "
			    "there is no such group", c->socket_group);
		o->group = gr->gr_gid;
	}
}

static bool
has_good_snapshot(const struct conf *c, const struct conf_site *site)
{
	char *path = cache_path(c->cache_dir, site->name, "cdb");
	const char *err;
	struct cache *cache = path ? cache_open(path, &err) : NULL;

	if (path && !cache && errno == EPROTONOSUPPORT)
		log_info("startup: a new snapshot is made: %s: %s", path, err);
	else if (path && !cache && errno != ENOENT)
		log_warn("startup: old snapshot is no use: %s: %s", path, err);
	cache_close(cache);
	free(path);
	return cache != NULL;
}

static struct site_scan
startup_scan(const struct conf *c, const struct conf_site *site, double longest)
{
	return (struct site_scan){
		.site = site,
		.order = rebuild_order(site, mailman_find(site->mailman),
		    c->cache_dir),
		.seconds = { c->deadline, longest, longest },
	};
}

static void
report_first_scan(void *arg, struct site_scan *s)
{
	const struct rebuild_result *r = &s->result;

	(void)arg;
	if (!s->over)
		return;
	if (!s->finished)
		log_error("startup: no snapshot yet: %s: %s", s->site->name,
		    r->reason);
	else if (r->status == REBUILD_WRITTEN ||
	    r->status == REBUILD_UNCHANGED)
		log_info("startup: first snapshot: %s: %zu lists, %lu ms",
		    s->site->name, r->lists, r->milliseconds);
	else
		/* The first scan of the daemon tells the reason. */
		log_error("startup: no snapshot yet: %s", s->site->name);
}

void
startup_first_scans(const struct conf *c, const struct account *a)
{
	struct scan_sites all = { .account = a, .end = FIRST_SCANS_SECONDS,
		.spare = true, .changed = report_first_scan,
		.scan = calloc(c->nsites, sizeof(*all.scan)) };

	if (!all.scan)
		fatal(EX_OSERR, "startup: out of memory");
	for (size_t i = 0; i < c->nsites; i++)
		if (!has_good_snapshot(c, &c->sites[i]))
			all.scan[all.n++] = startup_scan(c, &c->sites[i],
			    FIRST_SCANS_SECONDS);
	scan_sites(&all);
	free(all.scan);
}

/* In the parent: ends with 0 when the daemon is ready, or as the daemon did. */
static _Noreturn void
wait_until_ready(pid_t pid, int fd)
{
	char ready;
	int status;

	if (read(fd, &ready, 1) == 1)
		_exit(EX_OK);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	log_error("startup: the daemon was ended by signal %d",
	    WTERMSIG(status));
	_exit(EX_SOFTWARE);
}

int
startup_detach(void)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1)
		fatal(EX_OSERR, "startup: pipe: %s", strerror(errno));
	pid = fork();
	if (pid == -1)
		fatal(EX_OSERR, "startup: fork: %s", strerror(errno));
	if (pid) {
		close(fds[1]);
		wait_until_ready(pid, fds[0]);
	}
	close(fds[0]);
	if (setsid() == -1 || chdir("/") == -1)
		fatal(EX_OSERR, "startup: %s", strerror(errno));
	return fds[1];
}

void
startup_leave_files(void)
{
	if (devnull_put(STDIN_FILENO, STDERR_FILENO) == -1)
		fatal(EX_OSERR, "startup: /dev/null: %s", strerror(errno));
}

void
startup_ready(int fd)
{
	if (write(fd, "", 1) != 1)
		log_warn("startup: who started this has gone: %s",
		    strerror(errno));
	close(fd);
}

/* Says what the child found.  Only a directory that is not there is a fault of
 * the configuration. */
static void
report_look(void *arg, struct site_scan *s)
{
	int *rc = arg;

	if (!s->over)
		return;
	if (s->error == ENOTDIR)
		log_error("startup: option 'lists_dir': %s: is no directory",
		    s->site->lists_dir);
	else if (s->error)
		log_error("startup: option 'lists_dir': %s: %s",
		    s->site->lists_dir, strerror(s->error));
	else if (*s->result.reason)
		log_warn("startup: site %s: %s", s->site->name,
		    s->result.reason);
	if (s->error)
		*rc = -1;
}

/* Looks at the lists directories as the account A would find them.  0, or -1
 * where one is not there. */
static int
look_at_lists(const struct conf *c, const struct account *a)
{
	int rc = 0;
	struct scan_sites all = { .account = a, .look = true,
		.end = LOOK_SECONDS, .changed = report_look, .arg = &rc,
		.scan = calloc(c->nsites, sizeof(*all.scan)), .n = c->nsites };

	if (!all.scan)
		fatal(EX_OSERR, "startup: out of memory");
	for (size_t i = 0; i < c->nsites; i++)
		all.scan[i] = startup_scan(c, &c->sites[i], LOOK_SECONDS);
	scan_sites(&all);
	free(all.scan);
	return rc;
}

int
startup_test(const struct conf *c)
{
	struct listen_options o;
	struct account a;
	int rc = 0;

	warnings_conf(c);
	startup_account(c, &a);
	startup_socket_owner(c, &o);
	for (size_t i = 0; i < c->listen.n; i++) {
		struct listen_address at;
		const char *err = listen_parse(c->listen.word[i], &at);

		if (err) {
			log_error("startup: option 'listen': %s: %s",
			    c->listen.word[i], err);
			rc = -1;
		}
	}
	if (look_at_lists(c, &a) == -1)
		rc = -1;
	privileges_clear(&a);
	return rc;
}
