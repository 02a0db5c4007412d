/*
 * wrapper - starts Mailman's wrapper, the setgid program that checks who calls
 * it and runs Mailman's scripts (Mailman 2.1, src/mail-wrapper.c).
 */
#ifndef MM_HANDLER_WRAPPER_H
#define MM_HANDLER_WRAPPER_H

#include <sys/types.h>

#include "base/str.h"
#include "mm-handler/guard.h"

struct wrapper {
	pid_t pid;
	struct guard guard; /* leads its process group, and has `in' */
	int in;     /* we write its standard input here */
	int unread; /* the other end of that pipe, to see what it left there */
	int out;    /* we read its standard output and error here */
};

/*
 * Runs PATH ACTION LIST without a shell.  The wrapper gets the process group of
 * a guard, default signals, three descriptors and an environment that holds
 * PATH alone.  Every other descriptor of ours must be close-on-exec.  `in' and
 * `out' do not block.  0, or an error number, and then nothing is open.
 */
int wrapper_start(const char *path, const char *action, const char *list,
    struct wrapper *w) WARN_UNUSED;

#endif
