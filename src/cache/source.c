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

/* The lists are the first member, and the source is never const. */
static struct source *
source_of(const struct lists *l)
{
	return (struct source *)l;
}

static enum lists_found
ask_directory(struct source *s, struct str name, bool known)
{
	struct directory_id id, *must_be = NULL;
	const struct record_head *head;
	enum lists_found found;

	if (s->cache != NULL) {
		head = cache_head(s->cache);
		id = (struct directory_id){ head->dev, head->ino };
		must_be = &id;
	}
	found = directory_find(s->mailman, s->lists_dir, must_be, name);
	if (found == LISTS_ABSENT)
		return known && !s->away ? LISTS_ABSENT : LISTS_AWAY;
	if (found != LISTS_NO_ANSWER && s->differs != NULL)
		s->differs(s->arg, found);
	return found;
}

static enum lists_found
find(const struct lists *l, struct str name, enum lists_effort effort,
    struct list *out)
{
	struct source *s = source_of(l);
	struct record r;
	int known = -1;

	out->name = name;
	if (s->cache != NULL)
		known = cache_find(s->cache, name, &r);
	if (known == 1)
		return LISTS_FOUND;
	if (known == 0 && effort == LISTS_KNOWN)
		return LISTS_ABSENT;
	if (s->verify)
		return ask_directory(s, name, known == 0);
	return known == 0 && !s->away ? LISTS_ABSENT : LISTS_AWAY;
}

struct each {
	int (*visit)(void *arg, const struct list *list);
	void *arg;
};

static int
visit_list(void *arg, struct str name, const struct record *r)
{
	const struct each *e = arg;
	struct list list = { .name = name };

	(void)r;
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
			.each = each,
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
	return 1;
}

void
source_clear(struct source *s)
{
	cache_close(s->cache);
	s->cache = NULL;
}
