/*
 * snapshot - writes the lists of a rebuild_job as the CDB of the site, whose
 * records listmap-cache(5) describes.
 */
#ifndef CACHE_SNAPSHOT_H
#define CACHE_SNAPSHOT_H

#include "base/str.h"

struct cdbmake;
struct rebuild_job;

/*
 * Replaces the snapshot at job->path, and makes the result REBUILD_WRITTEN.
 * 0, or -1 and the job has failed: the old snapshot is then as it was.
 */
int snapshot_write(struct rebuild_job *job);

/*
 * Writes the checksum into the head of M, which is its first record and has
 * SNAPSHOT_UNSEALED there, and commits M as cdbmake_commit() does.
 */
int snapshot_commit(struct cdbmake *m, const char **err) WARN_UNUSED;

#define SNAPSHOT_UNSEALED "0000000000000000"

#endif
