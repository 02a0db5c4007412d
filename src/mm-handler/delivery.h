/*
 * delivery - what handing a message over has in common, by whatever way: its
 * result, and what may cut the message off.
 *
 * The end of standard input is the end of the message only as long as whoever
 * writes it is alive: the pipe of a sendmail that died ends just so.
 */
#ifndef MM_HANDLER_DELIVERY_H
#define MM_HANDLER_DELIVERY_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

struct delivery {
	struct str fields; /* for the head of the message */
	double timeout;    /* seconds for all of it */
	int from;          /* descriptor of the message */
	pid_t writer;      /* the parent at the start */
};

struct delivery_result {
	uint64_t size;     /* bytes of the message that were read */
	char reason[768];  /* "" where it was delivered */
};

/* The first reason counts.  Always false. */
bool delivery_fail(struct delivery_result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The signals that would end the process. */
void delivery_signals(sigset_t *set);

/*
 * Whether the process that started us, PARENT then, ended or is about to.
 * False where that cannot be seen (another pid namespace, hidepid).
 */
bool delivery_writer_gone(pid_t parent);

#endif
