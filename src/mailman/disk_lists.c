#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "mailman/disk_lists.h"
#include "base/str.h"
#include "mailman/directory.h"
#include "mailman/entry.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"
#include "mailman/pickle_file.h"

/* Whether NAME is an entry that may become a list by itself. */
static bool
may_become_list(const struct disk_lists *d, struct str name)
{
	char path[PATH_MAX];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/%.*s", d->lists_dir,
	    (int)name.n, name.p);

	return n > 0 && (size_t)n < sizeof(path) && lstat(path, &st) == 0 &&
	    (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode));
}

/* Whether a list has NAME but for the case of letters: it may be the one that
 * is meant, though no address leads to it. */
static bool
has_name_without_case(const struct disk_lists *d, struct str name)
{
	DIR *dir = opendir(d->lists_dir);
	const struct dirent *e;
	struct stat st;
	bool has = false;

	while (dir != NULL && !has && (e = readdir(dir)) != NULL)
		has = str_is_nocase(name, e->d_name) &&
		    d->mailman->is_list(dirfd(dir), e->d_name, &st) != 0;
	if (dir != NULL)
		closedir(dir);
	return has;
}

static enum lists_found
find_disk_list(const struct lists *l, struct str name, enum lists_from from,
    struct list *out)
{
	/* `lists' is its first member, and no struct disk_lists is const. */
	struct disk_lists *d = (struct disk_lists *)l;
	enum lists_found found;

	if (from == LISTS_FROM_SNAPSHOT && !entry_name_ok(name))
		return LISTS_ABSENT;
	found = directory_find(d->mailman, d->lists_dir, NULL, name, NULL);
	*out = (struct list){ .name = name };
	if (found == LISTS_ABSENT && d->unfinished_is_no_answer &&
	    (may_become_list(d, name) || has_name_without_case(d, name)))
		return LISTS_NO_ANSWER;
	if (found != LISTS_FOUND)
		return found;
	out->unread = directory_read(d->mailman, d->lists_dir, name,
	    PICKLE_FILE_MAX, &d->info) == -1;
	out->host = str_from(d->info.host);
	return LISTS_FOUND;
}

/* find_disk_list() looked at the disk already. */
static enum lists_found
find_changed_nothing(const struct lists *l, struct str name, struct list *out)
{
	(void)l;
	*out = (struct list){ .name = name };
	return LISTS_ABSENT;
}

static int
each_disk_list(const struct lists *l,
    int (*visit)(void *arg, const struct list *list), void *arg)
{
	const struct disk_lists *d = (const struct disk_lists *)l;
	DIR *dir = opendir(d->lists_dir);
	const struct dirent *e;
	int rc = 0;

	if (dir == NULL)
		return -1;
	while (rc == 0 && (errno = 0, e = readdir(dir)) != NULL) {
		struct list list = { .name = str_from(e->d_name),
			.unread = true };
		struct stat st;

		if (entry_name_ok(list.name) &&
		    d->mailman->is_list(dirfd(dir), e->d_name, &st) == 1)
			rc = visit(arg, &list);
	}
	if (rc == 0 && errno != 0)
		rc = -1;
	closedir(dir);
	return rc;
}

/* To read every list for the sake of one message would be too dear: the lists
 * that have a host are not enumerated here. */
static int
each_host_of_none(const struct lists *l,
    int (*visit)(void *arg, const struct lists_host *host), void *arg)
{
	(void)l;
	(void)visit;
	(void)arg;
	return 0;
}

/* find_disk_list() asks the disk always. */
static bool
always_false(const struct lists *l)
{
	(void)l;
	return false;
}

void
disk_lists_init(struct disk_lists *d, const struct mailman *mailman,
    const char *lists_dir)
{
	*d = (struct disk_lists){
		.lists = {
			.find = find_disk_list,
			.find_changed = find_changed_nothing,
			.each = each_disk_list,
			.each_host = each_host_of_none,
			.look = always_false,
			.complete = always_false,
		},
		.mailman = mailman,
		.lists_dir = lists_dir,
	};
}

static int
stop_at_first(void *arg, const struct list *list)
{
	(void)arg;
	(void)list;
	return 1;
}

int
disk_lists_any(const struct disk_lists *d)
{
	return d->lists.each(&d->lists, stop_at_first, NULL);
}
