/*
 * wrapper - starts Mailman's wrapper.
 */
#ifndef MM_HANDLER_WRAPPER_H
#define MM_HANDLER_WRAPPER_H

#include <sys/types.h>

#include "base/str.h"

struct wrapper {
	pid_t pid;  /* its process group has the same number */
	int in;     /* to its standard input */
	int unread; /* the other end of that, to see what was left there */
	int out;    /* from its standard output and error */
};

/*
 * Runs PATH ACTION LIST, without a shell, in a process group of its own, with
 * signals as they are by default, PATH as its environment and three
 * descriptors; `in' and `out' do not block.  Every other descriptor must be
 * close-on-exec.  0, or an error number, and then nothing is open.
 */
int wrapper_start(const char *path, const char *action, const char *list,
    struct wrapper *w) WARN_UNUSED;

#endif
