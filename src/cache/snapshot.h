/*
 * snapshot - writes what a scan came to as the CDB of the site:
 * listmap-cache(5).
 */
#ifndef CACHE_SNAPSHOT_H
#define CACHE_SNAPSHOT_H

struct rebuild_job;

/* Replaces the snapshot at job->path.  0, or -1 and the job has failed. */
int snapshot_write(struct rebuild_job *job);

#endif
