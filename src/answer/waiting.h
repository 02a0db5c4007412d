/*
 * waiting - answers requests of which some have to wait for a worker.
 *
 * Below, nobody knows how to wait.  A request is answered, and if that put
 * questions (cache/inquiry.h), what came of it is dropped; when the facts are
 * there it is answered anew, from the beginning.  So an answer has all facts
 * that it needs, or says that there is none.
 */
#ifndef ANSWER_WAITING_H
#define ANSWER_WAITING_H

#include "base/str.h"
#include "wire/conn.h"

struct answer;
struct asking;
struct buf;

/* Both must outlive it.  ASKING is the one that the lists of ANSWER ask by. */
struct waiting {
	struct answer *answer;
	struct asking *asking;
};

/* These are for struct server_options; ARG is the struct waiting. */

/* A conn_answer_fn. */
enum conn_reply waiting_answer(void *arg, struct str request,
    struct conn_waiter *w, struct buf *out);
/* The client of W has gone. */
void waiting_forget(void *arg, struct conn_waiter *w);
/* All that is answered in this turn of the loop was received: counts the turn
 * in asking->turn, so that everybody below looks once in each. */
void waiting_turn(void *arg);

#endif
