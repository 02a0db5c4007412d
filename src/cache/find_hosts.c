/*
 * What the lists' own files say: each is read where it is new or changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/work.h"
#include "mailman/pickle.h"

#define URL_TRIES 1000 /* lists of a host that are asked for it */

/* What a new or changed list says of itself. */
static int
read_list(struct work *w, int dir, struct scan_list *l)
{
	struct particulars p = { 0 };
	struct host *host;

	if (w->o->mailman->read(dir, l->name, PICKLE_FILE_MAX, &p) == -1) {
		/* Not now: as before, and to be tried again. */
		p = (struct particulars){ 0 };
		if (l->last_host != NULL) {
			l->host = l->last_host;
			l->ino = 0;
			return 0;
		}
	} else {
		w->told |= l->last_host != NULL;
	}
	host = hosts_find(&w->hosts, str_from(p.host));
	if (host == NULL)
		return -1;
	host->changed = true;
	l->host = host->name;
	w->told |= p.host[0] != '\0';
	return 0;
}

static struct host *
host_of(struct work *w, const char *name)
{
	return hosts_find(&w->hosts, str_from(name));
}

/*
 * Where a host's lists changed, its URL is that of the first list by name that
 * is advertised: never what a list said once.
 */
static int
find_url(struct work *w, int dir, const struct scan_list *l)
{
	struct host *host = host_of(w, l->host);
	struct particulars p;

	if (!host->changed || host->tried >= URL_TRIES || *host->name == '\0')
		return 0;
	if (host->tried++ == 0) {
		free(host->url);
		host->url = NULL;
	}
	if (host->url != NULL ||
	    w->o->mailman->read(dir, l->name, PICKLE_FILE_MAX, &p) == -1)
		return 0;
	return hosts_set_url(host, str_from(p.url));
}

/* The directory that was scanned, or -1: then it went in between. */
static int
open_scanned(struct work *w)
{
	int dir = open(w->o->lists_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (dir != -1 && fstat(dir, &st) == 0 && st.st_dev == w->scan.dev &&
	    st.st_ino == w->scan.ino)
		return dir;
	if (dir != -1)
		close(dir);
	work_away(w);
	work_say(w, "the lists directory %s went while it was read; the old "
	    "lists stay until it is back", w->o->lists_dir);
	return -1;
}

/* Gives every list its host, and every host its count. */
int
find_hosts(struct work *w)
{
	int dir = open_scanned(w);
	int rc = 0;
	size_t i;

	if (dir == -1)
		return -1;
	for (i = 0; rc == 0 && i < w->scan.n; i++) {
		struct scan_list *l = &w->scan.list[i];

		if (l->host == NULL)
			rc = read_list(w, dir, l);
		if (rc == 0)
			host_of(w, l->host)->count++;
	}
	for (i = 0; rc == 0 && i < w->scan.n; i++)
		rc = find_url(w, dir, &w->scan.list[i]);
	for (i = 0; rc == 0 && i < w->compare.nkept; i++)
		host_of(w, w->compare.kept[i].record.host.p)->count++;
	close(dir);
	if (rc == -1)
		(void)work_fail(w, "cannot read the lists", w->o->lists_dir,
		    strerror(ENOMEM));
	return rc;
}

