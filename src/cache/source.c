/*
 * What a miss means:
 *
 *	snapshot	directory	answer
 *	any		has it		found
 *	none, or away	has it not	away: it may come back
 *	good		has it not	absent
 *	any		another one	away, until a scan accepts it
 *	good		not asked	absent, unless away
 */
#include <stddef.h>

#include "cache/source.h"
#include "mailman/directory.h"
#include "mailman/scan.h"

/* The lists are the first member, and the source is never const. */
static struct source *
source_of(const struct lists *l)
{
	return (struct source *)l;
}

static enum lists_found
ask_directory(const struct source *s, struct str name, struct stat *config)
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
tell(struct source *s, enum lists_found found)
{
	if (s->differs != NULL)
		s->differs(s->arg, found);
}

/* What the directory says of a list, valid until it is asked again. */
static void
describe(struct source *s, struct str name, struct list *out)
{
	out->name = name;
	out->unread = !directory_read(s->mailman, s->lists_dir, name,
	    DIRECTORY_READ_MAX, &s->asked);
	out->host = str_from(s->asked.host);
}

static enum lists_found
find_on_disk(struct source *s, struct str name, bool known, struct list *out)
{
	enum lists_found found = ask_directory(s, name, NULL);

	if (found == LISTS_ABSENT)
		return known && !s->away ? LISTS_ABSENT : LISTS_AWAY;
	if (found != LISTS_NO_ANSWER)
		tell(s, found);
	if (found == LISTS_FOUND)
		describe(s, name, out);
	return found;
}

static enum lists_found
find(const struct lists *l, struct str name, enum lists_effort effort,
    struct list *out)
{
	struct source *s = source_of(l);
	struct record r;
	int known = -1;

	*out = (struct list){ .name = name };
	if (s->cache != NULL)
		known = cache_find(s->cache, name, &r);
	if (known == 1) {
		out->host = r.host;
		return LISTS_FOUND;
	}
	if (known == 0 && effort == LISTS_KNOWN)
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
	struct source *s = source_of(l);
	enum lists_found found;
	struct record r;
	struct stat st;

	if (s->cache == NULL || cache_find(s->cache, name, &r) != 1)
		return LISTS_ABSENT;
	if (!s->verify)
		return s->trusted && !s->away ? LISTS_ABSENT : LISTS_AWAY;
	found = ask_directory(s, name, &st);
	/* Where the lists are away the list's host may be another by now. */
	if (found == LISTS_ABSENT && s->away)
		return LISTS_AWAY;
	if (found != LISTS_FOUND)
		return found;
	if (r.ino == st.st_ino && r.mtime == scan_mtime(&st) &&
	    r.size == (uint64_t)st.st_size)
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
	const struct list list = { .name = name, .host = r->host };

	return e->visit(e->arg, &list);
}

static int
each(const struct lists *l, int (*visit)(void *arg, const struct list *list),
    void *arg)
{
	struct source *s = source_of(l);
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
	const struct lists_host host = { name, r->count, r->url };

	return e->visit(e->arg, &host);
}

static int
each_host(const struct lists *l,
    int (*visit)(void *arg, const struct lists_host *host), void *arg)
{
	struct source *s = source_of(l);
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
	const struct source *s = source_of(l);

	return s->cache != NULL && s->settled;
}

void
source_init(struct source *s, const struct mailman *mailman,
    const char *lists_dir, bool verify)
{
	*s = (struct source){
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

int
source_reopen(struct source *s, const char *path, const char **err)
{
	struct cache *c;

	if (s->cache != NULL && !cache_replaced(s->cache, path))
		return 0;
	c = cache_open(path, err);
	if (c == NULL)
		return -1;
	cache_close(s->cache);
	s->cache = c;
	if (s->swapped != NULL)
		s->swapped(s->swapped_arg);
	return 1;
}

void
source_clear(struct source *s)
{
	cache_close(s->cache);
	s->cache = NULL;
}
