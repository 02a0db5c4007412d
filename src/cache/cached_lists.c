/*
 * What find_cached() answers, by what the snapshot has for the name and what
 * the directory then says of it:
 *
 *	snapshot	directory		answer
 *	a list		not asked		found (1)
 *	nothing		has it			found (1)
 *			has it not		absent (2), or away (4) if
 *						`away'
 *			not asked		absent if `trusted', and away
 *						(4) if not, `away', `suspect'
 *	a phantom	has it, as before	absent (2,3), or away if `away'
 *			has it, changed		found (1)
 *			else			as for nothing
 *	gone, no list	as for nothing
 *	a doubtful	has it			found
 *	  entry		has it not		absent, no answer if `away'
 *			not asked, not read	no answer
 *	no snapshot	has it			found (1)
 *			has it not, not asked	away
 *	all but a list	is another directory	away, no answer if it has it
 *			cannot be read		away
 *			cannot tell this name	no answer
 *
 *	An unread list is found; the caller knows what an unknown host means.
 *
 *	(1) No answer while the entry is younger than `settle': Mailman may not
 *	    know it yet.  For a list of the snapshot this is looked at only
 *	    while the snapshot is behind: the list may be a new one of the same
 *	    name.
 *	(2) No answer where Mailman's files changed: they may name it now.
 *	(3) No answer while the entry's last change is younger than `settle'.
 *	(4) No answer where it went with those that make the site away.
 *
 * The directory is asked where `verify' is set.  LISTS_FROM_SNAPSHOT wants the
 * snapshot's word alone: what is no list in it is absent.
 *
 * Away and absent differ in what they do to mail: absent bounces it.  So what
 * may come back with the next mount or the next scan is away.
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

/* `lists' is its first member, and no struct cached_lists is const. */
static struct cached_lists *
cached_lists_of(const struct lists *l)
{
	return (struct cached_lists *)l;
}

/* What "no" of the snapshot is worth where nobody asks the directory. */
static enum lists_found
answer_unverified(const struct cached_lists *s)
{
	return s->fresh.trusted && !s->fresh.away && !s->fresh.suspect ?
	    LISTS_ABSENT : LISTS_AWAY;
}

/* Asks the directory for NAME.  *CONFIG is the stat of the file that makes it a
 * list, where it is found. */
static enum lists_found
find_in_directory(const struct cached_lists *s, struct str name,
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
report_difference(struct cached_lists *s, enum lists_found found)
{
	if (s->differs != NULL)
		s->differs(s->arg, found);
}

/* Reads a list's host from its file.  *OUT is valid until the next such one. */
static void
read_host_from_directory(struct cached_lists *s, struct str name,
    struct list *out)
{
	*out = (struct list){ .name = name };
	if (directory_read(s->mailman, s->lists_dir, name, DIRECTORY_READ_MAX,
	        &s->info) == -1) {
		out->unread = true;
		out->basis = LISTS_UNREAD;
	}
	out->host = str_from(s->info.host);
}

static bool
is_younger_than_settle(const struct cached_lists *s, const struct timespec *t)
{
	struct timespec now;
	double age;

	clock_gettime(CLOCK_REALTIME, &now);
	age = (double)(now.tv_sec - t->tv_sec) +
	    (double)(now.tv_nsec - t->tv_nsec) / 1e9;
	/* An entry from far in the future is not young: it would be so for
	 * ever. */
	return age < s->settle && age > -s->settle;
}

/* The directory has a list that is none in the snapshot. */
static enum lists_found
find_unrecorded(struct cached_lists *s, struct str name, const struct stat *st,
    struct list *out)
{
	bool recent = is_younger_than_settle(s, &st->st_mtim);

	/* While the snapshot is behind a scan is due; an entry that is too
	 * young is not worth one more for each look-up. */
	if (!recent || !s->fresh.behind)
		report_difference(s, LISTS_FOUND);
	if (recent)
		return LISTS_NO_ANSWER;
	read_host_from_directory(s, name, out);
	return LISTS_FOUND;
}

bool
cached_lists_files_changed(const struct cached_lists *s)
{
	return s->cache != NULL && s->data_dir != NULL &&
	    s->mailman->stamp != NULL &&
	    s->mailman->stamp(s->data_dir) != cache_head(s->cache)->stamp;
}

/* The stamp is 0 where this account does not see the files. */
static bool
files_changed_and_readable(const struct cached_lists *s)
{
	return cached_lists_files_changed(s) &&
	    s->mailman->stamp(s->data_dir) != 0;
}

/* The snapshot has nothing for NAME; KNOWN is false where there is none. */
static enum lists_found
find_without_record(struct cached_lists *s, struct str name, bool known,
    struct list *out)
{
	struct stat st;
	enum lists_found found = find_in_directory(s, name, &st);

	/* Mailman 3 has lists without a directory, which its files name. */
	if (found == LISTS_ABSENT && known && !s->fresh.away &&
	    files_changed_and_readable(s)) {
		report_difference(s, LISTS_FOUND);
		return LISTS_NO_ANSWER;
	}
	if (found == LISTS_ABSENT)
		return known && !s->fresh.away ? LISTS_ABSENT : LISTS_AWAY;
	if (found == LISTS_FOUND)
		return find_unrecorded(s, name, &st, out);
	if (found == LISTS_AWAY)
		report_difference(s, found);
	else
		read_host_from_directory(s, name, out);
	return found;
}

static bool
is_file_of_record(const struct record *r, const struct stat *st)
{
	return r->ino == st->st_ino && r->mtime == scan_mtime(st) &&
	    r->size == (uint64_t)st->st_size;
}

/* The snapshot has R for NAME, which is no list: a phantom, or a list that
 * went. */
static enum lists_found
find_recorded_as_none(struct cached_lists *s, struct str name,
    const struct record *r, struct list *out)
{
	enum lists_found found;
	struct stat st;

	if (!s->verify)
		return answer_unverified(s);
	found = find_in_directory(s, name, &st);
	if (found == LISTS_ABSENT && s->fresh.away)
		return LISTS_AWAY;
	if (found != LISTS_FOUND && found != LISTS_ABSENT)
		return found;
	if (found == LISTS_FOUND &&
	    (r->basis != LISTS_PHANTOM || !is_file_of_record(r, &st)))
		return find_unrecorded(s, name, &st, out);
	if (files_changed_and_readable(s) ||
	    (found == LISTS_FOUND && is_younger_than_settle(s, &st.st_ctim))) {
		report_difference(s, LISTS_FOUND);
		return LISTS_NO_ANSWER;
	}
	return s->fresh.away ? LISTS_AWAY : LISTS_ABSENT;
}

/* The snapshot has R for NAME, an entry that could not be looked into.  It may
 * be a list, so only the directory itself can say that it is none. */
static enum lists_found
find_recorded_as_doubtful(struct cached_lists *s, struct str name,
    enum lists_from from, const struct record *r, struct list *out)
{
	enum lists_found found = LISTS_NO_ANSWER;
	struct stat st;

	out->host = r->host;
	if (s->verify && from == LISTS_FROM_DISK)
		found = find_in_directory(s, name, &st);
	if (found == LISTS_FOUND && is_file_of_record(r, &st))
		report_difference(s, found);
	else if (found == LISTS_FOUND)
		return find_unrecorded(s, name, &st, out);
	if (found == LISTS_AWAY || (found == LISTS_ABSENT && s->fresh.away))
		return LISTS_NO_ANSWER;
	return found;
}

/* Whether NAME is a new list by now that has the name of the one in R. */
static bool
is_remade_list(const struct cached_lists *s, struct str name,
    const struct record *r)
{
	struct stat st;

	return s->settle > 0 && s->fresh.behind && s->verify &&
	    find_in_directory(s, name, &st) == LISTS_FOUND &&
	    !is_file_of_record(r, &st) &&
	    is_younger_than_settle(s, &st.st_mtim);
}

static enum lists_found
find_cached(const struct lists *l, struct str name, enum lists_from from,
    struct list *out)
{
	struct cached_lists *s = cached_lists_of(l);
	enum lists_found found;
	struct record r;
	int known = -1;

	*out = (struct list){ .name = name };
	if (s->cache != NULL)
		known = cache_find(s->cache, name, &r);
	if (known == 1 && r.basis == LISTS_NONE)
		known = 0;
	if (known == 1 && r.basis == LISTS_DOUBTFUL)
		return find_recorded_as_doubtful(s, name, from, &r, out);
	if (known == 1 && !record_is_list(&r))
		return from == LISTS_FROM_SNAPSHOT ? LISTS_ABSENT :
		    find_recorded_as_none(s, name, &r, out);
	if (known == 1) {
		if (from == LISTS_FROM_DISK && is_remade_list(s, name, &r))
			return LISTS_NO_ANSWER;
		out->host = r.host;
		out->basis = r.basis;
		out->unread = r.basis == LISTS_UNREAD;
		return LISTS_FOUND;
	}
	if (known == 0 && from == LISTS_FROM_SNAPSHOT)
		return LISTS_ABSENT;
	found = s->verify ? find_without_record(s, name, known == 0, out) :
	    known == 0 ? answer_unverified(s) : LISTS_AWAY;
	/* It went a moment before the others, and the snapshot followed. */
	if (found == LISTS_AWAY && s->lost != NULL && s->lost(s->arg, name))
		return LISTS_NO_ANSWER;
	return found;
}

/*
 * The snapshot has R for NAME, a list whose configuration could not be read.
 * What it says now counts; if it still cannot be read, nothing changed.
 */
static enum lists_found
find_unread_again(struct cached_lists *s, struct str name, struct list *out)
{
	struct stat st;
	enum lists_found found;

	if (!s->verify)
		return LISTS_ABSENT;
	found = find_in_directory(s, name, &st);
	if (found == LISTS_FOUND)
		read_host_from_directory(s, name, out);
	if (found != LISTS_FOUND || out->unread)
		return LISTS_ABSENT;
	report_difference(s, LISTS_FOUND);
	return LISTS_FOUND;
}

/* find_cached() has just read the host of a list that the snapshot lacks. */
static enum lists_found
find_changed_since(const struct lists *l, struct str name, struct list *out)
{
	struct cached_lists *s = cached_lists_of(l);
	enum lists_found found;
	struct record r;
	struct stat st;

	if (s->cache == NULL || cache_find(s->cache, name, &r) != 1 ||
	    r.basis == LISTS_NONE)
		return LISTS_ABSENT;
	if (r.basis == LISTS_UNREAD)
		return find_unread_again(s, name, out);
	if (r.basis == LISTS_DOUBTFUL)
		return LISTS_ABSENT; /* find_cached() has just looked */
	if (!s->verify)
		return answer_unverified(s);
	if (files_changed_and_readable(s)) {
		report_difference(s, LISTS_FOUND);
		return LISTS_NO_ANSWER;
	}
	found = find_in_directory(s, name, &st);
	/* Nobody knows what host the list has where the directory is away. */
	if (found == LISTS_ABSENT && s->fresh.away)
		return LISTS_AWAY;
	if (found == LISTS_NO_ANSWER) {
		read_host_from_directory(s, name, out);
		if (!out->unread && str_eq(out->host, r.host))
			return LISTS_AWAY;
	}
	if (found != LISTS_FOUND)
		return found;
	if (is_file_of_record(&r, &st))
		return LISTS_ABSENT;
	report_difference(s, LISTS_FOUND);
	read_host_from_directory(s, name, out);
	return out->unread ? LISTS_NO_ANSWER : LISTS_FOUND;
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

	if (!record_is_list(r))
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
cache_is_behind(const struct lists *l)
{
	return cached_lists_of(l)->fresh.behind;
}

static bool
cache_is_complete(const struct lists *l)
{
	const struct cached_lists *s = cached_lists_of(l);

	return s->cache != NULL && s->fresh.complete;
}

void
cached_lists_init(struct cached_lists *s, const struct mailman *mailman,
    const char *lists_dir, bool verify)
{
	*s = (struct cached_lists){
		.lists = {
			.find = find_cached,
			.find_changed = find_changed_since,
			.each = each_cached_list,
			.each_host = each_cached_host,
			.changing = cache_is_behind,
			.complete = cache_is_complete,
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

static void
note_swapped(struct cached_lists *s)
{
	s->lists.none_misnamed = false; /* the scan knows that, not the file */
	if (s->swapped != NULL)
		s->swapped(s->swapped_arg);
}

int
cached_lists_reopen(struct cached_lists *s, const char *path, const char **err)
{
	int result = cache_reopen(&s->cache, &s->refused, path, err);

	if (result == 1)
		note_swapped(s);
	return result;
}

int
cached_lists_take(struct cached_lists *s, int fd, const char *path,
    const char **err)
{
	struct cache *given = fd == -1 ? NULL : cache_take(fd, err);

	if (given == NULL)
		return cached_lists_reopen(s, path, err);
	cache_close(s->cache);
	s->cache = given;
	note_swapped(s);
	return 1;
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
}
