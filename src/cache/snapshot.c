#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cache/snapshot.h"
#include "base/buf.h"
#include "base/str.h"
#include "cache/cdbfile.h"
#include "cache/checksum.h"
#include "cache/gaps.h"
#include "cache/rebuild.h"
#include "cache/rebuild_job.h"
#include "cache/record.h"

/* No value is longer: a letter, a host and three numbers of 64 bits; or one
 * number, a URL and a host; or the head. */
#define VALUE_MAX 640
#define KEY_MAX 512

/* Does something with a record of the snapshot; anything but 0 ends it. */
typedef int record_fn(void *arg, struct str name, const struct record *record);

static const struct record none = { .basis = LISTS_NONE };

static int
each_scanned_record(const struct scan *s, record_fn *fn, void *arg)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->n; i++) {
		const struct scan_list *l = &s->list[i];
		const struct record record = { l->ino, l->mtime,
			(uint64_t)l->size, str_from(l->host), l->basis };

		rc = fn(arg, str_from(l->name), l->young ? &none : &record);
	}
	for (size_t i = 0; rc == 0 && i < s->nnone; i++)
		if (!s->none[i].recorded)
			rc = fn(arg, str_from(s->none[i].name), &none);
	return rc;
}

/* Calls FN for the record of each entry and list, in the order of the file. */
static int
each_record(const struct rebuild_job *job, record_fn *fn, void *arg)
{
	int rc = each_scanned_record(&job->scan, fn, arg);

	for (size_t i = 0; rc == 0 && i < job->compare.nkept; i++) {
		const struct kept *kept = &job->compare.kept[i];

		rc = fn(arg, str_from(kept->name), &kept->record);
	}
	for (size_t i = 0; rc == 0 && i < job->nextra; i++) {
		const struct extra_list *e = &job->extra[i];
		const struct record record = { .ino = e->stamp,
			.host = str_from(e->host), .basis = e->basis };

		rc = fn(arg, e->id, &record);
	}
	return rc;
}

static int
count_record(void *arg, struct str name, const struct record *record)
{
	size_t *census = arg;

	(void)name;
	census[record->basis]++;
	return 0;
}

static int
put_record(void *arg, struct str name, const struct record *record)
{
	char memory[VALUE_MAX];
	struct buf b;

	buf_over(&b, memory, sizeof(memory));
	record_encode(record, &b);
	return cdbmake_put(arg, name, buf_get(&b));
}

static int
put_host_records(struct cdbmake *m, const struct rebuild_job *job)
{
	size_t i;

	for (i = 0; i < job->hosts.n; i++) {
		const struct host *host = job->hosts.host[i];
		const struct record_host record = { host->count,
			str_from(host->url), str_from(host->real) };
		char key[KEY_MAX], memory[VALUE_MAX];
		struct buf k, b;

		if (host->count == 0 && host->real == NULL)
			continue;
		buf_over(&k, key, sizeof(key));
		buf_add(&k, RECORD_HOST_PREFIX);
		buf_add(&k, host->name);
		buf_over(&b, memory, sizeof(memory));
		record_encode_host(&record, &b);
		if (cdbmake_put(m, buf_get(&k), buf_get(&b)) == -1)
			return -1;
	}
	return 0;
}

static int
put_gap_records(struct cdbmake *m, const struct gaps *gaps)
{
	for (int i = 0; i < GAPS; i++) {
		const struct record_gap record = { gaps->of[i].n,
			str_from(gaps->of[i].names) };
		char key[64], memory[VALUE_MAX];
		struct buf b;

		if (record.count == 0)
			continue;
		snprintf(key, sizeof(key), RECORD_GAP_PREFIX "%s", gap_word(i));
		buf_over(&b, memory, sizeof(memory));
		record_encode_gap(&record, &b);
		if (cdbmake_put(m, str_from(key), buf_get(&b)) == -1)
			return -1;
	}
	return 0;
}

static int
put_head_record(struct cdbmake *m, const struct rebuild_job *job)
{
	struct record_head head = {
		.version = RECORD_VERSION,
		.checksum = STR(SNAPSHOT_UNSEALED),
		.count = rebuild_job_count(job),
		.dev = job->scan.dev,
		.ino = job->scan.ino,
		.ctime = job->scan.ctime,
		.stamp = job->files.stamp,
		.site = str_from(job->o->site),
	};
	char memory[VALUE_MAX];
	struct buf b;

	(void)each_record(job, count_record, head.census);
	buf_over(&b, memory, sizeof(memory));
	record_encode_head(&head, &b);
	return cdbmake_put(m, STR(RECORD_HEAD_KEY), buf_get(&b));
}

/* The order is that of record.h.  0, or -1 with errno. */
static int
put_all_records(struct cdbmake *m, const struct rebuild_job *job)
{
	if (put_head_record(m, job) == -1 ||
	    put_gap_records(m, &job->r->gaps) == -1 ||
	    put_host_records(m, job) == -1)
		return -1;
	return each_record(job, put_record, m);
}

/* The checksum is that of the file as it is on disk, not of what was meant to
 * be written.  0, or -1 with *ERR and errno. */
static int
seal_snapshot(struct cdbmake *m, const char **err)
{
	struct cdbfile *f = cdbmake_finish(m, err);
	char text[CHECKSUM_LENGTH + 1];
	int result;

	if (f == NULL)
		return -1;
	result = checksum_of(cdbfile_bytes(f), RECORD_CHECKSUM_AT, text);
	cdbfile_close(f);
	if (result == 0)
		result = cdbmake_overwrite(m, RECORD_CHECKSUM_AT,
		    str_from(text));
	if (result == -1)
		*err = strerror(errno);
	return result;
}

int
snapshot_commit(struct cdbmake *m, const char **err)
{
	if (seal_snapshot(m, err) == 0)
		return cdbmake_commit(m, err);
	cdbmake_cancel(m);
	return -1;
}

int
snapshot_write(struct rebuild_job *job)
{
	const char *err;
	struct cdbmake *m = cdbmake_new(job->path, 0644, &err);

	/* A put that fails makes the commit fail. */
	if (m != NULL)
		(void)put_all_records(m, job);
	/* An empty directory there, such as a container without a volume has,
	 * would never let a file in. */
	(void)rmdir(job->path);
	if (m == NULL || snapshot_commit(m, &err) == -1)
		return rebuild_job_fail(job, "cannot write the snapshot",
		    job->path, err);
	job->r->status = REBUILD_WRITTEN;
	return 0;
}
