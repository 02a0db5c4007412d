#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/list_hosts.h"
#include "base/str.h"
#include "mailman/list_info.h"
#include "mailman/mailman.h"
#include "mailman/pickle_file.h"
#include "cache/hosts.h"
#include "cache/rebuild.h"
#include "cache/rebuild_job.h"

/* So many lists of a host are read for its URL at most. */
#define URL_TRIES 1000

/* The configuration of L cannot be read now: its host is the last that was
 * known.  The inode, time and size are not kept, so that the next scan tries
 * again. */
static void
mark_unread(struct scan_list *l, int error)
{
	l->basis = LISTS_UNREAD;
	l->error = error;
	l->ino = 0;
	l->mtime = 0;
	l->size = 0;
	l->host = l->last_host != NULL ? l->last_host : "";
}

/* Reads the host of a list whose file is new or changed.  0, or -1 when out of
 * memory. */
static int
read_list_host(struct rebuild_job *job, int dir, struct scan_list *l)
{
	struct list_info p;
	struct host *host;

	if (job->o->mailman->read(dir, l->name, PICKLE_FILE_MAX, &p) == -1) {
		mark_unread(l, errno);
		return 0;
	}
	host = hosts_add(&job->hosts, str_from(p.host));
	if (host == NULL)
		return -1;
	host->changed = true;
	l->host = host->name;
	job->must_write |= l->last_basis == LISTS_UNREAD;
	return 0;
}

/* Whether anybody ever knew what host L has, so that it counts for that one. */
static bool
has_known_host(const struct scan_list *l)
{
	return l->host[0] != '\0' ||
	    (l->basis != LISTS_UNREAD && l->basis != LISTS_DOUBTFUL);
}

/* Never NULL for the host of a list, since that was added before. */
static struct host *
host_named(struct rebuild_job *job, const char *name)
{
	return hosts_add(&job->hosts, str_from(name));
}

/*
 * The URL of a host is the one that its first advertised list, in the order of
 * names, has now.  So it is looked for again where a list of the host changed.
 * 0, or -1 when out of memory.
 */
static int
find_host_url(struct rebuild_job *job, int dir, const struct scan_list *l)
{
	struct list_info p;
	struct host *host;

	if (l->host[0] == '\0')
		return 0;
	host = host_named(job, l->host);
	if (!host->changed || host->tried >= URL_TRIES)
		return 0;
	if (host->tried++ == 0) {
		free(host->url);
		host->url = NULL;
	}
	if (host->url != NULL ||
	    job->o->mailman->read(dir, l->name, PICKLE_FILE_MAX, &p) == -1)
		return 0;
	return hosts_set_url(host, str_from(p.url));
}

/* Opens the very directory that was scanned.  -1 where its path leads to
 * another one by now, or to none: the job is away. */
static int
open_scanned_dir(struct rebuild_job *job)
{
	int dir = open(job->o->lists_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (dir != -1 && fstat(dir, &st) == 0 && st.st_dev == job->scan.dev &&
	    st.st_ino == job->scan.ino)
		return dir;
	if (dir != -1)
		close(dir);
	rebuild_job_away(job);
	rebuild_job_say(job,
	    "the lists directory %s went while it was read; the old "
	    "lists stay until it is back",
	    job->o->lists_dir);
	return -1;
}

int
list_hosts(struct rebuild_job *job)
{
	int dir = open_scanned_dir(job);
	int rc = 0;
	size_t i;

	if (dir == -1)
		return -1;
	for (i = 0; rc == 0 && i < job->scan.n; i++) {
		struct scan_list *l = &job->scan.list[i];

		if (l->host == NULL && l->basis == LISTS_DOUBTFUL)
			l->host = "";
		else if (l->host == NULL)
			rc = read_list_host(job, dir, l);
		if (rc == 0 && has_known_host(l))
			host_named(job, l->host)->count++;
	}
	for (i = 0; rc == 0 && i < job->scan.n; i++)
		rc = find_host_url(job, dir, &job->scan.list[i]);
	for (i = 0; rc == 0 && i < job->compare.nkept; i++)
		host_named(job, job->compare.kept[i].record.host.p)->count++;
	close(dir);
	if (rc == -1)
		(void)rebuild_job_fail(job, "cannot read the lists",
		    job->o->lists_dir, strerror(ENOMEM));
	return rc;
}
