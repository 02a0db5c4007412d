/*
 * The names are few, so they are looked through.  A site may go, or get another
 * directory, while a request waits: the generation tells its facts from those
 * that count now.
 */
#include <ev.h>
#include <stdlib.h>
#include <string.h>

#include "cache/inquiry.h"
#include "base/clock.h"
#include "base/str.h"
#include "mailman/entry_facts.h"
#include "cache/questions.h"

struct asked_name {
	struct inquiry *inquiry;
	uint64_t generation;        /* of the questions */
	struct str name;            /* allocated */
	struct question *under_way; /* NULL: it has come to its end */
	void *facts; /* their first SIZE bytes; NULL: nobody can tell, or they
			are under way */
	size_t size;
};

struct inquiry {
	struct ev_loop *loop;
	void (*wake)(void *arg);
	void *arg;
	bool waiting; /* to be woken */
	double until;
	struct ev_timer over; /* at that moment */
	struct asked_name *asked[INQUIRY_NAMES_MAX];
	size_t nasked;
	size_t nunder_way;
};

static void
wake_asker(struct inquiry *n)
{
	ev_timer_stop(n->loop, &n->over);
	if (!n->waiting)
		return;
	n->waiting = false;
	n->wake(n->arg);
}

static void
time_inquiry(struct inquiry *n)
{
	double wait = n->until - clock_seconds();

	ev_timer_stop(n->loop, &n->over);
	ev_timer_set(&n->over, wait > 0 ? wait : 0.0, 0.0);
	ev_timer_start(n->loop, &n->over);
}

/* libev counts from the beginning of a turn, and may be early. */
static void
on_inquiry_over(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct inquiry *n = w->data;

	(void)loop, (void)events;
	if (clock_seconds() < n->until)
		time_inquiry(n);
	else
		wake_asker(n);
}

static struct inquiry *
new_inquiry(const struct asking *a)
{
	struct inquiry *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->loop = a->loop;
	n->until = a->since + a->deadline;
	ev_timer_init(&n->over, on_inquiry_over, 0.0, 0.0);
	n->over.data = n;
	return n;
}

static void
free_asked_name(struct asked_name *e)
{
	question_forget(e->under_way);
	free(e->facts);
	free((char *)e->name.p);
	free(e);
}

void
inquiry_free(struct inquiry *n)
{
	if (n == NULL)
		return;
	ev_timer_stop(n->loop, &n->over);
	while (n->nasked > 0)
		free_asked_name(n->asked[--n->nasked]);
	free(n);
}

/* F is NULL where nobody can tell, as where no memory is left for the facts. */
static void
take_answer(void *arg, const struct entry_facts *f)
{
	struct asked_name *e = arg;
	struct inquiry *n = e->inquiry;

	e->under_way = NULL;
	if (f != NULL) {
		e->size = entry_facts_size(f);
		e->facts = malloc(e->size);
	}
	if (e->facts != NULL)
		memcpy(e->facts, f, e->size);
	n->nunder_way--;
	if (n->nunder_way == 0)
		wake_asker(n);
}

static struct asked_name *
find_asked_name(const struct inquiry *n, uint64_t generation, struct str name)
{
	for (size_t i = 0; i < n->nasked; i++)
		if (n->asked[i]->generation == generation &&
		    str_eq(n->asked[i]->name, name))
			return n->asked[i];
	return NULL;
}

/* 0, or -1 where nobody can be asked. */
static int
put_question(struct inquiry *n, struct questions *qs, struct str name)
{
	struct asked_name *e;

	if (n->nasked == INQUIRY_NAMES_MAX)
		return -1;
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return -1;
	e->inquiry = n;
	e->generation = questions_generation(qs);
	e->name = (struct str){ str_dup(name), name.n };
	if (e->name.p != NULL)
		e->under_way = questions_ask_entry(qs, name, take_answer, e);
	if (e->under_way == NULL) {
		free_asked_name(e);
		return -1;
	}
	n->asked[n->nasked++] = e;
	n->nunder_way++;
	return 0;
}

/* The answer in hand lacks facts that are under way. */
static void
wait_for_facts(struct asking *a, struct inquiry *n)
{
	n->wake = a->wake;
	n->arg = a->arg;
	n->waiting = true;
	a->put = true;
	if (!ev_is_active(&n->over))
		time_inquiry(n);
}

static int
copy_facts(const struct asked_name *e, struct entry_facts *f)
{
	if (e->facts == NULL)
		return -1;
	memset(f, 0, sizeof(*f));
	memcpy(f, e->facts, e->size);
	return 1;
}

int
inquiry_facts(struct asking *a, struct questions *qs, struct str name,
    struct entry_facts *f)
{
	struct asked_name *e;

	if (!a->can_wait)
		return -1;
	if (a->inquiry == NULL)
		a->inquiry = new_inquiry(a);
	if (a->inquiry == NULL)
		return -1;
	e = find_asked_name(a->inquiry, questions_generation(qs), name);
	if (e != NULL && e->under_way == NULL)
		return copy_facts(e, f);
	if (clock_seconds() >= a->inquiry->until ||
	    (e == NULL && put_question(a->inquiry, qs, name) == -1))
		return -1;
	wait_for_facts(a, a->inquiry);
	return 0;
}
