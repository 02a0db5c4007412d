/*
 * find_gaps - counts what a scan could not find out, and says what to do.
 */
#ifndef CACHE_FIND_GAPS_H
#define CACHE_FIND_GAPS_H

struct rebuild_job;

/*
 * Fills the gaps of the result, and says of them in its reason what somebody
 * can mend.  A site is failing where no list at all can be read.  A new
 * snapshot is needed where the gaps are not those of the old one.
 */
void find_gaps(struct rebuild_job *job);

#endif
