#include <unistd.h>

#include "answer/status.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/str.h"
#include "wire/server.h"
#include "mailman/lists.h"
#include "mailman/odd_names.h"
#include "mailman/sites.h"
#include "cache/refresh.h"
#include "answer/site_lists.h"
#include "answer/warnings.h"

/*
 * The report has parts, which are numbered: the daemon, each site, each domain.
 * A page has whole parts, and is full at so many bytes: less than a reply may
 * have by more than any part needs.
 */
#define PAGE_BYTES 60000

/* Texts with paths and names of files; a line has no other line in it. */
static void
put_text(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_char(out, (unsigned char)*text < ' ' ? '?' : *text);
}

/* Where there is no file, the configuration in force says so in brackets. */
static void
put_conf(struct buf *out, const struct status_conf *c, const char *in_force)
{
	buf_add(out, "daemon\tconf\t");
	put_text(out, *in_force == '(' ? in_force : c->path);
	buf_printf(out, "\ndaemon\tconf_at\t%lld\n", (long long)c->read);
	if (!c->refused)
		return;
	buf_printf(out, "daemon\trefused_at\t%lld\ndaemon\trefused\t",
	    (long long)c->refused);
	put_text(out, c->reason);
	buf_char(out, '\n');
}

static void
put_daemon(struct buf *out, const struct status_source *from)
{
	struct server_counts c;

	server_counts(from->server, &c);
	buf_printf(out, "daemon\tversion\t%s\n", PACKAGE_VERSION);
	buf_printf(out, "daemon\tpid\t%ld\n", (long)getpid());
	buf_printf(out, "daemon\tstarted_at\t%lld\n",
	    (long long)from->started);
	put_conf(out, from->conf, from->lists->conf->path);
	buf_printf(out, "daemon\tconnections\t%lu\n", c.connections);
	buf_printf(out, "daemon\tmax_connections\t%lu\n", c.limit);
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
	/* Nothing else that is known of it is new. */
	if (st->stuck)
		return "stuck";
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
put_odd_names(struct buf *out, const char *name, const struct odd_names *odd)
{
	if (odd->misnamed > 0)
		buf_printf(out, "site %s\tmisnamed\t%zu (%s)\n", name,
		    odd->misnamed, odd->misnamed_text);
	if (odd->unaliased > 0)
		buf_printf(out, "site %s\tno_alias\t%zu (%s)\n", name,
		    odd->unaliased, odd->unaliased_text);
}

static void
put_site_state(struct buf *out, const char *name,
    const struct refresh_status *st)
{
	buf_printf(out, "site %s\tstate\t%s\n", name, site_state(st));
	if (*st->reason) {
		buf_printf(out, "site %s\treason\t", name);
		put_text(out, st->reason);
		buf_char(out, '\n');
	}
	buf_printf(out, "site %s\tlists\t%zu\n", name, st->lists);
	put_gaps(out, name, &st->gaps);
	if (st->census)
		put_census(out, name, st->census);
	put_odd_names(out, name, st->odd);
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
put_foreign_hosts(struct buf *out, const struct site *site)
{
	if (site->any_host)
		return;
	if (site->foreign_lists > 0) {
		buf_printf(out, "site %s\tforeign_hosts\t%zu (",
		    site->conf->name, site->foreign_lists);
		warnings_put_hosts(out, site);
		buf_add(out, ")\n");
	}
	if (site->hostless_lists > 0)
		buf_printf(out, "site %s\tno_host\t%zu\n",
		    site->conf->name, site->hostless_lists);
}

/* Each site of the configuration takes part in FROM's sites. */
static void
put_site(struct buf *out, const struct status_source *from, size_t i)
{
	struct refresh_status st;

	refresh_status(from->lists->refresh[i], &st);
	put_site_state(out, from->lists->conf->sites[i].name, &st);
	put_foreign_hosts(out, &from->sites->site[i]);
}

static void
put_orphan_role(void *arg, const char *local, const struct domain *d)
{
	struct buf *out = arg;

	buf_add(out, "domain ");
	buf_str(out, d->name);
	buf_printf(out, "\t%s\tleads nowhere\n", local);
}

static void
put_part(struct buf *out, const struct status_source *from, size_t part)
{
	size_t nsites = from->lists->conf->nsites;

	if (part == 0)
		put_daemon(out, from);
	else if (part <= nsites)
		put_site(out, from, part - 1);
	else
		warnings_domain_roles(from->sites,
		    &from->sites->domain[part - 1 - nsites], put_orphan_role,
		    out);
}

/* Reads "GENERATION.PART" as status_page() wrote it.  False for another key. */
static bool
parse_page_key(struct str key, uint64_t *generation, uint64_t *part)
{
	size_t dot = str_find(key, '.');

	return dot != STR_NONE &&
	    str_number(str_head(key, dot), 0, UINT64_MAX, generation) == 0 &&
	    str_number(str_tail(key, dot + 1), 1, UINT32_MAX, part) == 0;
}

int
status_page(struct buf *out, const struct status_source *from, struct str key)
{
	size_t parts = 1 + from->lists->conf->nsites + from->sites->ndomains;
	uint64_t generation, part = 0;

	if (parse_page_key(key, &generation, &part) &&
	    (generation != from->generation || part >= parts)) {
		buf_add(out, "the report is another one by now: ask again "
		    "from its beginning");
		return -1;
	}
	for (; part < parts && out->n < PAGE_BYTES; part++)
		put_part(out, from, part);
	if (part < parts)
		buf_printf(out, "daemon\tmore\t%lu.%zu\n", from->generation,
		    (size_t)part);
	return 0;
}
