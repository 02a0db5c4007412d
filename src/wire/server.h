/*
 * server - the sockets, on libev: accepts clients, keeps the rules for them.
 *
 * It keeps these rules (listmapd(8)):
 * - An idle connection is never closed: sendmail does not retry.
 * - A connection whose frame stops half-way is closed after
 *   SERVER_FRAME_SECONDS.
 * - An answer never comes late: sendmail would take it for the answer to its
 *   next question.  After a turn of the loop that took longer than the
 *   deadline (swap, SIGSTOP) connections with waiting bytes, and those whose
 *   request waits for its answerer, are closed unanswered; idle ones stay.
 * - What is answered in a turn of the loop was received before the turn() of
 *   that turn was called (turns.h).
 * - Nobody waits for another's answer: not behind a request whose answerer
 *   said CONN_LATER, and not behind a client who sends many at once.
 * - Nobody is left in the backlog: over the connection limit, or without
 *   descriptors, clients are accepted, read and closed.
 */
#ifndef WIRE_SERVER_H
#define WIRE_SERVER_H

#include <stddef.h>

#include "base/str.h"
#include "wire/conn.h"

struct ev_loop;
struct listener;
struct server;

#define SERVER_FRAME_SECONDS 10.0

struct server_options {
	double deadline;      /* seconds after which an answer is too late */
	size_t connections;   /* at most */
	double frame;         /* seconds; 0: SERVER_FRAME_SECONDS */
	conn_answer_fn *answer;
	/* Called when all that a turn of the loop answers was received; NULL:
	 * not. */
	void (*turn)(void *arg);
	/* Called where a connection ends while W->question is set, which is
	 * the last that the answerer hears of W. */
	void (*forget)(void *arg, struct conn_waiter *w);
	void *arg; /* of these three; of a server they may call only W->wake(),
	            * server_counts() and server_configure() */
};

/* Since the server was made, but for the first two. */
struct server_counts {
	unsigned long connections; /* open now */
	unsigned long limit;       /* of these */
	unsigned long accepted;
	unsigned long requests;    /* replied to */
	unsigned long shed;       /* over the limit, or no descriptor */
	unsigned long malformed;
	unsigned long stalled;    /* half a frame for too long */
	unsigned long late;       /* closed, for a late answer */
};

/* NULL when out of memory.  The caller ends it with server_free(). */
struct server *server_new(struct ev_loop *loop, const struct server_options *o);

/* New limits or another answerer, also for the connections that are open.  Of
 * these none is closed because they are more than a new limit, and those that
 * wait keep their questions. */
void server_configure(struct server *s, const struct server_options *o);

/*
 * Accepts on L, which is copied and then the server's; server_unlisten() closes
 * it.  0, or -1 when out of memory.
 */
int server_listen(struct server *s, struct listener *l) WARN_UNUSED;
/*
 * Whether each listener's socket file is still its own: the least of what
 * listen_check_file() says of them; 1 without any.
 */
int server_check_files(const struct server *s);
/* Accepts what is in the backlogs, then closes all listeners. */
void server_unlisten(struct server *s);

/*
 * Closes every connection with bytes that wait in either direction,
 * unanswered; those in the backlogs included.  The server does it after a turn
 * that took too long.  Others do it for listeners that were there before the
 * server (socket activation), whose clients may have waited for long.
 */
void server_purge(struct server *s);

/* Closes idle connections; those with something in flight finish first, also
 * those that wait for an answerer. */
void server_finish(struct server *s);
/* How many connections are open. */
size_t server_connections(const struct server *s);
void server_counts(const struct server *s, struct server_counts *c);

/* Closes everything, and has what waits forgotten.  S may be NULL. */
void server_free(struct server *s);

#endif
