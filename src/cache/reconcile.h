/*
 * reconcile - makes one truth of two sources that disagree: the directories of
 * Mailman 3, and the files postfix_lmtp and postfix_domains that it writes
 * about its lists.
 *
 * Either may be wrong.  A directory outlives a list that was removed.  The
 * files outlive the setting that makes Mailman write them.  So the age of both
 * decides what the files may say of a directory:
 *
 *	They name it, and were written after the directory was made:
 *	    the list is at the domain that they say.
 *	They do not name it, were written after the last change to the
 *	    directory, are whole, not of the future, and still being written:
 *	    it is no list, unless so many directories are not named that the
 *	    files themselves are doubtful.
 *	Else they say nothing about it.
 *
 * A list that the files name and that has no directory is a list all the same,
 * unless its directory went after the files were written.
 *
 * Files that are there and cannot be read say nothing: the lists that they
 * alone named stay, each list keeps the domain that they had for it, and what
 * went stays gone until they are written again.
 *
 * Mailman writes both files from its database (mailman/mta/postfix.py).
 */
#ifndef CACHE_RECONCILE_H
#define CACHE_RECONCILE_H

#include "base/str.h"

struct rebuild_job;

/*
 * Reads Mailman's files into job->files.  Gives each entry of job->scan its
 * basis and its host, puts the lists without a directory into job->extra, and
 * counts the lists of each host.  0, or -1 and the job has failed.
 */
int reconcile(struct rebuild_job *job) WARN_UNUSED;

#endif
