#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/rebuild_job.h"
#include "base/str.h"
#include "mailman/lists.h"
#include "mailman/postfix_files.h"
#include "mailman/scan.h"
#include "cache/compare.h"
#include "cache/hosts.h"
#include "cache/rebuild.h"

void
rebuild_job_say(struct rebuild_job *job, const char *fmt, ...)
{
	struct rebuild_result *r = job->r;
	size_t n = strlen(r->reason);
	va_list ap;

	if (n > 0 && n + 2 < sizeof(r->reason)) {
		memcpy(r->reason + n, "; ", 3);
		n += 2;
	}
	va_start(ap, fmt);
	vsnprintf(r->reason + n, sizeof(r->reason) - n, fmt, ap);
	va_end(ap);
}

int
rebuild_job_fail(struct rebuild_job *job, const char *what, const char *path,
    const char *err)
{
	job->r->status = REBUILD_FAILED;
	job->r->reason[0] = '\0';
	rebuild_job_say(job, "%s: %s: %s", what, path, err);
	return -1;
}

int
rebuild_job_away(struct rebuild_job *job)
{
	job->r->status = REBUILD_AWAY;
	job->r->reason[0] = '\0';
	if (job->o->known == NULL)
		job->r->lists = job->o->lists_before;
	return -1;
}

void
rebuild_job_clear(struct rebuild_job *job)
{
	compare_clear(&job->compare);
	hosts_clear(&job->hosts);
	scan_clear(&job->scan);
	postfix_files_clear(&job->files);
	free(job->extra);
	free(job->path);
}

static void
mark_recorded(struct scan *s, struct str name)
{
	struct scan_none *none = scan_find_none(s, name, NULL);

	if (none != NULL)
		none->recorded = true;
}

void
rebuild_job_mark_recorded(struct rebuild_job *job)
{
	for (size_t i = 0; i < job->compare.nkept; i++)
		mark_recorded(&job->scan, str_from(job->compare.kept[i].name));
	for (size_t i = 0; i < job->nextra; i++)
		mark_recorded(&job->scan, job->extra[i].id);
}

size_t
rebuild_job_count(const struct rebuild_job *job)
{
	size_t n = job->compare.nkept, i;

	for (i = 0; i < job->scan.n; i++)
		n += !job->scan.list[i].young &&
		    job->scan.list[i].basis != LISTS_PHANTOM &&
		    job->scan.list[i].basis != LISTS_DOUBTFUL;
	for (i = 0; i < job->nextra; i++)
		n += job->extra[i].basis == LISTS_BY_FILE;
	return n;
}
