#include <stdlib.h>
#include <sys/stat.h>

#include "cache/renewal.h"
#include "cache/cache.h"
#include "cache/cached_lists.h"
#include "cache/rebuild.h"
#include "cache/scan_runner.h"
#include "cache/swap.h"

struct renewal {
	struct cached_lists *lists;
	struct scan_runner *scans;
	struct renewal_owner owner;
	struct swap *swap;
	bool scanned; /* it is that of a scan, which ended with `result' */
	struct rebuild_result result;
	/* The file of another writer that is read, and the one that was no
	 * use. */
	struct stat reading, refused;
};

static struct cache *
put_in_place(void *arg, struct cache *fresh)
{
	struct renewal *n = arg;
	struct cache *old = cached_lists_swap(n->lists, fresh);

	if (n->scanned)
		n->owner.scanned(n->owner.arg, &n->result);
	else
		n->owner.another(n->owner.arg);
	return old;
}

/* Puts what the child gave in place.  0, or -1. */
static int
begin_swap(struct renewal *n, bool scanned)
{
	const char *err;
	struct cache *fresh = cache_take(scan_runner_snapshot(n->scans), &err);

	if (fresh == NULL)
		return -1;
	n->scanned = scanned;
	swap_begin(n->swap, fresh, scan_runner_keep(n->scans));
	return 0;
}

struct renewal *
renewal_new(struct ev_loop *loop, struct cached_lists *lists,
    struct scan_runner *scans, const struct renewal_owner *owner)
{
	struct renewal *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->lists = lists;
	n->scans = scans;
	n->owner = *owner;
	n->swap = swap_new(loop, put_in_place, n);
	if (n->swap == NULL) {
		free(n);
		return NULL;
	}
	return n;
}

void
renewal_free(struct renewal *n)
{
	if (n == NULL)
		return;
	swap_free(n->swap);
	free(n);
}

int
renewal_scanned(struct renewal *n, const struct rebuild_result *result)
{
	n->result = *result;
	if (scan_runner_snapshot(n->scans) != -1)
		return begin_swap(n, true);
	n->owner.scanned(n->owner.arg, result);
	return 0;
}

/* The child that reads another writer's has ended. */
static void
take_read(void *arg, bool refused)
{
	struct renewal *n = arg;

	/* Where this fails it is read again. */
	if (scan_runner_snapshot(n->scans) != -1)
		(void)begin_swap(n, false);
	else if (refused)
		n->refused = n->reading;
}

bool
renewal_look(struct renewal *n, const char *path,
    const struct rebuild_order *order)
{
	struct stat st;
	int found = cache_look_at(n->lists->cache, &n->refused, path, &st);

	if (found == 1 && scan_runner_read(n->scans, order, take_read, n))
		n->reading = st;
	return found != -1;
}

void
renewal_cancel(struct renewal *n)
{
	swap_cancel(n->swap);
}

bool
renewal_runs(const struct renewal *n)
{
	return swap_runs(n->swap);
}
