/*
 * list_hosts - the mail host of every list, out of the list's own files, which
 * are read where they are new or changed.
 */
#ifndef CACHE_LIST_HOSTS_H
#define CACHE_LIST_HOSTS_H

#include "base/str.h"

struct rebuild_job;

/*
 * Gives every list of JOB its host, and every host the count of its lists and
 * the URL of their overview.  0, or -1 and the job has failed.
 */
int list_hosts(struct rebuild_job *job) WARN_UNUSED;

#endif
