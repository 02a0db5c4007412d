#include <errno.h>
#include <stdlib.h>

#include "cache/compare.h"
#include "base/str.h"
#include "mailman/directory.h"
#include "mailman/lists.h"
#include "mailman/scan.h"
#include "cache/cache.h"
#include "cache/gone.h"
#include "cache/hosts.h"
#include "cache/rebuild.h"

/* Snapshots are written in the scan's order, so look at the next one first. */
static struct scan_list *
find_in_scan(struct compare *c, struct str name)
{
	size_t low = 0, high = c->scan->n, i = c->next;
	int order;

	if (i >= high)
		i = high / 2;
	while (low < high) {
		order = str_cmp(name, str_from(c->scan->list[i].name));
		if (order == 0) {
			c->next = i + 1;
			return &c->scan->list[i];
		}
		if (order < 0)
			high = i;
		else
			low = i + 1;
		i = low + (high - low) / 2;
	}
	return NULL;
}

/*
 * An entry that nobody may look into is not a list that went; nor is a link,
 * for what it leads to may be on a volume that is away.
 */
static bool
may_still_be_there(const struct compare *c, struct str name)
{
	struct directory_id id = { c->scan->dev, c->scan->ino };

	if (directory_has_link(c->o->lists_dir, name))
		return true;
	return c->scan->doubtful > 0 &&
	    directory_find(c->o->mailman, c->o->lists_dir, &id, name, NULL) !=
	        LISTS_ABSENT;
}

static int
keep_old_record(struct compare *c, struct str name, const struct record *record)
{
	struct host *host = hosts_add(c->hosts, record->host);
	struct kept *more;
	char *copy = str_dup(name);

	more = reallocarray(c->kept, c->nkept + 1, sizeof(*more));
	if (more != NULL)
		c->kept = more;
	if (more == NULL || copy == NULL || host == NULL) {
		free(copy);
		errno = ENOMEM;
		return -1;
	}
	c->kept[c->nkept] = (struct kept){ copy, *record };
	c->kept[c->nkept++].record.host = str_from(host->name);
	return 0;
}

/* A host that is not known may be by now: the file's mode may have changed. */
static int
reuse_old_host(struct compare *c, struct scan_list *now,
    const struct record *old)
{
	struct host *host;

	c->same++;
	if (old->host.n == 0)
		return 0;
	host = hosts_add(c->hosts, old->host);
	if (host == NULL) {
		errno = ENOMEM;
		return -1;
	}
	now->host = host->name;
	return 0;
}

/*
 * Of a changed file that may turn out unreadable.  Without an inode the record
 * is of such a file, which is tried again with every scan.
 */
static int
remember_old_host(struct compare *c, struct scan_list *now,
    const struct record *old)
{
	struct host *host;

	c->same += old->ino == 0;
	if (old->host.n == 0)
		return 0;
	host = hosts_add(c->hosts, old->host);
	if (host == NULL) {
		errno = ENOMEM;
		return -1;
	}
	host->changed = true;
	now->last_host = host->name;
	return 0;
}

static int
add_gone_name(struct compare *c, struct str name)
{
	char **more = reallocarray(c->gone, c->ngone + 1, sizeof(*more));
	char *copy = str_dup(name);

	if (more != NULL)
		c->gone = more;
	if (more == NULL || copy == NULL) {
		free(copy);
		errno = ENOMEM;
		return -1;
	}
	c->gone[c->ngone++] = copy;
	return 0;
}

/* A list that went may be the one that had the host's URL. */
static int
mark_host_changed(struct compare *c, struct str name)
{
	struct host *host = hosts_add(c->hosts, name);

	if (host == NULL) {
		errno = ENOMEM;
		return -1;
	}
	host->changed = true;
	return 0;
}

static int
reuse_old_url(void *arg, struct str name, const struct record_host *r)
{
	struct compare *c = arg;
	struct host *host = hosts_add(c->hosts, name);

	if (host != NULL && hosts_set_url(host, r->url) == 0)
		return 0;
	errno = ENOMEM;
	return -1;
}

static bool
is_unchanged_file(const struct scan_list *now, const struct record *old)
{
	return old->ino == now->ino && old->mtime == now->mtime &&
	    old->size == (uint64_t)now->size;
}

/* What is no list, or none with a directory: nobody misses it. */
static int
compare_no_list(struct compare *c, struct str name, struct scan_list *now,
    const struct record *record)
{
	switch (record->basis) {
	case LISTS_BY_FILE:
		c->file_lists++;
		return 0;
	case LISTS_GONE:
		return now == NULL ? add_gone_name(c, name) : 0;
	default:
		break;
	}
	c->entries++;
	if (now == NULL || !is_unchanged_file(now, record))
		return 0;
	now->known = true;
	now->last_basis = record->basis;
	return reuse_old_host(c, now, record);
}

static int
compare_list(void *arg, struct str name, const struct record *record)
{
	struct compare *c = arg;
	struct scan_list *now = find_in_scan(c, name);

	if (record->basis != LISTS_BY_DIRECTORY &&
	    record->basis != LISTS_BY_BOTH)
		return compare_no_list(c, name, now, record);
	c->entries++;
	c->dir_lists++;
	if (now != NULL) {
		now->last_basis = record->basis;
		now->known = is_unchanged_file(now, record);
		return now->known ? reuse_old_host(c, now, record) :
		    remember_old_host(c, now, record);
	}
	if (may_still_be_there(c, name))
		return keep_old_record(c, name, record);
	c->missing++;
	if (mark_host_changed(c, record->host) == -1 ||
	    add_gone_name(c, name) == -1)
		return -1;
	if (!gone_has(&c->o->gone, name))
		c->unseen++;
	return 0;
}

int
compare(struct compare *c, const struct rebuild_order *o, struct scan *scan,
    struct hosts *hosts, struct cache *old)
{
	const struct record_head *head = cache_head(old);

	*c = (struct compare){ .o = o, .scan = scan, .hosts = hosts };
	c->old_count = head->count;
	c->old_stamp = head->stamp;
	c->other_dir = head->dev != scan->dev || head->ino != scan->ino;
	errno = EPROTO;
	if (cache_each_host(old, reuse_old_url, c) != 0 ||
	    cache_each(old, compare_list, c) != 0)
		return -1;
	return 0;
}

bool
compare_unchanged(const struct compare *c, size_t young)
{
	return !c->other_dir && c->same == c->scan->n - young &&
	    c->same + c->nkept == c->entries &&
	    c->dir_lists + c->file_lists == c->old_count;
}

void
compare_clear(struct compare *c)
{
	size_t i;

	for (i = 0; i < c->nkept; i++)
		free(c->kept[i].name);
	free(c->kept);
	for (i = 0; i < c->ngone; i++)
		free(c->gone[i]);
	free(c->gone);
	*c = (struct compare){ 0 };
}
