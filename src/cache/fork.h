/*
 * fork - a child that has a copy of the daemon's memory and nothing else of it:
 * no descriptor but what it needs, and no signal handler.  It may hang with a
 * disk longer than the program lives whose output somebody reads to the end.
 */
#ifndef CACHE_FORK_H
#define CACHE_FORK_H

#include <sys/types.h>

/* Where the child has its descriptors; the first ones that are not stdin,
 * stdout or stderr. */
#define FORK_FIRST_FD 3
#define FORK_SECOND_FD 4

/*
 * As fork().  The child has FIRST as FORK_FIRST_FD, SECOND (-1: none) as
 * FORK_SECOND_FD, and no other descriptor but standard error: its standard
 * input and output are /dev/null.  Its signals are those of a new program.
 */
pid_t fork_bare(int first, int second);

/* Closes the socket FD, whose other end such a child has.  It sees the end of
 * the conversation, also where FD is open elsewhere. */
void fork_end(int fd);

#endif
