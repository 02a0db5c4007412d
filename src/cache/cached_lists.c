/*
 * What find_cached() answers, by what the snapshot has for the name and what
 * else is known (freshness.h, touched.h).  A look is made once a turn: it reads
 * what the watch saw, and takes the identity of the directory.
 *
 *	snapshot	state			FROM_SNAPSHOT	FROM_DISK
 *	a list		-			found		found
 *			touched, has `settle'	unsure		the disk (1)
 *	nothing		not touched		absent (2)	absent (3)
 *			touched			unsure		the disk
 *			not whole, away,	absent (2)	the disk
 *			  suspect, or another
 *			  directory by the look
 *	no list now,	-			unsure		the disk
 *	  phantom, gone,
 *	  doubtful
 *	no snapshot	-			unsure		the disk
 *
 *	(1) The list may be a new one of that name, which Mailman does not know
 *	    yet.  Else a list of the snapshot is found, whatever changed: what
 *	    was removed since is found until the next scan.
 *	(2) That counts if look() says so, which is where (3) holds.
 *	(3) The snapshot is of a scan that began after the watch; the events are
 *	    read to their end, and were queued before the call that made the
 *	    entry returned; the directory is the one that is watched.  So
 *	    whoever knew of a list when he asked, knew it before the look, and
 *	    its name was touched.
 *
 * "The disk" is conclusion.h's table.  Where it is not asked (`verify' is not
 * set) the snapshot is trusted for a while, and away after that.
 */
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "cache/cached_lists.h"
#include "base/conf.h"
#include "base/str.h"
#include "mailman/entry_facts.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"
#include "cache/cache.h"
#include "cache/record.h"
#include "cache/conclusion.h"

/* `lists' is its first member, and no struct cached_lists is const. */
static struct cached_lists *
cached_lists_of(const struct lists *l)
{
	return (struct cached_lists *)l;
}

/* What "no" of the snapshot is worth where nobody asks the disk. */
static enum lists_found
answer_unverified(const struct cached_lists *s)
{
	return s->cache != NULL && s->fresh.trusted && !s->fresh.away &&
	    !s->fresh.suspect ? LISTS_ABSENT : LISTS_AWAY;
}

/* Looks, unless that was done in this turn.  Whether a name was touched that
 * was not before. */
static bool
look_once(struct cached_lists *s)
{
	const size_t before = s->touched.n;

	if (s->look == NULL || s->looked == *s->turn)
		return false;
	s->looked = *s->turn;
	s->in_place = s->look(s->arg);
	return s->touched.n != before;
}

/* Whether the snapshot has all names that were there at the last look, but for
 * those that were touched. */
static bool
has_all_names(const struct cached_lists *s)
{
	return s->cache != NULL && s->in_place && s->fresh.whole &&
	    !s->fresh.away && !s->fresh.suspect;
}

static bool
look_cached(const struct lists *l)
{
	struct cached_lists *s = cached_lists_of(l);

	if (!s->verify)
		return answer_unverified(s) != LISTS_ABSENT;
	return look_once(s) || !has_all_names(s);
}

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* What is there for the conclusion on a name that the snapshot has as R (KNOWN
 * is 1), has not (0), or nobody knows (-1). */
static struct evidence
evidence_for(const struct cached_lists *s, int known, const struct record *r,
    const struct entry_facts *facts)
{
	return (struct evidence){
		.head = known != -1 ? cache_head(s->cache) : NULL,
		.record = known == 1 ? r : NULL,
		.facts = facts,
		.fresh = &s->fresh,
		.settle = s->settle,
		.now = now_ns(),
	};
}

/* Answers for NAME what the conclusion says.  *OUT is valid until the next such
 * answer. */
static enum lists_found
follow_conclusion(struct cached_lists *s, struct str name,
    const struct conclusion *c, const struct entry_facts *f, struct list *out)
{
	if (c->differs != LISTS_ABSENT && s->differs != NULL)
		s->differs(s->arg, c->differs);
	if (c->host_on_disk) {
		s->info = f->info;
		*out = (struct list){ .name = name,
			.host = str_from(s->info.host), .unread = f->unread,
			.basis = f->unread ? LISTS_UNREAD :
			    LISTS_BY_DIRECTORY };
	}
	return c->found;
}

static int
find_record(const struct cached_lists *s, struct str name, struct record *r)
{
	return s->cache != NULL ? cache_find(s->cache, name, r) : -1;
}

/* Where the disk does not tell (yet) of a name that the snapshot does not know
 * anything of, that is a doubt about the whole site. */
static enum lists_found
find_on_disk(struct cached_lists *s, struct list *out)
{
	struct entry_facts facts;
	struct evidence e;
	struct conclusion c;
	struct record r;
	const int known = find_record(s, out->name, &r);

	if (s->facts(s->arg, out->name, &facts) != 1)
		return known == 1 || touched_has(&s->touched, out->name) ?
		    LISTS_NO_ANSWER : LISTS_AWAY;
	e = evidence_for(s, known, &r, &facts);
	c = conclude_name(&e);
	return follow_conclusion(s, out->name, &c, &facts, out);
}

/* The snapshot has nothing for OUT->name (KNOWN is 0), an entry that is no list
 * (1), or nobody knows (-1). */
static enum lists_found
find_no_list(struct cached_lists *s, int known, struct list *out)
{
	const bool doubtful = known == 1 && out->basis == LISTS_DOUBTFUL;
	enum lists_found found;

	*out = (struct list){ .name = out->name,
		.host = doubtful ? out->host : STR("") };
	if (!s->verify && known != -1)
		return doubtful ? LISTS_NO_ANSWER : answer_unverified(s);
	if (!s->verify)
		return LISTS_AWAY;
	(void)look_once(s);
	if (known == 0 && has_all_names(s) &&
	    !touched_has(&s->touched, out->name))
		return LISTS_ABSENT;
	found = find_on_disk(s, out);
	/* It went a moment before the others, and the snapshot followed. */
	if (found == LISTS_AWAY && s->lost != NULL &&
	    s->lost(s->arg, out->name))
		return LISTS_NO_ANSWER;
	return found;
}

/* Whether the list NAME of the snapshot may be a new one by now, which Mailman
 * does not know yet. */
static bool
may_be_remade(const struct cached_lists *s, struct str name)
{
	return s->settle > 0 && s->verify && touched_has(&s->touched, name);
}

static enum lists_found
find_cached(const struct lists *l, struct str name, enum lists_from from,
    struct list *out)
{
	struct cached_lists *s = cached_lists_of(l);
	const bool snapshot = from == LISTS_FROM_SNAPSHOT;
	const int known = s->cache == NULL ? -1 :
	    cache_look(s->cache, name, &out->host, &out->basis);

	out->name = name;
	if (known == 1 && lists_basis_is_list(out->basis)) {
		out->unread = out->basis == LISTS_UNREAD;
		if (!may_be_remade(s, name))
			return LISTS_FOUND;
		return snapshot ? LISTS_UNSURE : find_on_disk(s, out);
	}
	if (!snapshot)
		return find_no_list(s, known, out);
	return known == 0 && !touched_has(&s->touched, name) ? LISTS_ABSENT :
	    LISTS_UNSURE;
}

/* find_cached() has just read the host of a list that the snapshot lacks. */
static enum lists_found
find_changed_since(const struct lists *l, struct str name, struct list *out)
{
	struct cached_lists *s = cached_lists_of(l);
	struct entry_facts facts;
	struct evidence e;
	struct conclusion c;
	struct record r;

	if (find_record(s, name, &r) != 1 || r.basis == LISTS_DOUBTFUL ||
	    r.basis == LISTS_NONE)
		return LISTS_ABSENT;
	if (!s->verify)
		return r.basis == LISTS_UNREAD ? LISTS_ABSENT :
		    answer_unverified(s);
	if (s->facts(s->arg, name, &facts) != 1)
		return LISTS_NO_ANSWER;
	e = evidence_for(s, 1, &r, &facts);
	c = conclude_host(&e);
	return follow_conclusion(s, name, &c, &facts, out);
}

struct cached_list_visitor {
	int (*visit)(void *arg, const struct list *list);
	void *arg;
};

static int
visit_cached_list(void *arg, struct str name, const struct record *r)
{
	const struct cached_list_visitor *e = arg;
	const struct list list = { .name = name, .host = r->host,
		.unread = r->basis == LISTS_UNREAD, .basis = r->basis };

	if (!lists_basis_is_list(r->basis))
		return 0;
	return e->visit(e->arg, &list);
}

static int
each_cached_list(const struct lists *l,
    int (*visit)(void *arg, const struct list *list), void *arg)
{
	struct cached_lists *s = cached_lists_of(l);
	struct cached_list_visitor e = { visit, arg };

	if (s->cache == NULL)
		return -1;
	return cache_each(s->cache, visit_cached_list, &e);
}

struct cached_host_visitor {
	int (*visit)(void *arg, const struct lists_host *host);
	void *arg;
};

static int
visit_cached_host(void *arg, struct str name, const struct record_host *r)
{
	const struct cached_host_visitor *e = arg;
	const struct lists_host host = { name, r->count, r->url, r->real };

	return e->visit(e->arg, &host);
}

static int
each_cached_host(const struct lists *l,
    int (*visit)(void *arg, const struct lists_host *host), void *arg)
{
	struct cached_lists *s = cached_lists_of(l);
	struct cached_host_visitor e = { visit, arg };

	if (s->cache == NULL)
		return 0;
	return cache_each_host(s->cache, visit_cached_host, &e);
}

static bool
cache_is_complete(const struct lists *l)
{
	const struct cached_lists *s = cached_lists_of(l);

	return s->cache != NULL && s->fresh.complete;
}

void
cached_lists_init(struct cached_lists *s, const struct mailman *mailman,
    bool verify)
{
	*s = (struct cached_lists){
		.lists = {
			.find = find_cached,
			.find_changed = find_changed_since,
			.each = each_cached_list,
			.each_host = each_cached_host,
			.look = look_cached,
			.complete = cache_is_complete,
		},
		.mailman = mailman,
		.verify = verify,
	};
}

void
cached_lists_configure(struct cached_lists *s, const struct conf_site *site)
{
	s->settle = s->mailman->settles ? site->settle : 0;
}

static void
note_swapped(struct cached_lists *s, bool same_hosts)
{
	s->lists.none_misnamed = false; /* the scan knows that, not the file */
	if (s->swapped != NULL)
		s->swapped(s->swapped_arg, &s->lists, same_hosts);
}

int
cached_lists_reopen(struct cached_lists *s, const char *path, const char **err)
{
	int result = cache_reopen(&s->cache, &s->refused, path, err);

	if (result == 1)
		note_swapped(s, false);
	return result;
}

struct cache *
cached_lists_swap(struct cached_lists *s, struct cache *fresh)
{
	struct cache *old = s->cache;

	s->cache = fresh;
	note_swapped(s, old != NULL && cache_same_hosts(old, fresh));
	return old;
}

const size_t *
cached_lists_census(const struct cached_lists *s)
{
	return s->cache == NULL ? NULL : cache_census(s->cache);
}

void
cached_lists_clear(struct cached_lists *s)
{
	cache_close(s->cache);
	s->cache = NULL;
	touched_clear(&s->touched);
}
