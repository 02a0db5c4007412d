/*
 * guard - what happens when SIGKILL ends mm-handler in the middle of a message.
 *
 * The kernel then closes the wrapper's standard input, and the wrapper would
 * take that for the end of the message.  So a small process has that pipe open
 * as well.  When mm-handler ends without a word, it kills the wrapper first.
 *
 * The guard leads a process group, and the wrapper becomes a member of that:
 * so it can be killed from its first moment, and nobody has to tell its number.
 * PR_SET_PDEATHSIG does not help, for the wrapper is setgid (prctl(2)).
 */
#ifndef MM_HANDLER_GUARD_H
#define MM_HANDLER_GUARD_H

#include <sys/types.h>

#include "base/str.h"

struct guard {
	pid_t pid; /* also that of the process group; 0: there is none */
	int talk;  /* its end means that we ended; -1: nothing is to be said */
};

/* Starts a guard that has IN open.  0, or an error number, and then there is
 * none. */
int guard_start(struct guard *g, int in) WARN_UNUSED;

/* The message is whole: the guard closes `in' and ends. */
void guard_dismiss(struct guard *g);

/* Ends the guard, if there is one: unless it was dismissed, with its group. */
void guard_end(struct guard *g);

#endif
