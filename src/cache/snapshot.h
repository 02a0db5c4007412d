/*
 * snapshot - writes the lists of a rebuild_job as the CDB of the site, whose
 * records listmap-cache(5) describes.
 */
#ifndef CACHE_SNAPSHOT_H
#define CACHE_SNAPSHOT_H

struct rebuild_job;

/*
 * Replaces the snapshot at job->path, and makes the result REBUILD_WRITTEN.
 * 0, or -1 and the job has failed: the old snapshot is then as it was.
 */
int snapshot_write(struct rebuild_job *job);

#endif
