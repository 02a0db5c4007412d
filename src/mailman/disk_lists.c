#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "mailman/disk_lists.h"
#include "base/str.h"
#include "mailman/directory.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"
#include "mailman/pickle_file.h"

/* Whether an entry of that name may become a list without anybody's doing. */
static bool
is_doubtful(const struct disk_lists *b, struct str name)
{
	char path[PATH_MAX];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/%.*s", b->lists_dir,
	    (int)name.n, name.p);

	return n > 0 && (size_t)n < sizeof(path) && lstat(path, &st) == 0 &&
	    (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode));
}

static enum lists_found
find(const struct lists *l, struct str name, enum lists_from from,
    struct list *out)
{
	/* The lists are the first member, and what is asked is never const. */
	struct disk_lists *b = (struct disk_lists *)l;
	enum lists_found found;

	(void)from;
	found = directory_find(b->mailman, b->lists_dir, NULL, name, NULL);
	*out = (struct list){ .name = name };
	if (found == LISTS_ABSENT && b->strict && is_doubtful(b, name))
		return LISTS_NO_ANSWER;
	if (found != LISTS_FOUND)
		return found;
	out->unread = !directory_read(b->mailman, b->lists_dir, name,
	    PICKLE_FILE_MAX, &b->asked);
	out->host = str_from(b->asked.host);
	return LISTS_FOUND;
}

/* What find() said is how it is. */
static enum lists_found
find_changed(const struct lists *l, struct str name, struct list *out)
{
	(void)l;
	*out = (struct list){ .name = name };
	return LISTS_ABSENT;
}

static int
each(const struct lists *l, int (*visit)(void *arg, const struct list *list),
    void *arg)
{
	const struct disk_lists *b = (const struct disk_lists *)l;
	DIR *d = opendir(b->lists_dir);
	const struct dirent *e;
	int rc = 0;

	if (d == NULL)
		return -1;
	while (rc == 0 && (errno = 0, e = readdir(d)) != NULL) {
		struct list list = { .name = str_from(e->d_name),
			.unread = true };
		struct stat st;

		if (b->mailman->name_ok(list.name) &&
		    b->mailman->is_list(dirfd(d), e->d_name, &st) == 1)
			rc = visit(arg, &list);
	}
	if (rc == 0 && errno != 0)
		rc = -1;
	closedir(d);
	return rc;
}

/* Hosts as domains are found by the list that is asked for. */
static int
each_host(const struct lists *l,
    int (*visit)(void *arg, const struct lists_host *host), void *arg)
{
	(void)l;
	(void)visit;
	(void)arg;
	return 0;
}

static bool
never(const struct lists *l)
{
	(void)l;
	return false;
}

void
disk_lists_init(struct disk_lists *b, const struct mailman *mailman,
    const char *lists_dir)
{
	*b = (struct disk_lists){
		.lists = {
			.find = find,
			.find_changed = find_changed,
			.each = each,
			.each_host = each_host,
			.changing = never,
			.complete = never,
		},
		.mailman = mailman,
		.lists_dir = lists_dir,
	};
}

static int
stop(void *arg, const struct list *list)
{
	(void)arg;
	(void)list;
	return 1;
}

int
disk_lists_inhabited(const struct disk_lists *b)
{
	return b->lists.each(&b->lists, stop, NULL);
}
