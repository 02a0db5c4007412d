/*
 * What Mailman's register says, held against the directories.
 *
 * It is believed of a directory only where it is not older than that: for a
 * directory (at which domain its list is) as soon as it was written after the
 * directory was made; against one (no list at all) only where in addition
 * nothing about the directory changed since, the register is whole, not of
 * the future, still written, and few of the directories would go.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cache/work.h"

#define SECOND ((int64_t)1000000000)

/* A copy of both takes some time to make. */
#define COPY_TIME (60 * SECOND)

/* Whoever writes the register does so soon after a directory came or went. */
#define WRITE_TIME (60 * SECOND)

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* What its files say may count, but nobody writes them any more, or nobody
 * knows when they were written. */
static bool
is_stale(const struct work *w)
{
	return w->reg.mtime > now() + COPY_TIME ||
	    (w->scan.mtime > w->reg.mtime &&
	    now() - w->scan.mtime > WRITE_TIME);
}

static int64_t
changed_at(const struct stat *st)
{
	struct stat change = { .st_mtim = st->st_ctim };

	return scan_mtime(&change);
}

static bool
counts_against(const struct work *w, int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) == 0 &&
	    scan_mtime(&st) <= w->reg.mtime &&
	    changed_at(&st) - COPY_TIME <= w->reg.written;
}

static bool
is_configured(const struct work *w, const char *domain)
{
	for (size_t i = 0; i < w->o->ndomains; i++)
		if (strcmp(w->o->domains[i].name, domain) == 0)
			return true;
	return false;
}

/* Whether the longest end of ID that is a domain has lists that the register
 * knows: then its silence about ID is odd. */
static bool
has_neighbours(const struct work *w, const char *id)
{
	for (;;) {
		const struct host *host;

		id = strchr(id, '.');
		if (id == NULL)
			return false;
		host = hosts_old(&w->hosts, str_from(++id));
		if (host != NULL && host->registered)
			return true;
		if (is_configured(w, id))
			return false;
	}
}

/*
 * Directories that the register does not name become phantoms, unless it names
 * none, as another Mailman's or an empty one, or that would be half of those
 * that should be in it: mail to a list that is none is sent back, a list that
 * is taken for none is refused.
 */
static void
find_phantoms(struct work *w, int dir)
{
	size_t odd = 0, named = 0, all = 0, i;

	for (i = 0; i < w->scan.n; i++) {
		struct scan_list *l = &w->scan.list[i];

		named += l->basis == LISTS_BY_BOTH;
		if (l->young || l->basis == LISTS_BY_BOTH ||
		    register_find(&w->reg, str_from(l->name)) != NULL ||
		    !counts_against(w, dir, l->name))
			continue;
		l->basis = LISTS_PHANTOM;
		odd += has_neighbours(w, l->name);
		all++;
	}
	if (all == 0 || (named > 0 && (odd <= REBUILD_GUARD || odd < named)))
		return;
	work_say(w, "postfix_lmtp of %s lacks %zu of %zu lists and is not "
	    "believed", w->o->data_dir, all, all + named);
	for (i = 0; i < w->scan.n; i++)
		if (w->scan.list[i].basis == LISTS_PHANTOM)
			w->scan.list[i].basis = LISTS_BY_DIRECTORY;
}

/* The register's domain for a directory that is not younger than it. */
static const char *
home_of(struct work *w, struct scan_list *l)
{
	const struct register_list *e =
	    register_find(&w->reg, str_from(l->name));
	const struct host *host;

	l->basis = LISTS_BY_DIRECTORY;
	if (e == NULL || l->mtime > w->reg.mtime)
		return "";
	l->basis = LISTS_BY_BOTH;
	host = hosts_find(&w->hosts, e->host);
	return host == NULL ? NULL : host->name;
}

static bool
in_scan(const struct work *w, struct str id)
{
	size_t low = 0, high = w->scan.n;

	while (low < high) {
		size_t i = low + (high - low) / 2;
		int order = str_cmp(id, str_from(w->scan.list[i].name));

		if (order == 0)
			return true;
		if (order < 0)
			high = i;
		else
			low = i + 1;
	}
	return false;
}

static bool
is_kept(const struct work *w, struct str id)
{
	for (size_t i = 0; i < w->compare.nkept; i++)
		if (str_is(id, w->compare.kept[i].name))
			return true;
	return false;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
by_id(const void *id, const void *name)
{
	return str_cmp(*(const struct str *)id,
	    str_from(*(char *const *)name));
}

/* Its directory went, and the register was not written since. */
static bool
is_gone(const struct work *w, struct str id)
{
	const struct compare *c = &w->compare;

	return c->stamp == w->reg.stamp && c->ngone > 0 &&
	    bsearch(&id, c->gone, c->ngone, sizeof(*c->gone), by_id) != NULL;
}

static int
add_extras(struct work *w)
{
	if (w->compare.ngone > 0)
		qsort(w->compare.gone, w->compare.ngone,
		    sizeof(*w->compare.gone), by_name);
	for (size_t i = 0; i < w->reg.n; i++) {
		const struct register_list *e = &w->reg.list[i];
		struct host *host;
		struct extra *more;

		if (in_scan(w, e->id) || is_kept(w, e->id))
			continue;
		host = hosts_find(&w->hosts, e->host);
		more = reallocarray(w->extra, w->nextra + 1, sizeof(*more));
		if (more != NULL)
			w->extra = more;
		if (more == NULL || host == NULL)
			return -1;
		w->extra[w->nextra++] = (struct extra){ e, host->name,
			is_gone(w, e->id) ? LISTS_GONE : LISTS_BY_FILE };
	}
	return 0;
}

/* The hosts that the register has, as lists' and as domains. */
static int
add_domains(struct work *w)
{
	for (size_t i = 0; i < w->reg.n; i++) {
		struct host *host = hosts_find(&w->hosts,
		    w->reg.list[i].host);

		if (host == NULL)
			return -1;
		host->registered = true;
	}
	for (size_t i = 0; i < w->reg.ndomains; i++) {
		const struct register_domain *d = &w->reg.domain[i];
		struct host *host = hosts_find(&w->hosts, d->name);

		if (host == NULL || hosts_set_real(host, d->host) == -1)
			return -1;
	}
	return 0;
}

/* Whether the lists say what they said in the old snapshot. */
static bool
says_the_same(struct work *w)
{
	for (size_t i = 0; i < w->scan.n; i++) {
		const struct scan_list *l = &w->scan.list[i];

		if (l->known && l->basis != l->last_basis)
			return false;
	}
	return w->compare.stamp == w->reg.stamp;
}

static int
judge_directories(struct work *w)
{
	for (size_t i = 0; i < w->scan.n; i++) {
		struct scan_list *l = &w->scan.list[i];
		const char *before = l->host == NULL ? "" : l->host;

		l->host = home_of(w, l);
		if (l->host == NULL)
			return -1;
		w->told |= l->known && strcmp(before, l->host) != 0;
	}
	return 0;
}

static void
count_hosts(struct work *w)
{
	size_t i;

	for (i = 0; i < w->scan.n; i++) {
		const struct scan_list *l = &w->scan.list[i];

		if (!l->young && l->basis != LISTS_PHANTOM)
			hosts_find(&w->hosts, str_from(l->host))->count++;
	}
	for (i = 0; i < w->compare.nkept; i++)
		hosts_find(&w->hosts, w->compare.kept[i].record.host)->count++;
	for (i = 0; i < w->nextra; i++)
		if (w->extra[i].basis == LISTS_BY_FILE)
			hosts_find(&w->hosts, str_from(w->extra[i].host))
			    ->count++;
}

static int
hold_against(struct work *w)
{
	int dir;

	if (hosts_find(&w->hosts, STR("")) == NULL || add_domains(w) == -1 ||
	    judge_directories(w) == -1 || add_extras(w) == -1)
		return -1;
	dir = open(w->o->lists_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir != -1 && w->reg.whole && !is_stale(w))
		find_phantoms(w, dir);
	if (dir != -1)
		close(dir);
	w->told |= !says_the_same(w);
	count_hosts(w);
	return 0;
}

int
judge(struct work *w)
{
	if (w->o->mailman->read_register(w->o->data_dir, &w->reg) == 0 &&
	    hold_against(w) == 0) {
		if (w->reg.problem[0] != '\0')
			work_say(w, "%s: %s", w->o->data_dir, w->reg.problem);
		else if (w->reg.n > 0 && is_stale(w))
			work_say(w, "postfix_lmtp of %s is older than the last "
			    "change of the lists: if Mailman does not write it "
			    "any more, remove it", w->o->data_dir);
		return 0;
	}
	return work_fail(w, "cannot read Mailman's files", w->o->data_dir,
	    strerror(errno));
}
