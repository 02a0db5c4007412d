/*
 * A question is in one of two queues: it waits, or a worker has it.  A worker
 * has few at a time, so that one that is lost takes few with it, and so that
 * what was forgotten meanwhile is mostly not asked at all.  It answers in
 * order: the first that it has is the one in hand.
 */
#include <sys/queue.h>

#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <string.h>

#include "cache/questions.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "mailman/entry.h"
#include "mailman/entry_facts.h"
#include "cache/crew.h"
#include "cache/place.h"
#include "cache/worker.h"

/* So many a worker has at a time. */
#define SENT_MAX 16
/* A question that was in hand when so many workers were lost is not asked any
 * more. */
#define LOST_MAX 2

struct question {
	TAILQ_ENTRY(question) link;
	struct questions *of;
	uint64_t id;
	enum worker_kind kind;
	bool sent;
	int lost; /* workers, with this in hand */
	questions_entry_fn *entry_done; /* both NULL: forgotten */
	questions_place_fn *place_done;
	void *arg;
	struct place_watched watched;
	size_t n; /* bytes of the name */
	char name[];
};

TAILQ_HEAD(queue, question);

struct questions {
	struct ev_loop *loop;
	struct questions_options o;
	uint64_t generation;
	struct crew *crew;
	struct queue waiting, sent;
	size_t nsent;
	size_t nentries; /* in both queues */
	uint64_t last_id;
	double quiet_since; /* when the worker's silence began */
	bool hang;
	bool ending;
	struct ev_timer silence; /* of the worker, with questions or without */
};

static uint64_t last_generation;

static double
longest_silence(const struct questions *qs)
{
	if (qs->nsent > 0)
		return qs->o.deadline;
	return qs->o.idle > 0 ? qs->o.idle : QUESTIONS_IDLE;
}

static void
time_silence(struct questions *qs)
{
	double wait = qs->quiet_since + longest_silence(qs) - clock_seconds();

	ev_timer_stop(qs->loop, &qs->silence);
	ev_timer_set(&qs->silence, wait > 0 ? wait : 0.0, 0.0);
	ev_timer_start(qs->loop, &qs->silence);
}

static void
free_question(struct question *q)
{
	q->of->nentries -= q->kind == WORKER_ENTRY;
	free(q);
}

static void
take_out(struct question *q)
{
	struct questions *qs = q->of;

	TAILQ_REMOVE(q->sent ? &qs->sent : &qs->waiting, q, link);
	qs->nsent -= q->sent;
}

/* Q, which is in no queue any more, has come to its end.  R is NULL where
 * nobody can tell. */
static void
finish_question(struct question *q, const struct worker_reply *r)
{
	/* Its asker may forget it even now: nobody looks for it among those
	 * that wait. */
	q->sent = true;
	if (q->entry_done != NULL)
		q->entry_done(q->arg, r == NULL ? NULL : &r->entry);
	if (q->place_done != NULL)
		q->place_done(q->arg, r == NULL ? NULL : &r->place);
	free_question(q);
}

/* The worker has all that is to be known of it from now on. */
static int
send_question(const struct worker *w, const struct question *q)
{
	if (q->kind == WORKER_PLACE)
		return worker_ask_place(w, q->id, &q->watched);
	return worker_ask_entry(w, q->id, (struct str){ q->name, q->n });
}

static bool
has_no_room(int error)
{
	return error == EAGAIN || error == ENOBUFS || error == ENOMEM;
}

/* Moves what waits to the worker, as much as it takes.  The end of one that has
 * ended shows when it is read from. */
static void
send_waiting(struct questions *qs, const struct worker *w)
{
	const bool idle = qs->nsent == 0;
	struct question *q;
	bool full = false;

	while (qs->nsent < SENT_MAX &&
	    (q = TAILQ_FIRST(&qs->waiting)) != NULL) {
		if (send_question(w, q) == -1) {
			full = has_no_room(errno);
			break;
		}
		TAILQ_REMOVE(&qs->waiting, q, link);
		TAILQ_INSERT_TAIL(&qs->sent, q, link);
		q->sent = true;
		qs->nsent++;
	}
	crew_await_room(qs->crew, full);
	if (idle && qs->nsent > 0) {
		qs->quiet_since = clock_seconds();
		time_silence(qs);
	}
}

static void
go_on(struct questions *qs)
{
	const struct worker *w;

	if (TAILQ_EMPTY(&qs->waiting))
		return;
	w = crew_start(qs->crew);
	if (w != NULL)
		send_waiting(qs, w);
}

/* What the worker had waits for the next one, in the same order; but not what
 * was forgotten. */
static void
take_back_sent(struct questions *qs)
{
	struct question *q;

	while ((q = TAILQ_LAST(&qs->sent, queue)) != NULL) {
		take_out(q);
		q->sent = false;
		if (q->entry_done == NULL && q->place_done == NULL)
			free_question(q);
		else
			TAILQ_INSERT_HEAD(&qs->waiting, q, link);
	}
}

/* The worker is lost, with a question in hand or without. */
static void
lose_worker(struct questions *qs, enum crew_loss why)
{
	struct question *q = TAILQ_FIRST(&qs->sent);
	bool over = false;

	if (q != NULL && why != CREW_REPLACED) {
		q->lost++;
		over = why == CREW_HANGS || q->lost >= LOST_MAX;
	}
	if (over)
		take_out(q);
	ev_timer_stop(qs->loop, &qs->silence);
	crew_lose(qs->crew, why);
	take_back_sent(qs);
	if (over)
		finish_question(q, NULL);
	go_on(qs);
}

static void
note_answer(struct questions *qs)
{
	qs->quiet_since = clock_seconds();
	if (!qs->hang)
		return;
	qs->hang = false;
	crew_forgive(qs->crew);
	log_info("questions: the lists directory answers again: %s: %s",
	    qs->o.site, qs->o.lists_dir);
}

/* 0, or -1 where the worker was not asked that. */
static int
take_reply(struct questions *qs, const struct worker_reply *r)
{
	struct question *q = TAILQ_FIRST(&qs->sent);

	if (q == NULL || q->id != r->id || q->kind != r->kind)
		return -1;
	take_out(q);
	note_answer(qs);
	finish_question(q, r);
	return 0;
}

/* Takes all that the worker has said, and its end. */
static void
hear_worker(struct questions *qs)
{
	struct worker_reply r;
	int rc = 0;

	while (crew_worker(qs->crew) != NULL &&
	    (rc = worker_hear(crew_worker(qs->crew), &r)) == 1)
		if (take_reply(qs, &r) == -1) {
			rc = -1;
			break;
		}
	if (rc == -1)
		lose_worker(qs, CREW_DIED);
}

static void
on_ready(void *arg)
{
	struct questions *qs = arg;

	hear_worker(qs);
	if (crew_worker(qs->crew) == NULL)
		return;
	send_waiting(qs, crew_worker(qs->crew));
	if (qs->nsent == 0)
		time_silence(qs);
}

static void
on_may_start(void *arg)
{
	go_on(arg);
}

static void
note_hang(struct questions *qs)
{
	if (!qs->hang)
		log_warn("questions: the lists directory does not answer: %s: "
		    "%s", qs->o.site, qs->o.lists_dir);
	qs->hang = true;
	lose_worker(qs, CREW_HANGS);
}

/*
 * A loop that was stopped for long has not heard what the worker said, and the
 * worker may have been stopped as well.
 */
static void
on_silence(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct questions *qs = w->data;
	const double due = qs->quiet_since + longest_silence(qs);

	(void)loop, (void)events;
	hear_worker(qs);
	if (crew_worker(qs->crew) == NULL)
		return;
	if (clock_seconds() - due > qs->o.deadline)
		qs->quiet_since = clock_seconds();
	if (clock_seconds() < qs->quiet_since + longest_silence(qs))
		time_silence(qs);
	else if (qs->nsent > 0)
		note_hang(qs);
	else
		lose_worker(qs, CREW_REPLACED);
}

static void
take_options(struct questions *qs, const struct questions_options *o)
{
	const struct worker_order order = { o->mailman, o->lists_dir,
		o->data_dir, o->inotify };

	qs->o = *o;
	qs->generation = ++last_generation;
	crew_configure(qs->crew, &order, o->site);
}

struct questions *
questions_new(struct ev_loop *loop, const struct questions_options *o)
{
	struct questions *qs = calloc(1, sizeof(*qs));
	const struct crew_owner owner = { on_ready, on_may_start, qs };

	if (qs == NULL)
		return NULL;
	qs->crew = crew_new(loop, &owner);
	if (qs->crew == NULL) {
		free(qs);
		return NULL;
	}
	qs->loop = loop;
	take_options(qs, o);
	TAILQ_INIT(&qs->waiting);
	TAILQ_INIT(&qs->sent);
	ev_timer_init(&qs->silence, on_silence, 0.0, 0.0);
	qs->silence.data = qs;
	return qs;
}

void
questions_configure(struct questions *qs, const struct questions_options *o)
{
	take_options(qs, o);
	crew_forgive(qs->crew);
	if (crew_worker(qs->crew) != NULL)
		lose_worker(qs, CREW_REPLACED);
	else
		go_on(qs);
}

void
questions_free(struct questions *qs)
{
	struct question *q;

	if (qs == NULL)
		return;
	qs->ending = true;
	ev_timer_stop(qs->loop, &qs->silence);
	crew_free(qs->crew);
	while ((q = TAILQ_FIRST(&qs->sent)) != NULL ||
	    (q = TAILQ_FIRST(&qs->waiting)) != NULL) {
		take_out(q);
		finish_question(q, NULL);
	}
	free(qs);
}

/* A question with room for a name of N bytes, in no queue yet. */
static struct question *
new_question(struct questions *qs, enum worker_kind kind, size_t n, void *arg)
{
	struct question *q = NULL;

	if (!qs->ending)
		q = calloc(1, sizeof(*q) + n);
	if (q == NULL)
		return NULL;
	q->of = qs;
	q->id = ++qs->last_id;
	q->kind = kind;
	q->arg = arg;
	q->n = n;
	qs->nentries += kind == WORKER_ENTRY;
	return q;
}

struct question *
questions_ask_entry(struct questions *qs, struct str name,
    questions_entry_fn *done, void *arg)
{
	struct question *q;

	if (name.n == 0 || name.n > ENTRY_NAME_MAX ||
	    qs->nentries >= QUESTIONS_MAX)
		return NULL;
	q = new_question(qs, WORKER_ENTRY, name.n, arg);
	if (q == NULL)
		return NULL;
	memcpy(q->name, name.p, name.n);
	q->entry_done = done;
	TAILQ_INSERT_TAIL(&qs->waiting, q, link);
	go_on(qs);
	return q;
}

struct question *
questions_ask_place(struct questions *qs, const struct place_watched *watched,
    questions_place_fn *done, void *arg)
{
	struct question *q = new_question(qs, WORKER_PLACE, 0, arg);

	if (q == NULL)
		return NULL;
	q->watched = *watched;
	q->place_done = done;
	TAILQ_INSERT_HEAD(&qs->waiting, q, link);
	go_on(qs);
	return q;
}

void
question_forget(struct question *q)
{
	if (q == NULL)
		return;
	q->entry_done = NULL;
	q->place_done = NULL;
	if (q->sent)
		return;
	take_out(q);
	free_question(q);
}

uint64_t
questions_generation(const struct questions *qs)
{
	return qs->generation;
}

bool
questions_hang(const struct questions *qs)
{
	return qs->hang;
}
