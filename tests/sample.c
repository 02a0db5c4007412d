#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/sample.h"
#include "base/conf.h"
#include "answer/configuration.h"

/* The part of an entry before its host. */
static struct str
name_of(const char *entry)
{
	return str_head(str_from(entry), strcspn(entry, "@"));
}

static struct str
host_of(const char *entry)
{
	struct str name = name_of(entry);

	return entry[name.n] ? str_tail(str_from(entry), name.n + 1) : STR("");
}

static const char *
find_entry(const char *const *entries, struct str name)
{
	for (; entries && *entries; entries++)
		if (str_eq(name, name_of(*entries)))
			return *entries;
	return NULL;
}

static bool
is(const char *name, struct str which)
{
	return name && str_is(which, name);
}

static enum lists_found
find(const struct lists *l, struct str name, enum lists_from from,
    struct list *out)
{
	const struct sample *s = (const struct sample *)l;
	const char *found = find_entry(s->known, name);
	bool fresh = false;

	if (s->away)
		return from == LISTS_FROM_DISK ? LISTS_AWAY : LISTS_UNSURE;
	if (from == LISTS_FROM_SNAPSHOT && (is(s->doubtful, name) ||
	    (s->is_changing && find_entry(s->fresh, name))))
		return LISTS_UNSURE;
	if (is(s->doubtful, name)) {
		*out = (struct list){ .name = name,
			.host = found ? host_of(found) : STR("") };
		return LISTS_NO_ANSWER;
	}
	if (!found && from == LISTS_FROM_DISK) {
		found = find_entry(s->fresh, name);
		fresh = found != NULL;
	}
	if (!found)
		return LISTS_ABSENT;
	*out = (struct list){ .name = name_of(found), .host = host_of(found),
		.unread = fresh && is(s->unread, name) };
	if (out->unread || is(s->unknown, name)) {
		out->unread = true;
		out->host = STR("");
	}
	return LISTS_FOUND;
}

static enum lists_found
find_changed(const struct lists *l, struct str name, struct list *out)
{
	const struct sample *s = (const struct sample *)l;
	const char *found = find_entry(s->moved, name);

	assert_non_null(find_entry(s->known, name) ? "" :
	    find_entry(s->fresh, name));
	if (s->away)
		return LISTS_AWAY;
	if (is(s->unread, name))
		return LISTS_NO_ANSWER;
	if (!found)
		return LISTS_ABSENT;
	*out = (struct list){ .name = name_of(found), .host = host_of(found) };
	return LISTS_FOUND;
}

static int
each(const struct lists *l, int (*visit)(void *arg, const struct list *list),
    void *arg)
{
	const struct sample *s = (const struct sample *)l;

	if (s->away)
		return -1;
	for (size_t i = 0; s->known[i]; i++) {
		struct list one = { .name = name_of(s->known[i]),
			.host = host_of(s->known[i]) };
		int rc = visit(arg, &one);

		if (rc)
			return rc;
	}
	return 0;
}

static int
each_host(const struct lists *l,
    int (*visit)(void *arg, const struct lists_host *host), void *arg)
{
	const struct sample *s = (const struct sample *)l;

	for (size_t i = 0; s->known[i]; i++) {
		struct lists_host one = { host_of(s->known[i]), 1,
			str_from(s->url), STR("") };
		bool before = false;
		int rc = 0;

		for (size_t j = 0; s->known[j]; j++) {
			bool same = str_eq(one.name, host_of(s->known[j]));

			before |= same && j < i;
			one.count += same && j > i;
		}
		if (!before)
			rc = visit(arg, &one);
		if (rc)
			return rc;
	}
	if (!s->alias)
		return 0;
	return visit(arg, &(struct lists_host){ str_from(s->alias), 0, STR(""),
		str_from(s->alias_of) });
}

static bool
look(const struct lists *l)
{
	return ((const struct sample *)l)->fresh != NULL;
}

static bool
complete(const struct lists *l)
{
	return ((const struct sample *)l)->was_complete;
}

void
sample_lists(struct sample *s, const char *const *known)
{
	*s = (struct sample){
		.lists = {
			.find = find,
			.find_changed = find_changed,
			.each = each,
			.each_host = each_host,
			.look = look,
			.complete = complete,
		},
		.known = known,
	};
}

struct conf *
sample_conf(const char *text)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);
	struct conf *c;
	char path[64];

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	c = configuration_load(path, NULL);
	assert_non_null(c);
	close(fd);
	return c;
}

struct sites *
sample_sites(const struct conf *conf, const struct lists *const *lists_of)
{
	const struct conf_words everything = { 0 };
	struct sites *s = sites_new(conf, lists_of, &everything);

	assert_non_null(s);
	return s;
}
