/*
 * devnull - /dev/null in the place of the standard files.
 */
#ifndef BASE_DEVNULL_H
#define BASE_DEVNULL_H

/* Puts /dev/null in the place of the descriptors FIRST to LAST.  0, or -1 with
 * errno. */
int devnull_put(int first, int last);

#endif
