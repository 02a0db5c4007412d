/*
 * The sites are asked for what their snapshots know first: a look-up of a list
 * that exists costs no system call.  What is absent there is absent if a look,
 * one a turn, tells that the snapshots have all names; else, and where a name
 * on the way to the answer is in doubt, the disk is asked.
 */
#include <string.h>

#include "mailman/resolve.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/str.h"
#include "mailman/address.h"
#include "mailman/domain_site.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"
#include "mailman/reading.h"
#include "mailman/sites.h"

#define REASON_AWAY                                                           \
	"the lists directory cannot be read, or not be believed, now: see "   \
	"listmap status"
#define REASON_NAME "this list's directory cannot be read now, or is new"
#define REASON_HOST                                                           \
	"this list's configuration cannot be read now, so nobody knows its "  \
	"host"
#define REASON_MISNAMED                                                       \
	"this list's directory has a name that no address leads to"

/* The longest address that a list can have, in bytes. */
#define ADDRESS_BYTES 1024

/* A local part, and the sites that may know it. */
struct question {
	struct str local;
	const struct domain_site *at;
	size_t n;
	bool any_host; /* the lists' hosts do not matter, nor the domain */
	bool hasty;    /* the snapshots alone are asked */
};

static enum lists_found
search_site(const struct question *q, const struct domain_site *at,
    enum lists_from from, struct reading *reading)
{
	struct address_rules rules;

	if (!q->any_host)
		return reading_find(&at->rules, at->site->lists, from,
		    q->local, reading);
	rules = at->rules;
	rules.answers_here = NULL;
	rules.joints = at->site->mailman->misname_joints;
	return reading_find(&rules, at->site->lists, from, q->local, reading);
}

/* Whether a site that is away may pass for one that has no such list. */
static bool
passes_for_absent(const struct question *q, const struct domain_site *at)
{
	const struct lists *lists = at->site->lists;

	return !q->any_host && at->domain && !at->domain->dedicated &&
	    lists->complete(lists);
}

/*
 * Asks the sites in order: the first found counts.  A site's doubt about that
 * very name ends the search; a site that is away, or has a directory that is
 * only named like such a list, counts only when no other found it.  *UNSURE
 * becomes true where a snapshot leaves the answer to the disk.
 */
static enum resolved
search_sites(const struct question *q, enum lists_from from, struct route *r,
    bool *unsure)
{
	enum resolved result = RESOLVED_ABSENT;

	for (size_t i = 0; i < q->n; i++) {
		const struct domain_site *at = &q->at[i];

		switch (search_site(q, at, from, &r->reading)) {
		case LISTS_FOUND:
			r->site = at->site;
			return RESOLVED_FOUND;
		case LISTS_UNSURE:
			*unsure = true;
			return RESOLVED_NO_ANSWER;
		case LISTS_NO_ANSWER:
			result = RESOLVED_NO_ANSWER;
			r->reason = r->reading.host_unknown ? REASON_HOST :
			    REASON_NAME;
			if (!r->reading.misnamed)
				return result;
			r->reason = REASON_MISNAMED;
			break;
		case LISTS_AWAY:
			if (passes_for_absent(q, at))
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

/* Whether a look tells that the disk has to be asked. */
static bool
look_at_sites(const struct question *q)
{
	bool ask = false;

	for (size_t i = 0; i < q->n; i++) {
		const struct lists *lists = q->at[i].site->lists;

		ask |= lists->look(lists);
	}
	return ask;
}

static int
stop_at_list(void *arg, const struct list *list)
{
	(void)arg;
	(void)list;
	return 1;
}

/* Whether there is a snapshot of each site: then what it is unsure of is none
 * of its lists that answer at this domain. */
static bool
have_lists(const struct question *q)
{
	for (size_t i = 0; i < q->n; i++) {
		const struct lists *l = q->at[i].site->lists;

		if (l->each(l, stop_at_list, NULL) == -1)
			return false;
	}
	return true;
}

/* Asks the snapshots, and the disk what they do not know. */
static enum resolved
search(const struct question *q, struct route *r)
{
	bool unsure = false;
	enum resolved known = search_sites(q, LISTS_FROM_SNAPSHOT, r, &unsure);

	if (q->hasty)
		return unsure && have_lists(q) ? RESOLVED_ABSENT : known;
	if (known == RESOLVED_FOUND || (!unsure && !look_at_sites(q)))
		return known;
	return search_sites(q, LISTS_FROM_DISK, r, &unsure);
}

/* The target of the redirect for LOCAL, with any detail; or NULL. */
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

/* The reading is written by whoever looks for one. */
static void
begin_route(struct route *r, const struct domain *d)
{
	r->domain = d;
	r->site = NULL;
	r->redirect = NULL;
	r->reason = NULL;
}

/*
 * A domain that no index has may be a host that lists got since the snapshots
 * were made.  The sites that take hosts for domains look on disk.  If they
 * have no answer, the domain counts as a shared one; if no list has the host,
 * the domain is not ours.
 */
static enum resolved
search_new_domain(const struct sites *s, const struct address *a,
    struct route *r)
{
	enum resolved result = RESOLVED_ABSENT;

	r->new_domain = (struct domain){ .name = a->domain,
		.discovered = true };
	r->new_domain.real = &r->new_domain;
	r->new_domain.names = &r->new_domain.name;
	r->new_domain.nnames = 1;
	r->domain = &r->new_domain;
	for (size_t i = 0; i < s->n && result != RESOLVED_FOUND; i++) {
		struct domain_site at;
		enum resolved answer;

		if (!s->site[i].discovers)
			continue;
		domain_site_init(&at, s, &s->site[i], r->domain);
		answer = search(&(struct question){ .local = a->local,
		    .at = &at, .n = 1 }, r);
		if (answer != RESOLVED_ABSENT)
			result = answer;
	}
	if (result == RESOLVED_ABSENT)
		r->domain = NULL;
	return result;
}

static enum resolved
resolve_address(const struct sites *s, const struct address *a,
    struct route *r, bool hasty)
{
	const struct domain *named = sites_domain(s, a->domain);
	const struct domain *d = named ? named->real : NULL;

	begin_route(r, d);
	if (a->too_long)
		return RESOLVED_ABSENT;
	if (!d)
		return named || hasty ? RESOLVED_ABSENT :
		    search_new_domain(s, a, r);
	if (d->redirects)
		r->redirect = find_redirect(d, a->local);
	if (r->redirect) {
		r->reading = (struct reading){ 0 };
		return RESOLVED_FOUND;
	}
	return search(&(struct question){ .local = a->local, .at = d->at,
	    .n = d->nsites, .hasty = hasty }, r);
}

enum resolved
resolve(const struct sites *s, const struct address *a, struct route *r)
{
	return resolve_address(s, a, r, false);
}

enum resolved
resolve_hastily(const struct sites *s, const struct address *a,
    struct route *r)
{
	return resolve_address(s, a, r, true);
}

enum resolved
resolve_local(const struct sites *s, const struct address *a, struct route *r)
{
	enum resolved result = RESOLVED_ABSENT;

	begin_route(r, NULL);
	if (a->too_long)
		return RESOLVED_ABSENT;
	for (size_t i = 0; i < s->n && result == RESOLVED_ABSENT; i++) {
		struct domain_site at;

		domain_site_init(&at, s, &s->site[i], NULL);
		result = search(&(struct question){ .local = a->local,
		    .at = &at, .n = 1 }, r);
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
	begin_route(r, NULL);
	if (a->too_long)
		return RESOLVED_ABSENT;
	return search(&(struct question){ .local = a->local,
	    .at = d->real->at, .n = d->real->nsites, .any_host = true }, r);
}

/*
 * Enumeration: for each list the addresses that it may have are put together
 * and resolved like any other address.  One counts if it leads back to that
 * list, with the same action.
 */

struct address_visit {
	const struct sites *sites;
	const struct site *site;
	const struct domain *domain; /* as named; NULL: local parts */
	struct str list;
	resolve_visit_fn *visit;
	void *arg;
};

static int
visit_address(void *arg, struct str local, enum action action)
{
	struct address_visit *t = arg;
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
	    r.reading.action != action || !reading_is(&r.reading, t->list))
		return 0;
	return t->visit(t->arg, buf_get(&b), &r);
}

static int
visit_addresses(void *arg, const struct list *list)
{
	struct address_visit *t = arg;
	struct address_rules rules = t->site->rules;

	t->list = list->name;
	if (t->domain) {
		rules.names = t->domain->real->names;
		rules.nnames = t->domain->real->nnames;
	}
	return t->site->mailman->each_local(&rules, list->name, visit_address,
	    t);
}

static int
visit_redirects(const struct address_visit *t, const struct conf_domain *conf)
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
	struct address_visit t = { .sites = s, .visit = visit, .arg = arg };

	for (size_t i = 0; i < s->ndomains; i++) {
		const struct domain *real = s->domain[i].real;

		t.domain = &s->domain[i];
		for (size_t j = 0; real && j < real->nsites; j++) {
			int rc;

			t.site = real->site[j];
			rc = visit_redirects(&t, real->conf[j]);
			if (rc == 0)
				rc = t.site->lists->each(t.site->lists,
				    visit_addresses, &t);
			if (rc)
				return rc;
		}
	}
	return 0;
}

int
resolve_each_local(const struct sites *s, resolve_visit_fn *visit, void *arg)
{
	struct address_visit t = { .sites = s, .visit = visit, .arg = arg };

	for (size_t i = 0; i < s->n; i++) {
		int rc;

		t.site = &s->site[i];
		rc = t.site->lists->each(t.site->lists, visit_addresses, &t);
		if (rc)
			return rc;
	}
	return 0;
}
