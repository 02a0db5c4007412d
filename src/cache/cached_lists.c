/*
 * What a miss means:
 *
 *	snapshot	directory	answer
 *	any		has it		found
 *	none, or away	has it not	away: it may come back
 *	good		has it not	absent
 *	any		another one	away, until a scan accepts it
 *	good		not asked	absent, unless away
 *
 * Where new lists settle, a directory that the snapshot does not have is no
 * answer while it is young.  A phantom of the snapshot is absent as long as
 * neither it nor Mailman's register changed.
 */
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cache/cached_lists.h"
#include "base/conf.h"
#include "base/str.h"
#include "mailman/directory.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"
#include "mailman/scan.h"
#include "cache/cache.h"
#include "cache/record.h"

/* The lists are the first member, and the source is never const. */
static struct cached_lists *
source_of(const struct lists *l)
{
	return (struct cached_lists *)l;
}

static enum lists_found
ask_directory(const struct cached_lists *s, struct str name,
    struct stat *config)
{
	struct directory_id id, *must_be = NULL;
	const struct record_head *head;

	if (s->cache != NULL) {
		head = cache_head(s->cache);
		id = (struct directory_id){ head->dev, head->ino };
		must_be = &id;
	}
	return directory_find(s->mailman, s->lists_dir, must_be, name, config);
}

static void
tell(struct cached_lists *s, enum lists_found found)
{
	if (s->differs != NULL)
		s->differs(s->arg, found);
}

/* What the directory says of a list, valid until it is asked again. */
static void
describe(struct cached_lists *s, struct str name, struct list *out)
{
	out->name = name;
	out->unread = !directory_read(s->mailman, s->lists_dir, name,
	    DIRECTORY_READ_MAX, &s->asked);
	out->host = str_from(s->asked.host);
}

static bool
is_recent(const struct cached_lists *s, const struct timespec *t)
{
	struct timespec now;
	double age;

	clock_gettime(CLOCK_REALTIME, &now);
	age = (double)(now.tv_sec - t->tv_sec) +
	    (double)(now.tv_nsec - t->tv_nsec) / 1e9;
	/* What was made in the future is as good as old. */
	return age < s->settle && age > -s->settle;
}

/* That there is a list which the snapshot lacks. */
static enum lists_found
accept(struct cached_lists *s, struct str name, const struct stat *st,
    struct list *out)
{
	bool recent = is_recent(s, &st->st_mtim);

	/* Who knows of changes looks for it by itself. */
	if (!recent || !s->behind)
		tell(s, LISTS_FOUND);
	if (recent)
		return LISTS_NO_ANSWER;
	describe(s, name, out);
	return LISTS_FOUND;
}

bool
cached_lists_is_rewritten(const struct cached_lists *s)
{
	return s->cache != NULL && s->data_dir != NULL &&
	    s->mailman->stamp != NULL &&
	    s->mailman->stamp(s->data_dir) != cache_head(s->cache)->stamp;
}

/* The same, where not everybody may see the files. */
static bool
is_rewritten(const struct cached_lists *s)
{
	return cached_lists_is_rewritten(s) &&
	    s->mailman->stamp(s->data_dir) != 0;
}

static enum lists_found
find_on_disk(struct cached_lists *s, struct str name, bool known,
    struct list *out)
{
	struct stat st;
	enum lists_found found = ask_directory(s, name, &st);

	/* Of Mailman 3 there are lists without a directory. */
	if (found == LISTS_ABSENT && known && !s->away && is_rewritten(s)) {
		tell(s, LISTS_FOUND);
		return LISTS_NO_ANSWER;
	}
	if (found == LISTS_ABSENT)
		return known && !s->away ? LISTS_ABSENT : LISTS_AWAY;
	if (found == LISTS_FOUND)
		return accept(s, name, &st, out);
	if (found == LISTS_AWAY)
		tell(s, found);
	return found;
}

static bool
is_same(const struct record *r, const struct stat *st)
{
	return r->ino == st->st_ino && r->mtime == scan_mtime(st) &&
	    r->size == (uint64_t)st->st_size;
}

/* What the snapshot has for no list, though there is, or was, a directory. */
static enum lists_found
find_hidden(struct cached_lists *s, struct str name, const struct record *r,
    struct list *out)
{
	enum lists_found found;
	struct stat st;

	if (!s->verify)
		return s->trusted && !s->away ? LISTS_ABSENT : LISTS_AWAY;
	found = ask_directory(s, name, &st);
	if (found == LISTS_ABSENT && s->away)
		return LISTS_AWAY;
	if (found != LISTS_FOUND && found != LISTS_ABSENT)
		return found;
	if (found == LISTS_FOUND &&
	    (r->basis != LISTS_PHANTOM || !is_same(r, &st)))
		return accept(s, name, &st, out);
	if (is_rewritten(s) ||
	    (found == LISTS_FOUND && is_recent(s, &st.st_ctim))) {
		tell(s, LISTS_FOUND);
		return LISTS_NO_ANSWER;
	}
	return s->away ? LISTS_AWAY : LISTS_ABSENT;
}

/* While changes are known, a new list may have the name of one that went. */
static bool
is_another(const struct cached_lists *s, struct str name,
    const struct record *r)
{
	struct stat st;

	return s->settle > 0 && s->behind && s->verify &&
	    ask_directory(s, name, &st) == LISTS_FOUND && !is_same(r, &st) &&
	    is_recent(s, &st.st_mtim);
}

static enum lists_found
find(const struct lists *l, struct str name, enum lists_from from,
    struct list *out)
{
	struct cached_lists *s = source_of(l);
	struct record r;
	int known = -1;

	*out = (struct list){ .name = name };
	if (s->cache != NULL)
		known = cache_find(s->cache, name, &r);
	if (known == 1 && !record_counts(&r))
		return from == LISTS_FROM_SNAPSHOT ? LISTS_ABSENT :
		    find_hidden(s, name, &r, out);
	if (known == 1) {
		if (from == LISTS_FROM_DISK && is_another(s, name, &r))
			return LISTS_NO_ANSWER;
		out->host = r.host;
		out->basis = r.basis;
		return LISTS_FOUND;
	}
	if (known == 0 && from == LISTS_FROM_SNAPSHOT)
		return LISTS_ABSENT;
	if (s->verify)
		return find_on_disk(s, name, known == 0, out);
	return known == 0 && !s->away && s->trusted ? LISTS_ABSENT :
	    LISTS_AWAY;
}

/* A list that is not in the snapshot was described by the directory. */
static enum lists_found
find_changed(const struct lists *l, struct str name, struct list *out)
{
	struct cached_lists *s = source_of(l);
	enum lists_found found;
	struct record r;
	struct stat st;

	if (s->cache == NULL || cache_find(s->cache, name, &r) != 1)
		return LISTS_ABSENT;
	if (!s->verify)
		return s->trusted && !s->away ? LISTS_ABSENT : LISTS_AWAY;
	if (is_rewritten(s)) {
		tell(s, LISTS_FOUND);
		return LISTS_NO_ANSWER;
	}
	found = ask_directory(s, name, &st);
	/* Where the lists are away the list's host may be another by now. */
	if (found == LISTS_ABSENT && s->away)
		return LISTS_AWAY;
	if (found != LISTS_FOUND)
		return found;
	if (is_same(&r, &st))
		return LISTS_ABSENT;
	tell(s, LISTS_FOUND);
	describe(s, name, out);
	return out->unread ? LISTS_NO_ANSWER : LISTS_FOUND;
}

struct each {
	int (*visit)(void *arg, const struct list *list);
	void *arg;
};

static int
visit_list(void *arg, struct str name, const struct record *r)
{
	const struct each *e = arg;
	const struct list list = { .name = name, .host = r->host,
		.basis = r->basis };

	if (!record_counts(r))
		return 0;
	return e->visit(e->arg, &list);
}

static int
each(const struct lists *l, int (*visit)(void *arg, const struct list *list),
    void *arg)
{
	struct cached_lists *s = source_of(l);
	struct each e = { visit, arg };

	if (s->cache == NULL)
		return -1;
	return cache_each(s->cache, visit_list, &e);
}

struct each_host {
	int (*visit)(void *arg, const struct lists_host *host);
	void *arg;
};

static int
visit_host(void *arg, struct str name, const struct record_host *r)
{
	const struct each_host *e = arg;
	const struct lists_host host = { name, r->count, r->url, r->real };

	return e->visit(e->arg, &host);
}

static int
each_host(const struct lists *l,
    int (*visit)(void *arg, const struct lists_host *host), void *arg)
{
	struct cached_lists *s = source_of(l);
	struct each_host e = { visit, arg };

	return s->cache == NULL ? 0 : cache_each_host(s->cache, visit_host, &e);
}

static bool
changing(const struct lists *l)
{
	return source_of(l)->behind;
}

static bool
complete(const struct lists *l)
{
	const struct cached_lists *s = source_of(l);

	return s->cache != NULL && s->settled;
}

void
cached_lists_init(struct cached_lists *s, const struct mailman *mailman,
    const char *lists_dir, bool verify)
{
	*s = (struct cached_lists){
		.lists = {
			.find = find,
			.find_changed = find_changed,
			.each = each,
			.each_host = each_host,
			.changing = changing,
			.complete = complete,
		},
		.mailman = mailman,
		.lists_dir = lists_dir,
		.verify = verify,
	};
}

void
cached_lists_configure(struct cached_lists *s, const struct conf_site *site)
{
	s->lists_dir = site->lists_dir;
	s->data_dir = site->data_dir;
	s->settle = s->mailman->settles ? site->settle : 0;
}

int
cached_lists_reopen(struct cached_lists *s, const char *path, const char **err)
{
	struct cache *c;

	if (s->cache != NULL && !cache_replaced(s->cache, path))
		return 0;
	c = cache_open(path, err);
	if (c == NULL)
		return -1;
	cache_close(s->cache);
	s->cache = c;
	s->counted = false;
	if (s->swapped != NULL)
		s->swapped(s->swapped_arg);
	return 1;
}

static int
count(void *arg, struct str name, const struct record *r)
{
	struct cached_lists *s = arg;

	(void)name;
	s->census[r->basis]++;
	return 0;
}

const size_t *
cached_lists_census(struct cached_lists *s)
{
	if (s->cache == NULL)
		return NULL;
	if (!s->counted) {
		memset(s->census, 0, sizeof(s->census));
		s->counted = cache_each(s->cache, count, s) == 0;
	}
	return s->census;
}

void
cached_lists_clear(struct cached_lists *s)
{
	cache_close(s->cache);
	s->cache = NULL;
}
