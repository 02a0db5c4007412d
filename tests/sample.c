#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "sample.h"
#include "programs/program.h"

static const char *
find_name(const char *const *names, struct str name)
{
	for (; names && *names; names++)
		if (str_is(name, *names))
			return *names;
	return NULL;
}

static enum lists_found
find(const struct lists *l, struct str name, enum lists_effort effort,
    struct list *out)
{
	const struct sample *s = (const struct sample *)l;
	const char *found = find_name(s->known, name);

	if (s->away)
		return LISTS_AWAY;
	if (s->doubtful && str_is(name, s->doubtful))
		return LISTS_NO_ANSWER;
	if (!found && effort == LISTS_THOROUGH)
		found = find_name(s->fresh, name);
	if (!found)
		return LISTS_ABSENT;
	*out = (struct list){ .name = str_from(found) };
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
		struct list one = { .name = str_from(s->known[i]) };
		int rc = visit(arg, &one);

		if (rc)
			return rc;
	}
	return 0;
}

static bool
changing(const struct lists *l)
{
	return ((const struct sample *)l)->is_changing;
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
		.lists = { find, each, changing, complete },
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
	c = program_reread(path);
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
