#include <stddef.h>

#include "answer/waiting.h"
#include "base/buf.h"
#include "base/str.h"
#include "wire/conn.h"
#include "cache/inquiry.h"
#include "answer/answer.h"

static void
wake_waiter(void *arg)
{
	struct conn_waiter *w = arg;

	w->wake(w);
}

static void
begin_asking(struct asking *a, struct conn_waiter *w)
{
	a->inquiry = w->question;
	a->since = w->since;
	a->wake = wake_waiter;
	a->arg = w;
	a->put = false;
	a->can_wait = true;
}

/* From now on whoever asks does so for no request. */
static void
end_asking(struct asking *a)
{
	a->inquiry = NULL;
	a->put = false;
	a->can_wait = false;
}

enum conn_reply
waiting_answer(void *arg, struct str request, struct conn_waiter *w,
    struct buf *out)
{
	const struct waiting *s = arg;
	struct asking *a = s->asking;
	const size_t before = out->n;
	const bool failed = out->failed;

	begin_asking(a, w);
	answer_request(s->answer, request, out);
	if (a->put) {
		out->n = before;
		out->failed = failed;
		w->question = a->inquiry;
		end_asking(a);
		return CONN_LATER;
	}
	answer_log(s->answer);
	inquiry_free(a->inquiry);
	w->question = NULL;
	end_asking(a);
	return CONN_REPLIED;
}

void
waiting_forget(void *arg, struct conn_waiter *w)
{
	(void)arg;
	inquiry_free(w->question);
	w->question = NULL;
}

void
waiting_turn(void *arg)
{
	const struct waiting *s = arg;

	s->asking->turn++;
}
