/*
 * questions - what one site's directory is asked by its workers, on libev.
 *
 * A worker (worker.h) is started when a question is put, and let go when none
 * was put for a while.  What may happen to a question, and to the worker that
 * has it in hand:
 *
 *	answered		the asker is told
 *	the worker dies		the one it had in hand is asked once more of
 *				the next worker, and then nobody can tell; those
 *				behind it are asked of the next one
 *	no answer for		nobody can tell the one in hand, those behind it
 *	  `deadline'		are asked of the next worker
 *	questions_configure()	all are asked of the next worker
 *	questions_free()	nobody can tell
 *
 * When the next worker comes is said in crew.h.  Until then questions wait; the
 * asker forgets his when he has waited for long enough.
 */
#ifndef CACHE_QUESTIONS_H
#define CACHE_QUESTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "mailman/entry_facts.h"
#include "cache/place.h"

struct ev_loop;
struct mailman;
struct question;
struct questions;

/* So many questions about entries are under way at most, those included that
 * were forgotten while a worker had them. */
#define QUESTIONS_MAX 1000
/* Seconds after which a worker is let go that nobody asks: it keeps the memory
 * of the snapshots that were there when it was started. */
#define QUESTIONS_IDLE 60.0

struct questions_options {
	const struct mailman *mailman;
	const char *site;      /* its name, for the log */
	const char *lists_dir;
	const char *data_dir;  /* NULL: Mailman's files are nowhere */
	double deadline;       /* seconds */
	double idle;           /* seconds; 0: QUESTIONS_IDLE */
	int inotify;           /* watch_fd(); -1: there is no instance */
};

/* What *O points to must outlive the result, or the next questions_configure().
 * NULL when out of memory. */
struct questions *questions_new(struct ev_loop *loop,
    const struct questions_options *o);
/* Takes other options: a worker with the old ones is replaced at once. */
void questions_configure(struct questions *qs,
    const struct questions_options *o);
/* Calls back for each question that is under way: nobody can tell.  QS may be
 * NULL. */
void questions_free(struct questions *qs);

/* *F is valid until it returns; NULL: nobody can tell.  The question is no more
 * then.  It may put other questions; it must not free nor configure QS. */
typedef void questions_entry_fn(void *arg, const struct entry_facts *f);
typedef void questions_place_fn(void *arg, const struct place_facts *f);

/*
 * Asks about the entry NAME.  DONE is called with ARG later, never before this
 * returns, and once, unless the question is forgotten.  NULL: nobody can tell,
 * for too many questions are under way, NAME is too long, or memory is out.
 */
struct question *questions_ask_entry(struct questions *qs, struct str name,
    questions_entry_fn *done, void *arg);
/* Asks what the directory is, before all questions that wait, and however many
 * there are; the asker puts one at a time.  NULL: memory is out. */
struct question *questions_ask_place(struct questions *qs,
    const struct place_watched *watched, questions_place_fn *done, void *arg);
/* The asker of Q does not want to know any more; Q may be NULL. */
void question_forget(struct question *q);

/* A number that no other questions have, nor these before or after the next
 * questions_configure(). */
uint64_t questions_generation(const struct questions *qs);
/* Whether a worker had to be left behind since the last answer. */
bool questions_hang(const struct questions *qs);

#endif
