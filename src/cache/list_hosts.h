/*
 * list_hosts - finds the mail host of each list of Mailman 2.1.
 *
 * A list's own file tells its host.  compare() already gave the hosts of lists
 * whose file did not change; here the files of the others are read.
 */
#ifndef CACHE_LIST_HOSTS_H
#define CACHE_LIST_HOSTS_H

#include "base/str.h"

struct rebuild_job;

/*
 * Gives each entry of job->scan its host, and each host in job->hosts the
 * number of its lists and the URL of their overview.  0, or -1 and the job has
 * failed, or the directory went meanwhile (REBUILD_AWAY).
 */
int list_hosts(struct rebuild_job *job) WARN_UNUSED;

#endif
