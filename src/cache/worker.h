/*
 * worker - a process that looks at a lists directory for the daemon, which must
 * never wait for a file server.
 *
 *	daemon  -> {id, entry, name} or {id, place, what is watched}  -> worker
 *	daemon <-  {id, entry or place, the facts}                   <-  worker
 *
 * It has no more rights than the daemon, and no descriptor but its socket, the
 * inotify instance and the standard ones.  It answers one question after the
 * other, in the order in which they came.  It ends when the daemon closes the
 * socket, and dies with the daemon.  A worker that hangs in a system call can
 * only be left behind; questions.h says when.
 */
#ifndef CACHE_WORKER_H
#define CACHE_WORKER_H

#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"
#include "mailman/entry_facts.h"
#include "cache/place.h"

struct mailman;

struct worker_order {
	const struct mailman *mailman;
	const char *lists_dir;
	const char *data_dir; /* NULL: Mailman's files are nowhere */
	int inotify;          /* watch_fd(); -1: there is none */
};

struct worker {
	pid_t pid; /* the caller waits for its end */
	int fd;    /* readable when it has answered or ended */
};

enum worker_kind { WORKER_ENTRY, WORKER_PLACE };

struct worker_reply {
	uint64_t id; /* that of the question */
	enum worker_kind kind;
	union {
		struct entry_facts entry;
		struct place_facts place;
	};
};

/* Starts a worker that does what *O says.  0, or -1 with errno. */
int worker_start(struct worker *w, const struct worker_order *o) WARN_UNUSED;

/*
 * Puts a question: about the entry NAME, of up to ENTRY_NAME_MAX bytes, or
 * about the place.  Never waits.  0, or -1 with errno: EAGAIN, ENOBUFS and
 * ENOMEM if there is no room for it now; else the worker has ended.
 */
int worker_ask_entry(const struct worker *w, uint64_t id, struct str name)
    WARN_UNUSED;
int worker_ask_place(const struct worker *w, uint64_t id,
    const struct place_watched *watched) WARN_UNUSED;

/* Takes the next reply, without waiting.  1; 0 where there is none yet; or -1:
 * the worker has ended, or said what no worker says. */
int worker_hear(const struct worker *w, struct worker_reply *r) WARN_UNUSED;

/* Closes the socket, so that a worker that does not hang ends. */
void worker_close(struct worker *w);

#endif
