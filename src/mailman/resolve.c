/*
 * Each site is asked for what it knows first, and only an address that nobody
 * knows is asked for thoroughly, by a look into the lists directories: a
 * look-up of a list that exists costs no system call.  Where changes are
 * under way, that would let an older list answer for a new one with a better
 * claim to the address (list "foo-admin" for foo's admin), so such a site is
 * asked thoroughly at once.
 */
#include <string.h>

#include "mailman/resolve.h"
#include "base/buf.h"

#define REASON_AWAY "the lists directory cannot be read now"
#define REASON_NAME "this list's directory cannot be read now, or is new"

/* Room for the longest address that a list can have. */
#define ADDRESS_BYTES 1024

/* Where a question is asked. */
struct place {
	const struct sites *sites;
	const struct site *site;
	const struct domain *domain; /* NULL: everywhere */
};

/*
 * A list answers at its host, if that is a domain of the site.  Any other
 * answers at the dedicated domains, and at the shared ones where there are no
 * dedicated ones; or, where its id names the domain, at that one.
 */
static bool
at_home(const void *arg, const struct list *list)
{
	const struct place *p = arg;
	const struct domain *home;

	if (list->unread)
		return true;
	for (size_t i = 0; i < p->domain->nnames; i++)
		if (str_eq(list->host, p->domain->names[i]))
			return true;
	/* A domain that no snapshot knows is the host of its lists alone. */
	if (p->domain->nsites == 0)
		return false;
	home = sites_domain(p->sites, list->host);
	home = home ? home->real : NULL;
	for (size_t i = 0; home && i < home->nsites; i++)
		if (home->site[i] == p->site)
			return false;
	if (!p->site->mailman->strangers)
		return list->host.n == 0;
	return p->domain->dedicated || !p->site->dedicates;
}

/* A local part, the sites that may know it, and the names of the domain that
 * it is asked for at, if it is. */
struct question {
	const struct sites *sites;
	struct site *const *site;
	size_t n;
	struct str local;
	const struct str *names;
	size_t nnames;
};

static enum lists_found
ask_site(const struct question *q, const struct place *p,
    enum lists_effort effort, struct meaning *m)
{
	const struct site *site = p->site;
	struct manner how = site->manner;

	how.only_hosts = p->domain && p->domain->nsites == 0;
	if (p->domain && (how.only_hosts || !site->any_host)) {
		how.at_home = at_home;
		how.arg = p;
	}
	how.names = q->names;
	how.nnames = q->nnames;
	if (effort == LISTS_KNOWN && site->lists->changing(site->lists))
		effort = LISTS_THOROUGH;
	return site->mailman->understand(&how, site->lists, effort, q->local,
	    m);
}

/* Whether a site that is away may pass for one that has no such list. */
static bool
passes_for_absent(const struct site *site, const struct domain *d)
{
	return d && !d->dedicated && site->lists->complete(site->lists);
}

/*
 * Asks the sites in order: the first found counts.  A site's doubt about that
 * very name ends the search; a site that is away counts only when no other
 * found it.
 */
static enum resolved
ask_sites(const struct question *q, enum lists_effort effort, struct route *r)
{
	enum resolved result = RESOLVED_ABSENT;

	for (size_t i = 0; i < q->n; i++) {
		const struct place p = { q->sites, q->site[i], r->domain };

		switch (ask_site(q, &p, effort, &r->meaning)) {
		case LISTS_FOUND:
			r->site = p.site;
			return RESOLVED_FOUND;
		case LISTS_NO_ANSWER:
			r->reason = REASON_NAME;
			return RESOLVED_NO_ANSWER;
		case LISTS_AWAY:
			if (passes_for_absent(p.site, r->domain))
				break;
			r->reason = REASON_AWAY;
			result = RESOLVED_NO_ANSWER;
			break;
		case LISTS_ABSENT:
			break;
		}
	}
	return result;
}

static enum resolved
ask_twice(const struct question *q, struct route *r)
{
	enum resolved known = ask_sites(q, LISTS_KNOWN, r);

	if (known == RESOLVED_FOUND)
		return known;
	return ask_sites(q, LISTS_THOROUGH, r);
}

/* A redirect counts with every detail. */
static const char *
find_redirect(const struct domain *d, struct str local)
{
	size_t plus = str_find(local, '+');
	struct str base = plus == STR_NONE ? local : str_head(local, plus);

	for (size_t i = 0; i < d->nsites; i++)
		for (size_t j = 0; j < d->conf[i]->nredirects; j++) {
			const struct conf_redirect *r =
			    &d->conf[i]->redirects[j];

			if (str_is(base, r->local))
				return r->target;
		}
	return NULL;
}

/*
 * A host that lists may have got since the snapshots were made: the sites that
 * take hosts for domains are asked thoroughly.  Without an answer to that the
 * domain is as any shared one; without a list it is not ours.
 */
static enum resolved
ask_for_fresh(const struct sites *s, const struct address *a, struct route *r)
{
	enum resolved result = RESOLVED_ABSENT;

	r->fresh = (struct domain){ .name = a->domain, .discovered = true };
	r->fresh.real = &r->fresh;
	r->fresh.names = &r->fresh.name;
	r->fresh.nnames = 1;
	r->domain = &r->fresh;
	for (size_t i = 0; i < s->n && result != RESOLVED_FOUND; i++) {
		struct site *one = &s->site[i];
		const struct question q = { s, &one, 1, a->local,
			r->domain->names, r->domain->nnames };
		enum resolved answer;

		if (!one->discovers)
			continue;
		answer = ask_sites(&q, LISTS_THOROUGH, r);
		if (answer != RESOLVED_ABSENT)
			result = answer;
	}
	if (result == RESOLVED_ABSENT)
		r->domain = NULL;
	return result;
}

enum resolved
resolve(const struct sites *s, const struct address *a, struct route *r)
{
	const struct domain *d = sites_domain(s, a->domain);

	*r = (struct route){ .domain = d ? d->real : NULL };
	if (a->too_long)
		return RESOLVED_ABSENT;
	if (!r->domain)
		return d ? RESOLVED_ABSENT : ask_for_fresh(s, a, r);
	r->redirect = find_redirect(r->domain, a->local);
	if (r->redirect)
		return RESOLVED_FOUND;
	return ask_twice(&(struct question){ s, r->domain->site,
	    r->domain->nsites, a->local, r->domain->names,
	    r->domain->nnames }, r);
}

enum resolved
resolve_local(const struct sites *s, const struct address *a, struct route *r)
{
	enum resolved result = RESOLVED_ABSENT;

	*r = (struct route){ 0 };
	if (a->too_long)
		return RESOLVED_ABSENT;
	for (size_t i = 0; i < s->n && result == RESOLVED_ABSENT; i++) {
		struct site *one = &s->site[i];

		result = ask_twice(&(struct question){ s, &one, 1, a->local,
		    NULL, 0 }, r);
	}
	return result;
}

enum resolved
resolve_any_host(const struct sites *s, const struct address *a,
    struct route *r)
{
	const struct domain *d = sites_domain(s, a->domain);

	if (!d || !d->real)
		return resolve_local(s, a, r);
	*r = (struct route){ 0 };
	if (a->too_long)
		return RESOLVED_ABSENT;
	return ask_twice(&(struct question){ s, d->real->site,
	    d->real->nsites, a->local, d->real->names, d->real->nnames }, r);
}

/*
 * Enumeration: what a site's lists would answer at is put together, resolved
 * as any address, and kept where it comes out as the same thing.
 */

struct tour {
	const struct sites *sites;
	const struct site *site;
	const struct domain *domain; /* as named; NULL: local parts */
	struct str list;
	resolve_visit_fn *visit;
	void *arg;
};

static int
visit_local(void *arg, struct str local, enum action action)
{
	struct tour *t = arg;
	char text[ADDRESS_BYTES];
	struct address a;
	struct route r;
	struct buf b;
	enum resolved found;

	buf_over(&b, text, sizeof(text));
	buf_str(&b, local);
	if (t->domain) {
		buf_char(&b, '@');
		buf_str(&b, t->domain->name);
		if (address_parse(buf_get(&b), &a) == -1)
			return 0;
		found = resolve(t->sites, &a, &r);
	} else {
		address_parse_local(local, &a);
		found = resolve_local(t->sites, &a, &r);
	}
	if (found != RESOLVED_FOUND || r.site != t->site || r.redirect ||
	    r.meaning.action != action || !mailman_is(&r.meaning, t->list))
		return 0;
	return t->visit(t->arg, buf_get(&b), &r);
}

static int
visit_list(void *arg, const struct list *list)
{
	struct tour *t = arg;
	struct manner how = t->site->manner;

	t->list = list->name;
	if (t->domain) {
		how.names = t->domain->real->names;
		how.nnames = t->domain->real->nnames;
	}
	return t->site->mailman->each_local(&how, list->name, visit_local, t);
}

static int
visit_redirects(const struct tour *t, const struct conf_domain *conf)
{
	for (size_t i = 0; i < conf->nredirects; i++) {
		const struct conf_redirect *one = &conf->redirects[i];
		char text[ADDRESS_BYTES];
		struct route r = { .domain = t->domain->real,
			.redirect = one->target };
		struct buf b;
		int rc;

		/* An earlier site's redirect of that name counts. */
		if (find_redirect(r.domain, str_from(one->local)) !=
		    one->target)
			continue;
		buf_over(&b, text, sizeof(text));
		buf_printf(&b, "%s@", one->local);
		buf_str(&b, t->domain->name);
		rc = t->visit(t->arg, buf_get(&b), &r);
		if (rc)
			return rc;
	}
	return 0;
}

int
resolve_each(const struct sites *s, resolve_visit_fn *visit, void *arg)
{
	struct tour t = { .sites = s, .visit = visit, .arg = arg };

	for (size_t i = 0; i < s->ndomains; i++) {
		const struct domain *real = s->domain[i].real;

		t.domain = &s->domain[i];
		for (size_t j = 0; real && j < real->nsites; j++) {
			int rc;

			t.site = real->site[j];
			rc = visit_redirects(&t, real->conf[j]);
			if (rc == 0)
				rc = t.site->lists->each(t.site->lists,
				    visit_list, &t);
			if (rc)
				return rc;
		}
	}
	return 0;
}

int
resolve_each_local(const struct sites *s, resolve_visit_fn *visit, void *arg)
{
	struct tour t = { .sites = s, .visit = visit, .arg = arg };

	for (size_t i = 0; i < s->n; i++) {
		int rc;

		t.site = &s->site[i];
		rc = t.site->lists->each(t.site->lists, visit_list, &t);
		if (rc)
			return rc;
	}
	return 0;
}
