/*
 * Each record of the old snapshot is one of these:
 *
 *	a list with a directory, which the scan has as well: it is the same
 *	    where its file has the same inode, time and size;
 *	a list with a directory, which the scan lacks: it is kept where nobody
 *	    may look into its entry, else it is missing;
 *	a phantom, which is compared in the same way, but is never missing;
 *	a list without a directory: it is counted only, for reconcile() finds it
 *	    again in Mailman's files;
 *	a list whose directory went while Mailman's files still named it: its
 *	    name is passed on to reconcile(), unless the scan has it again.
 *
 * What is in the scan alone is new, and compare() does nothing about it.
 */
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

/*
 * The entry NAME of the scan, or NULL.  A snapshot is written in the order of
 * its scan, so the entry behind the last one that was found is tried first,
 * and a binary search follows.
 */
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
 * Whether NAME, which the scan lacks, may still be a list: its entry may not be
 * looked into, or it is a link that leads to a volume which is away.
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

/* Adds NAME to the lists that stay.  0, or -1 with errno. */
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

/* NOW has the same file as OLD, and so the same host.  But where the host was
 * not known the file is read again: its mode may have changed. */
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
 * NOW has another file than OLD.  Its host is read from the file later; the old
 * host stays where that fails.  A record without an inode stands for a file
 * that could not be read last time either: nothing changed about it.
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

/* 0, or -1 with errno. */
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

/* A list of the host NAME went.  The host's URL may have been from that list,
 * so it is to be found again. */
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

/* RECORD is no list, or a list without a directory.  It is never missing. */
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
