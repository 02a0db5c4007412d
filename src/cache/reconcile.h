/*
 * reconcile - what Mailman 3 wrote down of its lists (postfix_lmtp and
 * postfix_domains) is held against the directories that are there.
 *
 * Both may be wrong: a directory can be left over from a list that was
 * removed, and the files stay behind when Mailman stops to write them.  The
 * files are believed of a directory only where they are not older than it.
 *
 *	that its list is at a certain domain: as soon as they were written
 *	    after the directory was made;
 *	that it is no list at all: where in addition nothing about the
 *	    directory changed since, and the files are whole, not of the
 *	    future, still written, and would take few of the directories away.
 */
#ifndef CACHE_RECONCILE_H
#define CACHE_RECONCILE_H

#include "base/str.h"

struct rebuild_job;

/*
 * Reads the files, tells which of JOB's directories are lists and at which
 * domain, adds the lists that have no directory, and counts the lists of each
 * host.  0, or -1 and the job has failed.
 */
int reconcile(struct rebuild_job *job) WARN_UNUSED;

#endif
