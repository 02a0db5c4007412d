/*
 * inquiry - what one waiting request has asked of the workers, on libev.
 *
 * Who answers a request does not know how to wait.  It is answered anew
 * whenever facts have come that it lacked (answer/waiting.h): an answer that
 * put questions does not count, and the next one finds their facts here.
 *
 * Facts are those of this request alone, so that each was looked up after the
 * request was received.
 */
#ifndef CACHE_INQUIRY_H
#define CACHE_INQUIRY_H

#include <stdbool.h>

#include "base/str.h"

struct entry_facts;
struct ev_loop;
struct inquiry;
struct questions;

/* A request asks about so many entries at most. */
#define INQUIRY_NAMES_MAX 64

/* Who is being answered just now.  There is one of it; everybody who may ask a
 * worker has a pointer to it. */
struct asking {
	struct ev_loop *loop;
	double deadline; /* seconds that a request waits at most */
	unsigned long turn; /* of the loop, counted; see waiting_turn() */

	/* Of the request in hand. */
	bool can_wait;           /* false: there is none that can */
	double since;            /* when it was received (base/clock.h) */
	struct inquiry *inquiry; /* what it asked before; NULL: nothing */
	bool put;                /* this answer does not count */
	/* Called with ARG, later and once for each answer that put questions:
	 * it can be answered anew. */
	void (*wake)(void *arg);
	void *arg;
};

/*
 * The facts of the entry NAME of the site that QS asks, for the request in
 * hand.  1, and in *F; 0: the question was put, now or before, and A->put is
 * set; -1: nobody can tell: no request can wait, its deadline is over, it has
 * asked about too many entries, or questions.h says so.
 */
int inquiry_facts(struct asking *a, struct questions *qs, struct str name,
    struct entry_facts *f);

/* Forgets all questions of N, which may be NULL, and frees it. */
void inquiry_free(struct inquiry *n);

#endif
