#include <unistd.h>

#include "answer/status.h"
#include "base/buf.h"
#include "base/conf.h"
#include "wire/server.h"
#include "mailman/lists.h"
#include "mailman/sites.h"
#include "cache/refresh.h"
#include "answer/site_lists.h"
#include "answer/warnings.h"

static void
put_server(struct buf *out, const struct server *server, time_t started)
{
	struct server_counts c;

	server_counts(server, &c);
	buf_printf(out, "daemon\tversion\t%s\n", PACKAGE_VERSION);
	buf_printf(out, "daemon\tpid\t%ld\n", (long)getpid());
	buf_printf(out, "daemon\tstarted_at\t%lld\n", (long long)started);
	buf_printf(out, "daemon\tconnections\t%lu\n", c.connections);
	buf_printf(out, "daemon\taccepted\t%lu\n", c.accepted);
	buf_printf(out, "daemon\trequests\t%lu\n", c.requests);
	buf_printf(out, "daemon\tshed\t%lu\n", c.shed);
	buf_printf(out, "daemon\tmalformed\t%lu\n", c.malformed);
	buf_printf(out, "daemon\tstalled\t%lu\n", c.stalled);
	buf_printf(out, "daemon\tlate\t%lu\n", c.late);
}

static const char *
site_state(const struct refresh_status *st)
{
	if (st->failing)
		return "failing";
	if (st->away)
		return "away";
	if (!st->cached)
		return "no cache";
	return *st->reason ? "failing" : "ok";
}

static void
put_census(struct buf *out, const char *name, const size_t *census)
{
	buf_printf(out, "site %s\tknown_by\tdirectory %zu, and postfix_lmtp "
	    "%zu, postfix_lmtp alone %zu\n", name,
	    census[LISTS_BY_DIRECTORY], census[LISTS_BY_BOTH],
	    census[LISTS_BY_FILE]);
	buf_printf(out, "site %s\tno_lists\tdirectories %zu, of postfix_lmtp "
	    "%zu\n", name, census[LISTS_PHANTOM], census[LISTS_GONE]);
}

/* What the scan could not find out, with names. */
static void
put_gaps(struct buf *out, const char *name, const struct gaps *gaps)
{
	for (int i = 0; i < GAPS; i++)
		if (gaps->of[i].n > 0)
			buf_printf(out, "site %s\t%s\t%zu (%s)\n", name,
			    gap_word(i), gaps->of[i].n, gaps->of[i].names);
}

static void
put_site_state(struct buf *out, const char *name,
    const struct refresh_status *st)
{
	buf_printf(out, "site %s\tstate\t%s\n", name, site_state(st));
	if (*st->reason)
		buf_printf(out, "site %s\treason\t%s\n", name, st->reason);
	buf_printf(out, "site %s\tlists\t%zu\n", name, st->lists);
	put_gaps(out, name, &st->gaps);
	if (st->census)
		put_census(out, name, st->census);
	buf_printf(out, "site %s\tscanning\t%s\n", name,
	    st->scanning ? "yes" : "no");
	buf_printf(out, "site %s\tverifying\t%s\n", name,
	    st->verifying ? "yes" : "no");
	buf_printf(out, "site %s\twatching\t%s\n", name,
	    st->watching ? "yes" : "no");
	buf_printf(out, "site %s\tcache_at\t%lld\n", name,
	    (long long)st->written);
	buf_printf(out, "site %s\tscan_at\t%lld\n", name,
	    (long long)st->scanned);
	buf_printf(out, "site %s\tscan_ms\t%lu\n", name, st->milliseconds);
	buf_printf(out, "site %s\tscans\t%lu\n", name, st->scans);
}

/* Counts the lists that answer at other domains than their own host. */
static void
put_foreign_hosts(struct buf *out, const struct sites *sites)
{
	for (size_t i = 0; i < sites->n; i++) {
		const struct site *site = &sites->site[i];

		if (site->foreign_lists > 0 && !site->any_host) {
			buf_printf(out, "site %s\tforeign_hosts\t%zu (",
			    site->conf->name, site->foreign_lists);
			warnings_put_hosts(out, site);
			buf_add(out, ")\n");
		}
		if (site->hostless_lists > 0 && !site->any_host)
			buf_printf(out, "site %s\tno_host\t%zu\n",
			    site->conf->name, site->hostless_lists);
	}
}

static void
put_orphan_role(void *arg, const char *local, const struct domain *d)
{
	struct buf *out = arg;

	buf_add(out, "domain ");
	buf_str(out, d->name);
	buf_printf(out, "\t%s\tleads nowhere\n", local);
}

void
status_write(struct buf *out, const struct site_lists *lists,
    const struct sites *sites, const struct server *server, time_t started)
{
	put_server(out, server, started);
	for (size_t i = 0; i < lists->conf->nsites; i++) {
		struct refresh_status st;

		refresh_status(lists->refresh[i], &st);
		put_site_state(out, lists->conf->sites[i].name, &st);
	}
	put_foreign_hosts(out, sites);
	warnings_roles(sites, put_orphan_role, out);
}
