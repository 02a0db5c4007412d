/*
 * diff_missing - what listmap answers and no table that is kept by hand has.
 */
#ifndef LISTMAP_DIFF_MISSING_H
#define LISTMAP_DIFF_MISSING_H

struct diff;

/*
 * Prints (unless D hides them) and counts the addresses that are missing, all
 * of a list on one line, after every table was added to D.  Several files may
 * share the work, so an address is missing where none of them has it; the first
 * file of its kind is named for it.  Ends the program (EX_TEMPFAIL) where the
 * lists cannot be read.
 */
void diff_missing(struct diff *d);

#endif
