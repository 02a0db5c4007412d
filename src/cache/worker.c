/*
 * Messages are structs, for both sides are the same program.  They are cut
 * where nothing follows that counts: a question behind its name, a reply behind
 * its facts.
 */
#include <sys/prctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "cache/worker.h"
#include "base/str.h"
#include "mailman/entry.h"
#include "mailman/entry_facts.h"
#include "cache/fork.h"
#include "cache/place.h"

/* As `ps' shows it: who looks why a process hangs finds it by that. */
#define NAME_OF_PROCESS "listmap-worker"

#define SOCKET_FD FORK_FIRST_FD
#define INOTIFY_FD FORK_SECOND_FD

struct worker_question {
	uint64_t id;
	enum worker_kind kind;
	union {
		struct place_watched watched;
		char name[ENTRY_NAME_MAX];
	};
};

#define HEAD_OF_QUESTION offsetof(struct worker_question, name)
#define HEAD_OF_REPLY offsetof(struct worker_reply, entry)

static ssize_t
receive_message(int fd, void *to, size_t size, int flags)
{
	ssize_t n;

	do
		n = recv(fd, to, size, flags);
	while (n == -1 && errno == EINTR);
	return n;
}

static int
send_message(int fd, const void *message, size_t size, int flags)
{
	ssize_t n;

	do
		n = send(fd, message, size, flags | MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return n == (ssize_t)size ? 0 : -1;
}

/* Fills in *R, and returns how many bytes of it count; 0: this is no
 * question. */
static size_t
answer_question(const struct worker_order *o, const struct worker_question *q,
    size_t size, struct worker_reply *r)
{
	memset(r, 0, sizeof(*r));
	r->id = q->id;
	r->kind = q->kind;
	if (size < HEAD_OF_QUESTION)
		return 0;
	if (q->kind == WORKER_ENTRY) {
		entry_facts_take(o->mailman, o->lists_dir, o->data_dir,
		    (struct str){ q->name, size - HEAD_OF_QUESTION },
		    &r->entry);
		return HEAD_OF_REPLY + entry_facts_size(&r->entry);
	}
	if (size != HEAD_OF_QUESTION + sizeof(q->watched))
		return 0;
	place_facts_take(o->mailman, o->lists_dir, o->data_dir,
	    o->inotify == -1 ? -1 : INOTIFY_FD, &q->watched, &r->place);
	return HEAD_OF_REPLY + sizeof(r->place);
}

static void __attribute__((noreturn))
serve_questions(const struct worker_order *o)
{
	struct worker_question q;
	struct worker_reply r;
	size_t size;
	ssize_t n;

	for (;;) {
		n = receive_message(SOCKET_FD, &q, sizeof(q), 0);
		if (n <= 0)
			_exit(0);
		size = answer_question(o, &q, (size_t)n, &r);
		if (size == 0 ||
		    send_message(SOCKET_FD, &r, size, 0) == -1)
			_exit(1);
	}
}

/* The parent may have died before the kernel was told to tell us. */
static void
die_with_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != parent)
		_exit(1);
}

int
worker_start(struct worker *w, const struct worker_order *o)
{
	const pid_t parent = getpid();
	int fds[2], saved;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1)
		return -1;
	w->pid = fork_bare(fds[1], o->inotify);
	if (w->pid == 0) {
		die_with_parent(parent);
		(void)prctl(PR_SET_NAME, NAME_OF_PROCESS);
		serve_questions(o);
	}
	saved = errno;
	close(fds[1]);
	w->fd = fds[0];
	if (w->pid == -1)
		worker_close(w);
	errno = saved;
	return w->pid == -1 ? -1 : 0;
}

int
worker_ask_entry(const struct worker *w, uint64_t id, struct str name)
{
	struct worker_question q;

	memset(&q, 0, HEAD_OF_QUESTION);
	q.id = id;
	q.kind = WORKER_ENTRY;
	memcpy(q.name, name.p, name.n);
	return send_message(w->fd, &q, HEAD_OF_QUESTION + name.n,
	    MSG_DONTWAIT);
}

int
worker_ask_place(const struct worker *w, uint64_t id,
    const struct place_watched *watched)
{
	struct worker_question q;

	memset(&q, 0, sizeof(q));
	q.id = id;
	q.kind = WORKER_PLACE;
	memcpy(&q.watched, watched, sizeof(q.watched));
	return send_message(w->fd, &q, HEAD_OF_QUESTION + sizeof(q.watched),
	    MSG_DONTWAIT);
}

/* Whether so many bytes are a whole reply. */
static bool
is_whole_reply(const struct worker_reply *r, size_t size)
{
	if (size < HEAD_OF_REPLY)
		return false;
	if (r->kind == WORKER_PLACE)
		return size == HEAD_OF_REPLY + sizeof(r->place);
	return r->kind == WORKER_ENTRY &&
	    size == HEAD_OF_REPLY + entry_facts_size(&r->entry);
}

int
worker_hear(const struct worker *w, struct worker_reply *r)
{
	ssize_t n;

	memset(r, 0, sizeof(*r));
	n = receive_message(w->fd, r, sizeof(*r), MSG_DONTWAIT);
	if (n == -1)
		return errno == EAGAIN ? 0 : -1;
	return is_whole_reply(r, (size_t)n) ? 1 : -1;
}

void
worker_close(struct worker *w)
{
	fork_end(w->fd);
	w->fd = -1;
}
