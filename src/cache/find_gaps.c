#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/find_gaps.h"
#include "base/str.h"
#include "mailman/entry.h"
#include "mailman/list_info.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"
#include "mailman/scan.h"
#include "cache/compare.h"
#include "cache/gaps.h"
#include "cache/rebuild.h"
#include "cache/rebuild_job.h"

/* Whether ERROR is of a configuration that no later try reads better. */
static bool
is_lasting(int error)
{
	return error == LIST_INFO_BROKEN || error == EFBIG || error == ENOLINK;
}

static void
count_gap(struct gaps *gaps, const struct scan_list *l)
{
	struct str name = str_from(l->name);
	int why = l->error == LIST_INFO_BROKEN ? 0 : l->error;

	if (l->basis != LISTS_UNREAD && l->basis != LISTS_DOUBTFUL)
		return;
	if (is_lasting(l->error))
		gaps_add(gaps, GAP_BROKEN, name, why);
	else if (l->basis == LISTS_DOUBTFUL)
		gaps_add(gaps, GAP_DOUBTFUL, name, why);
	else
		gaps_add(gaps, GAP_UNREADABLE, name, why);
	if (l->host[0] == '\0' &&
	    (l->basis == LISTS_UNREAD || is_lasting(l->error)))
		gaps_add(gaps, GAP_HOST_UNKNOWN, name, 0);
}

/* Each problem with a file of Mailman 3 (postfix_files.h). */
static void
count_files(struct gaps *gaps, const char *problem)
{
	while (*problem != '\0') {
		size_t n = strcspn(problem, ";");

		gaps_add(gaps, GAP_FILES, (struct str){ problem, n }, 0);
		problem += n;
		problem += strspn(problem, "; ");
	}
}

/* The first list that could not be read, and that is not broken. */
static const struct scan_list *
first_unreadable(const struct rebuild_job *job)
{
	for (size_t i = 0; i < job->scan.n; i++) {
		const struct scan_list *l = &job->scan.list[i];

		if (l->basis == LISTS_UNREAD && !is_lasting(l->error))
			return l;
	}
	return NULL;
}

/*
 * Says how to let this account read the configuration of L, where a group may
 * read it and this account is not in that group.  Else nothing.
 */
static void
say_group(struct rebuild_job *job, const struct scan_list *l)
{
	char path[ENTRY_NAME_MAX + 16];
	const struct group *group = NULL;
	const struct passwd *account = getpwuid(geteuid());
	struct stat st;
	int dir = open(job->o->lists_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	snprintf(path, sizeof(path), "%s/config.pck", l->name);
	if (dir != -1 && fstatat(dir, path, &st, 0) == 0 &&
	    (st.st_mode & S_IRGRP) != 0)
		group = getgrgid(st.st_gid);
	if (dir != -1)
		close(dir);
	if (group != NULL && account != NULL)
		rebuild_job_say(job, "run: usermod -a -G %s %s, and restart "
		    "listmapd", group->gr_name, account->pw_name);
}

/* How many lists were found, if the configuration of none of them was read;
 * else 0. */
static size_t
count_if_none_is_read(const struct rebuild_job *job)
{
	size_t unread = 0, lists = 0;

	for (size_t i = 0; i < job->scan.n; i++) {
		lists += job->scan.list[i].basis != LISTS_DOUBTFUL;
		unread += job->scan.list[i].basis == LISTS_UNREAD;
	}
	return unread == lists ? lists : 0;
}

static void
say_unread(struct rebuild_job *job)
{
	const struct gaps *gaps = &job->r->gaps;
	const struct scan_list *l = first_unreadable(job);
	const size_t unread = gaps->of[GAP_UNREADABLE].n;
	const size_t none_of = count_if_none_is_read(job);

	if (none_of > 0 && !job->o->any_host) {
		job->r->failing = true;
		rebuild_job_say(job, "none of the %zu lists in %s can be read: "
		    "%s", none_of, job->o->lists_dir,
		    l != NULL ? strerror(l->error) : "all are broken");
	} else if (unread > 0) {
		rebuild_job_say(job, "the configurations of %zu lists in %s "
		    "cannot be read now: %s", unread, job->o->lists_dir,
		    gaps->of[GAP_UNREADABLE].names);
	}
	if (l != NULL && l->error == EACCES)
		say_group(job, l);
	if (gaps->of[GAP_BROKEN].n > 0 && !job->r->failing)
		rebuild_job_say(job, "the configurations of %zu lists in %s "
		    "are broken: %s", gaps->of[GAP_BROKEN].n,
		    job->o->lists_dir, gaps->of[GAP_BROKEN].names);
}

void
find_gaps(struct rebuild_job *job)
{
	struct gaps *gaps = &job->r->gaps;

	for (size_t i = 0; i < job->scan.n; i++)
		if (!job->scan.list[i].young)
			count_gap(gaps, &job->scan.list[i]);
	count_files(gaps, job->files.problem);
	if (gaps->of[GAP_DOUBTFUL].n > 0)
		rebuild_job_say(job, "%zu entries of %s may not be looked "
		    "into: %s", gaps->of[GAP_DOUBTFUL].n, job->o->lists_dir,
		    gaps->of[GAP_DOUBTFUL].names);
	say_unread(job);
	job->r->incomplete = job->r->failing ||
	    gaps->of[GAP_DOUBTFUL].n > 0 || gaps->of[GAP_FILES].n > 0 ||
	    (gaps->of[GAP_UNREADABLE].n > 0 && !job->o->any_host);
	job->must_write |= !gaps_equal(gaps, &job->compare.old_gaps);
}
