#include <ev.h>
#include <stdlib.h>
#include <unistd.h>

#include "cache/swap.h"
#include "cache/cache.h"
#include "cache/fork.h"

/* A step is about so many bytes, which takes some 20 us, and there is one in so
 * many seconds. */
#define STEP_BYTES ((size_t)256 * 1024)
#define STEP_SECONDS 0.001

struct swap {
	struct ev_loop *loop;
	swap_take_fn *take;
	void *arg;
	struct cache *fresh; /* that is made present; NULL: none */
	struct cache *old;   /* that is given up; NULL: none */
	int held;
	struct ev_timer step;
};

static void
release_held(struct swap *s)
{
	if (s->held != -1)
		fork_end(s->held);
	s->held = -1;
}

static void
on_step(struct ev_loop *loop, struct ev_timer *w, int events)
{
	struct swap *s = w->data;
	struct cache *fresh = s->fresh;

	(void)events;
	if (fresh != NULL) {
		if (!cache_populate(fresh, STEP_BYTES))
			return;
		s->fresh = NULL;
		s->old = s->take(s->arg, fresh);
	} else if (cache_release(s->old, STEP_BYTES)) {
		s->old = NULL;
		ev_timer_stop(loop, w);
		release_held(s);
	}
}

/* What was begun before is over at once. */
static void
end_now(struct swap *s)
{
	ev_timer_stop(s->loop, &s->step);
	cache_close(s->fresh);
	cache_close(s->old);
	s->fresh = s->old = NULL;
	release_held(s);
}

struct swap *
swap_new(struct ev_loop *loop, swap_take_fn *take, void *arg)
{
	struct swap *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->loop = loop;
	s->take = take;
	s->arg = arg;
	s->held = -1;
	ev_timer_init(&s->step, on_step, STEP_SECONDS, STEP_SECONDS);
	s->step.data = s;
	return s;
}

void
swap_free(struct swap *s)
{
	if (s == NULL)
		return;
	end_now(s);
	free(s);
}

void
swap_begin(struct swap *s, struct cache *fresh, int held)
{
	end_now(s);
	s->fresh = fresh;
	s->held = held;
	ev_timer_set(&s->step, STEP_SECONDS, STEP_SECONDS);
	ev_timer_start(s->loop, &s->step);
}

void
swap_cancel(struct swap *s)
{
	if (s->fresh == NULL)
		return;
	s->old = s->fresh;
	s->fresh = NULL;
}

bool
swap_runs(const struct swap *s)
{
	return s->fresh != NULL;
}
