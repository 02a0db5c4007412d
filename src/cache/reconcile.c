/*
 * Absent bounces mail and found delivers it, so an error in either direction
 * has its price.  A directory that is no list (a phantom) but is taken for one
 * costs a bounce after the mail was accepted.  A list that is taken for a
 * phantom is refused, which is worse: so a phantom needs all the evidence that
 * reconcile.h names, and mark_phantoms() doubts files that would make phantoms
 * of many directories at once.
 *
 * All times are nanoseconds since the epoch, as a scan has them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cache/reconcile.h"
#include "base/conf.h"
#include "base/str.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"
#include "mailman/postfix_files.h"
#include "mailman/scan.h"
#include "cache/compare.h"
#include "cache/hosts.h"
#include "cache/rebuild.h"
#include "cache/rebuild_job.h"

#define SECOND ((int64_t)1000000000)

/* Whoever copies the directories and the files to another disk needs some time,
 * and the copies' times differ by as much. */
#define COPY_TIME (60 * SECOND)

/* Mailman writes its files so soon after a directory came or went, if it writes
 * them at all. */
#define WRITE_TIME (60 * SECOND)

static int64_t
realtime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* Whether Mailman seems to write its files no more: a directory came or went
 * and they are still as before.  Or they are from the future, so that nobody
 * knows how old they are. */
static bool
files_are_stale(const struct rebuild_job *job)
{
	return job->files.mtime > realtime_ns() + COPY_TIME ||
	    (job->scan.mtime > job->files.mtime &&
	    realtime_ns() - job->scan.mtime > WRITE_TIME);
}

/*
 * Whether the silence of the files about the entry NAME means something: they
 * were written after the last change in it (mtime), and after the last change
 * to it, such as a rename into this place (ctime).
 */
static bool
files_count_against(const struct rebuild_job *job, int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) == 0 &&
	    scan_mtime(&st) <= job->files.mtime &&
	    scan_ctime(&st) - COPY_TIME <= job->files.written;
}

static bool
is_domain_of_site(const struct rebuild_job *job, const char *domain)
{
	for (size_t i = 0; i < job->o->ndomains; i++)
		if (strcmp(job->o->domains[i].name, domain) == 0)
			return true;
	return false;
}

/* Whether the files know lists of ID's domain, so that their silence about ID
 * is odd.  ID is NAME.DOMAIN; the longest end that is a domain counts, for
 * names hold dots as well. */
static bool
files_know_its_domain(const struct rebuild_job *job, const char *id)
{
	for (;;) {
		const struct host *host;

		id = strchr(id, '.');
		if (id == NULL)
			return false;
		host = hosts_find(&job->hosts, str_from(++id));
		if (host != NULL && host->in_files)
			return true;
		if (is_domain_of_site(job, id))
			return false;
	}
}

/*
 * Makes phantoms of the directories that the files do not name.  The files are
 * not believed, and no directory becomes a phantom,
 *
 *	where they name none of the directories: they are empty, or another
 *	    Mailman's;
 *	where more than REBUILD_GUARD directories are missing from domains that
 *	    they know, and no fewer than they name.
 */
static void
mark_phantoms(struct rebuild_job *job, int dir)
{
	size_t odd = 0, named = 0, all = 0, i;

	for (i = 0; i < job->scan.n; i++) {
		struct scan_list *l = &job->scan.list[i];

		named += l->basis == LISTS_BY_BOTH;
		if (l->young || l->basis != LISTS_BY_DIRECTORY ||
		    postfix_files_find(&job->files, str_from(l->name)) !=
		        NULL ||
		    !files_count_against(job, dir, l->name))
			continue;
		l->basis = LISTS_PHANTOM;
		odd += files_know_its_domain(job, l->name);
		all++;
	}
	if (all == 0 || (named > 0 && (odd <= REBUILD_GUARD || odd < named)))
		return;
	rebuild_job_say(job,
	    "postfix_lmtp of %s lacks %zu of %zu lists and is not "
	    "believed",
	    job->o->data_dir, all, all + named);
	for (i = 0; i < job->scan.n; i++)
		if (job->scan.list[i].basis == LISTS_PHANTOM)
			job->scan.list[i].basis = LISTS_BY_DIRECTORY;
}

/* Sets the basis of L.  The domain that the files have for it, where they are
 * not older than L; else "".  NULL when out of memory. */
static const char *
find_domain_in_files(struct rebuild_job *job, struct scan_list *l)
{
	const struct postfix_list *e =
	    postfix_files_find(&job->files, str_from(l->name));
	const struct host *host;

	l->basis = LISTS_BY_DIRECTORY;
	if (e == NULL || l->mtime > job->files.mtime)
		return "";
	l->basis = LISTS_BY_BOTH;
	host = hosts_add(&job->hosts, e->host);
	return host == NULL ? NULL : host->name;
}

static bool
is_kept_record(const struct rebuild_job *job, struct str id)
{
	for (size_t i = 0; i < job->compare.nkept; i++)
		if (str_is(id, job->compare.kept[i].name))
			return true;
	return false;
}

static int
compare_gone_names(const void *a, const void *b)
{
	return strcmp(((const struct went *)a)->name,
	    ((const struct went *)b)->name);
}

static int
compare_id_to_name(const void *id, const void *gone)
{
	return str_cmp(*(const struct str *)id,
	    str_from(((const struct went *)gone)->name));
}

/* Whether the directory of ID went and the files were not written since: their
 * word for that list is from before. */
static bool
went_since_files(const struct rebuild_job *job, struct str id)
{
	const struct compare *c = &job->compare;
	const struct went *gone = c->ngone == 0 ? NULL : bsearch(&id, c->gone,
	    c->ngone, sizeof(*c->gone), compare_id_to_name);

	return gone != NULL && gone->stamp == job->files.stamp;
}

static int
add_extra_list(struct rebuild_job *job, const struct extra_list *list)
{
	struct extra_list *more = reallocarray(job->extra, job->nextra + 1,
	    sizeof(*more));

	if (more == NULL)
		return -1;
	job->extra = more;
	job->extra[job->nextra++] = *list;
	return 0;
}

/* Adds the lists that the files name and that have no directory.  0, or -1 with
 * errno. */
static int
add_lists_without_directory(struct rebuild_job *job)
{
	if (job->compare.ngone > 0)
		qsort(job->compare.gone, job->compare.ngone,
		    sizeof(*job->compare.gone), compare_gone_names);
	for (size_t i = 0; i < job->files.n; i++) {
		const struct postfix_list *e = &job->files.list[i];
		struct extra_list extra = { .id = e->id,
			.basis = LISTS_BY_FILE };
		struct host *host;

		if (scan_find_list(&job->scan, e->id, NULL) != NULL ||
		    is_kept_record(job, e->id))
			continue;
		host = hosts_add(&job->hosts, e->host);
		if (host == NULL)
			return -1;
		extra.host = host->name;
		if (went_since_files(job, e->id)) {
			extra.basis = LISTS_GONE;
			extra.stamp = job->files.stamp;
		}
		if (add_extra_list(job, &extra) == -1)
			return -1;
	}
	return 0;
}

/* Adds the domains that the files know.  0, or -1 with errno. */
static int
add_hosts_of_files(struct rebuild_job *job)
{
	for (size_t i = 0; i < job->files.n; i++) {
		struct host *host = hosts_add(&job->hosts,
		    job->files.list[i].host);

		if (host == NULL)
			return -1;
		host->in_files = true;
	}
	for (size_t i = 0; i < job->files.ndomains; i++) {
		const struct postfix_domain *d = &job->files.domain[i];
		struct host *host = hosts_add(&job->hosts, d->name);

		if (host == NULL || hosts_set_real(host, d->host) == -1)
			return -1;
	}
	return 0;
}

/* Whether each list is known from the same as in the old snapshot, which was
 * made from the same files. */
static bool
bases_are_as_before(struct rebuild_job *job)
{
	for (size_t i = 0; i < job->scan.n; i++) {
		const struct scan_list *l = &job->scan.list[i];

		if (l->known && l->basis != l->last_basis)
			return false;
	}
	return job->compare.old_stamp == job->files.stamp;
}

/* Whether the lists' file is there, and nobody can read it: its silence means
 * nothing.  Who says that the lists are gone means those in it, too. */
static bool
files_are_unreadable(const struct rebuild_job *job)
{
	return job->files.problem[0] != '\0' && job->files.n == 0 &&
	    !job->files.no_lists && !job->o->accept_empty;
}

/* The domain that the files had for L, for as long as they have none; or "". */
static const char *
last_domain(const struct scan_list *l, const char *before)
{
	return before[0] == '\0' && l->last_host != NULL ? l->last_host :
	    before;
}

/* Gives each directory its basis and its domain.  0, or -1 with errno. */
static int
place_lists_in_domains(struct rebuild_job *job)
{
	for (size_t i = 0; i < job->scan.n; i++) {
		struct scan_list *l = &job->scan.list[i];
		const char *before = l->host == NULL ? "" : l->host;

		if (l->basis == LISTS_DOUBTFUL) {
			l->host = before;
			continue;
		}
		l->host = find_domain_in_files(job, l);
		if (l->host == NULL)
			return -1;
		if (files_are_unreadable(job))
			l->host = last_domain(l, before);
		job->must_write |= l->known && strcmp(before, l->host) != 0;
	}
	return 0;
}

/* What the files said last of the domains stays.  0, or -1 with errno. */
static int
keep_domains(struct rebuild_job *job)
{
	for (size_t i = 0; i < job->hosts.n; i++) {
		struct host *host = job->hosts.host[i];

		if (host->last_real != NULL && hosts_set_real(host,
		        str_from(host->last_real)) == -1)
			return -1;
	}
	return 0;
}

/* The lists that the files alone named stay, and those whose directory went
 * stay gone, for when the files can be read again.  0, or -1 with errno. */
static int
keep_lists_of_files(struct rebuild_job *job)
{
	const struct compare *c = &job->compare;

	for (size_t i = 0; i < c->ngone; i++) {
		const struct extra_list gone = { str_from(c->gone[i].name), "",
			LISTS_GONE, c->gone[i].stamp };

		if (add_extra_list(job, &gone) == -1)
			return -1;
	}
	if (c->nunnamed > 0)
		rebuild_job_say(job, "%zu lists that only postfix_lmtp named "
		    "stay", c->nunnamed);
	return compare_keep_unnamed(&job->compare);
}

/* Where nobody can read the files, what they said stays.  0, or -1 with errno.
 */
static int
keep_what_files_said(struct rebuild_job *job)
{
	const struct postfix_files *files = &job->files;

	if (files->problem[0] == '\0' || job->o->accept_empty)
		return 0;
	if (files->ndomains == 0 && !files->no_domains &&
	    keep_domains(job) == -1)
		return -1;
	return files_are_unreadable(job) ? keep_lists_of_files(job) : 0;
}

static void
count_lists_by_host(struct rebuild_job *job)
{
	size_t i;

	for (i = 0; i < job->scan.n; i++) {
		const struct scan_list *l = &job->scan.list[i];

		if (!l->young && l->basis != LISTS_PHANTOM &&
		    (l->basis != LISTS_DOUBTFUL || l->host[0] != '\0'))
			hosts_add(&job->hosts, str_from(l->host))->count++;
	}
	for (i = 0; i < job->compare.nkept; i++)
		hosts_add(&job->hosts, job->compare.kept[i].record.host)
		    ->count++;
	for (i = 0; i < job->nextra; i++)
		if (job->extra[i].basis == LISTS_BY_FILE)
			hosts_add(&job->hosts, str_from(job->extra[i].host))
			    ->count++;
}

/* Does all of reconcile() but read the files.  0, or -1 with errno. */
static int
apply_files(struct rebuild_job *job)
{
	int dir;

	if (hosts_add(&job->hosts, STR("")) == NULL ||
	    add_hosts_of_files(job) == -1 ||
	    place_lists_in_domains(job) == -1 ||
	    keep_what_files_said(job) == -1 ||
	    add_lists_without_directory(job) == -1)
		return -1;
	dir = open(job->o->lists_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir != -1 && job->files.whole && !files_are_stale(job))
		mark_phantoms(job, dir);
	if (dir != -1)
		close(dir);
	job->must_write |= !bases_are_as_before(job);
	count_lists_by_host(job);
	return 0;
}

int
reconcile(struct rebuild_job *job)
{
	if (job->o->mailman->read_files(job->o->data_dir, &job->files) == 0 &&
	    apply_files(job) == 0) {
		if (job->files.problem[0] != '\0')
			rebuild_job_say(job, "%s: %s", job->o->data_dir,
			    job->files.problem);
		else if (job->files.n > 0 && files_are_stale(job))
			rebuild_job_say(job,
			    "postfix_lmtp of %s is older than the last "
			    "change of the lists: if Mailman does not write it "
			    "any more, remove it",
			    job->o->data_dir);
		return 0;
	}
	return rebuild_job_fail(job, "cannot read Mailman's files",
	    job->o->data_dir, strerror(errno));
}
