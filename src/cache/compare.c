/*
 * Each record of the old snapshot is one of these:
 *
 *	a list with a directory, which the scan has as well: it is the same
 *	    where its file has the same inode, time and size;
 *	the same, where the scan could not look into its entry: what was known
 *	    of it goes on with the entry, which is no list for the time being;
 *	a list with a directory, which the scan lacks: it is kept where it is a
 *	    link that leads nowhere, or where many lists are going right now;
 *	    else it is missing;
 *	an entry that could not be looked into, which is compared in the same
 *	    way, and was a list if anything was known of it;
 *	a phantom, which is compared in the same way, but is never missing;
 *	a list without a directory: reconcile() finds it again in Mailman's
 *	    files;
 *	a list whose directory went while Mailman's files still named it: its
 *	    name is passed on to reconcile(), unless the scan has it again;
 *	an entry that was no list, or too young to be one.  What became a list
 *	    is new.  A list that became such an entry is missing, for a volume
 *	    may be away inside of its directory.
 *
 * What is in the scan alone is new, and compare() does nothing about it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cache/compare.h"
#include "base/str.h"
#include "mailman/directory.h"
#include "mailman/lists.h"
#include "mailman/scan.h"
#include "cache/cache.h"
#include "cache/gaps.h"
#include "cache/gone.h"
#include "cache/hosts.h"
#include "cache/rebuild.h"

/* What the visits of the old snapshot return, besides 0. */
#define OUT_OF_MEMORY 1

/*
 * Whether NAME, which the scan lacks, stays a list for now: it is a link that
 * leads to a volume which is away; or it went just now, or since the scan
 * began, and others with it, so that only the end shows how many go.
 */
static bool
may_still_be_there(struct compare *c, struct str name)
{
	if (directory_may_have_link(c->o->lists_dir, name))
		return true;
	if (c->o->accept_empty || !c->o->gone.running)
		return false;
	switch (gone_find(&c->o->gone, name)) {
	case GONE_SINGLY:
	case GONE_QUICKLY:
		return false;
	case GONE_UNSEEN:
	case GONE_JUST_NOW:
		break;
	}
	c->burst = true;
	return true;
}

/* Adds NAME to the N lists in *ALL. */
static int
add_old_record(struct compare *c, struct kept **all, size_t *n, struct str name,
    const struct record *record)
{
	struct host *host = hosts_add(c->hosts, record->host);
	struct kept *more;
	char *copy = str_dup(name);

	more = reallocarray(*all, *n + 1, sizeof(*more));
	if (more != NULL)
		*all = more;
	if (more == NULL || copy == NULL || host == NULL) {
		free(copy);
		return OUT_OF_MEMORY;
	}
	more[*n] = (struct kept){ copy, *record };
	more[(*n)++].record.host = str_from(host->name);
	return 0;
}

/* Adds NAME to the lists that stay. */
static int
keep_old_record(struct compare *c, struct str name, const struct record *record)
{
	return add_old_record(c, &c->kept, &c->nkept, name, record);
}

/* NOW has the same file as OLD, and so the same host. */
static int
reuse_old_host(struct compare *c, struct scan_list *now,
    const struct record *old)
{
	struct host *host = hosts_add(c->hosts, old->host);

	if (host == NULL)
		return OUT_OF_MEMORY;
	c->same += old->basis != LISTS_DOUBTFUL;
	now->host = host->name;
	return 0;
}

/*
 * NOW has another file than OLD.  Its host is read from the file later; the old
 * host stays where that fails.  If it could not be read last time either,
 * nothing has changed so far.
 */
static int
remember_old_host(struct compare *c, struct scan_list *now,
    const struct record *old)
{
	struct host *host;

	c->same += old->basis == LISTS_UNREAD;
	if (old->host.n == 0)
		return 0;
	host = hosts_add(c->hosts, old->host);
	if (host == NULL)
		return OUT_OF_MEMORY;
	host->changed = true;
	now->last_host = host->name;
	return 0;
}

/* Whether RECORD is an entry of which nothing was ever known. */
static bool
is_unknown_entry(const struct record *record)
{
	return record->basis == LISTS_DOUBTFUL && record->ino == 0 &&
	    record->host.n == 0;
}

/* Nobody could look into NOW.  What OLD knew of its file stays, so that the
 * file need not be read again if it is still that one.  A list whose file is a
 * link that leads nowhere now is still a list. */
static int
carry_old_record(struct compare *c, struct scan_list *now,
    const struct record *old)
{
	struct host *host = hosts_add(c->hosts, old->host);

	if (host == NULL)
		return OUT_OF_MEMORY;
	if (now->error == ENOLINK &&
	    old->basis != LISTS_PHANTOM && !is_unknown_entry(old)) {
		now->basis = LISTS_UNREAD;
		now->host = host->name;
		c->same += old->basis == LISTS_UNREAD;
		return 0;
	}
	now->ino = (ino_t)old->ino;
	now->mtime = old->mtime;
	now->size = (off_t)old->size;
	now->host = host->name;
	c->same += old->basis == LISTS_DOUBTFUL;
	return 0;
}

static int
add_gone_list(struct compare *c, struct str name, uint64_t stamp)
{
	struct went *more = reallocarray(c->gone, c->ngone + 1, sizeof(*more));
	char *copy = str_dup(name);

	if (more != NULL)
		c->gone = more;
	if (more == NULL || copy == NULL) {
		free(copy);
		return OUT_OF_MEMORY;
	}
	c->gone[c->ngone++] = (struct went){ copy, stamp };
	return 0;
}

/* A list of the host NAME went.  The host's URL may have been from that list,
 * so it is to be found again. */
static int
mark_host_changed(struct compare *c, struct str name)
{
	struct host *host = hosts_add(c->hosts, name);

	if (host == NULL)
		return OUT_OF_MEMORY;
	host->changed = true;
	return 0;
}

static int
reuse_old_url(void *arg, struct str name, const struct record_host *r)
{
	struct compare *c = arg;
	struct host *host = hosts_add(c->hosts, name);

	if (host != NULL && hosts_set_url(host, r->url) == 0 &&
	    hosts_set_last_real(host, r->real) == 0)
		return 0;
	return OUT_OF_MEMORY;
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
		return now != NULL ? 0 : add_old_record(c, &c->unnamed,
		    &c->nunnamed, name, record);
	case LISTS_GONE:
		return now == NULL ? add_gone_list(c, name, record->ino) : 0;
	default:
		break;
	}
	c->entries++;
	if (now != NULL && now->basis == LISTS_DOUBTFUL)
		return carry_old_record(c, now, record);
	if (now == NULL || !is_unchanged_file(now, record))
		return 0;
	now->known = true;
	now->last_basis = record->basis;
	return reuse_old_host(c, now, record);
}

/* NAME was no list. */
static int
compare_none(struct compare *c, struct str name, struct scan_list *now)
{
	struct scan_none *none;

	c->nones++;
	if (now != NULL) {
		now->last_basis = LISTS_NONE;
		return 0;
	}
	none = scan_find_none(c->scan, name, &c->next_none);
	if (none != NULL)
		none->last_none = true;
	return 0;
}

/* The scan lacks the list NAME. */
static int
compare_missing(struct compare *c, struct str name, const struct record *record)
{
	enum gone_how how = gone_find(&c->o->gone, name);

	if (may_still_be_there(c, name))
		return keep_old_record(c, name, record);
	c->missing++;
	c->unseen += how == GONE_UNSEEN;
	c->quick += how == GONE_QUICKLY;
	if (mark_host_changed(c, record->host) != 0)
		return OUT_OF_MEMORY;
	return add_gone_list(c, name, c->old_stamp);
}

static int
compare_list(void *arg, struct str name, const struct record *record)
{
	struct compare *c = arg;
	struct scan_list *now = scan_find_list(c->scan, name, &c->next);

	if (record->basis == LISTS_NONE)
		return compare_none(c, name, now);
	if (record->basis == LISTS_BY_FILE || record->basis == LISTS_PHANTOM ||
	    record->basis == LISTS_GONE)
		return compare_no_list(c, name, now, record);
	c->entries++;
	c->dir_lists += !is_unknown_entry(record);
	if (now == NULL)
		return is_unknown_entry(record) ? 0 :
		    compare_missing(c, name, record);
	now->last_basis = record->basis;
	if (now->basis == LISTS_DOUBTFUL)
		return carry_old_record(c, now, record);
	now->known = is_unchanged_file(now, record);
	return now->known ? reuse_old_host(c, now, record) :
	    remember_old_host(c, now, record);
}

int
compare(struct compare *c, const struct rebuild_order *o, struct scan *scan,
    struct hosts *hosts, struct cache *old)
{
	const struct record_head *head = cache_head(old);
	int result;

	*c = (struct compare){ .o = o, .scan = scan, .hosts = hosts };
	c->old_stamp = head->stamp;
	cache_gaps(old, &c->old_gaps);
	c->other_dir = head->dev != scan->dev || head->ino != scan->ino;
	result = cache_each_host(old, reuse_old_url, c);
	if (result == 0)
		result = cache_each(old, compare_list, c);
	if (result == 0)
		return 0;
	errno = result == OUT_OF_MEMORY ? ENOMEM : EPROTO;
	return -1;
}

int
compare_keep_unnamed(struct compare *c)
{
	struct kept *more;

	if (c->nunnamed == 0)
		return 0;
	more = reallocarray(c->kept, c->nkept + c->nunnamed, sizeof(*more));
	if (more == NULL)
		return -1;
	memcpy(more + c->nkept, c->unnamed, c->nunnamed * sizeof(*more));
	c->kept = more;
	c->nkept += c->nunnamed;
	c->entries += c->nunnamed;
	c->nunnamed = 0; /* the names are in `kept' now */
	return 0;
}

bool
compare_unchanged(const struct compare *c)
{
	const struct scan *s = c->scan;
	size_t young = 0, nones = 0, same = 0, i;

	for (i = 0; i < s->n; i++) {
		young += s->list[i].young;
		same += s->list[i].young && s->list[i].last_basis == LISTS_NONE;
	}
	for (i = 0; i < s->nnone; i++) {
		nones += !s->none[i].recorded;
		same += !s->none[i].recorded && s->none[i].last_none;
	}
	return !c->other_dir && c->same == s->n - young &&
	    c->same + c->nkept == c->entries && same == nones + young &&
	    same == c->nones;
}

void
compare_clear(struct compare *c)
{
	size_t i;

	for (i = 0; i < c->nkept; i++)
		free(c->kept[i].name);
	free(c->kept);
	for (i = 0; i < c->nunnamed; i++)
		free(c->unnamed[i].name);
	free(c->unnamed);
	for (i = 0; i < c->ngone; i++)
		free(c->gone[i].name);
	free(c->gone);
	*c = (struct compare){ 0 };
}
