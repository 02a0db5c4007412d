/*
 * A child tells each change in a message, and the parent takes it into its
 * struct site_scan.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cache/scan_sites.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/errands.h"
#include "base/log.h"
#include "base/privileges.h"
#include "cache/child.h"
#include "cache/rebuild.h"

struct message {
	enum scan_stage stage; /* OVER: `result' is there */
	int error;
	size_t seen;
	char holder[64];
	struct rebuild_result result;
};

_Static_assert(sizeof(struct message) <= ERRANDS_MESSAGE_MAX,
    "message too large");

/* What a child knows. */
struct teller {
	struct message message;
	int fd;
};

struct run {
	struct scan_sites *all;
	struct errands errands;
	double end; /* of all, by clock_seconds(); 0: never */
};

static void
tell(struct teller *t)
{
	errands_say(t->fd, &t->message, sizeof(t->message));
}

static void
tell_holder(void *arg, const char *holder)
{
	struct teller *t = arg;

	snprintf(t->message.holder, sizeof(t->message.holder), "%s", holder);
	tell(t);
}

static void
tell_began(void *arg)
{
	struct teller *t = arg;

	t->message.stage = SCAN_READS;
	tell(t);
}

static void
tell_seen(void *arg, size_t seen)
{
	struct teller *t = arg;

	t->message.seen = seen;
	tell(t);
}

/* Whether the directory is there; it may never answer. */
static void
ask_directory(struct teller *t, const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		t->message.error = errno;
	else if (!S_ISDIR(st.st_mode))
		t->message.error = ENOTDIR;
	t->message.stage = SCAN_WAITS;
	tell(t);
}

static void
scan_site(const struct scan_sites *all, const struct site_scan *s,
    struct teller *t)
{
	struct rebuild_order o = s->order;

	o.progress = tell_seen;
	o.began = tell_began;
	o.progress_arg = t;
	o.lock.waits = tell_holder;
	o.lock.arg = t;
	if (all->modest)
		child_be_modest();
	/* One that goes on without its parent has an end, too. */
	if (all->spare)
		alarm((unsigned)(s->site->scan_timeout + o.lock.patience));
	if (all->look)
		rebuild_look(&o, &t->message.result);
	else
		rebuild(&o, &t->message.result);
}

static void
run_scan(void *arg, size_t i, int fd)
{
	const struct run *run = arg;
	const struct scan_sites *all = run->all;
	const struct site_scan *s = &all->scan[i];
	struct teller t = { .fd = fd };

	/* All of it goes to the parent, so its padding is set as well. */
	memset(&t.message, 0, sizeof(t.message));
	ask_directory(&t, s->site->lists_dir);
	if (all->account != NULL && privileges_become(all->account) == -1) {
		t.message.result.status = REBUILD_FAILED;
		snprintf(t.message.result.reason,
		    sizeof(t.message.result.reason), "cannot become %s: %s",
		    all->account->name == NULL ? "the account"
		    : all->account->name, strerror(errno));
	} else if (!all->look || t.message.error == 0) {
		errands_bind();
		scan_site(all, s, &t);
	}
	t.message.stage = SCAN_OVER;
	tell(&t);
}

static void
note_change(const struct run *run, struct site_scan *s)
{
	if (run->all->changed != NULL)
		run->all->changed(run->all->arg, s);
}

static void
limit_stage(const struct run *run, struct errand *e, const struct site_scan *s)
{
	e->until = clock_seconds() + s->seconds[s->stage];
	if (run->end > 0 && e->until > run->end)
		e->until = run->end;
}

static void
hear_scan(void *arg, size_t i, struct str bytes)
{
	struct run *run = arg;
	struct site_scan *s = &run->all->scan[i];
	struct message m;

	if (bytes.n != sizeof(m))
		return;
	memcpy(&m, bytes.p, sizeof(m));
	s->error = m.error;
	s->seen = m.seen;
	memcpy(s->holder, m.holder, sizeof(s->holder));
	if (m.stage == SCAN_OVER) {
		s->finished = true;
		s->result = m.result;
		return;
	}
	if (m.stage != s->stage) {
		s->stage = m.stage;
		limit_stage(run, &run->errands.errand[i], s);
		run->errands.errand[i].spared = run->all->spare;
	}
	note_change(run, s);
}

/* A child came to its end without a result. */
static void
explain_end(struct site_scan *s, const struct errand *e)
{
	char *why = s->result.reason;
	const size_t size = sizeof(s->result.reason);
	const char *dir = s->site->lists_dir;

	s->result = (struct rebuild_result){ .status = REBUILD_FAILED };
	if (e->state == ERRAND_FAILED)
		snprintf(why, size, "cannot start a process: %s",
		    strerror(e->error));
	else if (e->state == ERRAND_ENDED)
		snprintf(why, size, "the scan of %s ended without a result",
		    dir);
	else if (s->stage == SCAN_ASKS)
		snprintf(why, size, "the lists directory %s does not answer "
		    "(%g s): is its file server dead?", dir,
		    s->seconds[SCAN_ASKS]);
	else
		snprintf(why, size, "the scan of %s takes longer than %g s",
		    dir, s->seconds[s->stage]);
}

static void
end_site_scan(void *arg, size_t i)
{
	const struct run *run = arg;
	struct site_scan *s = &run->all->scan[i];

	s->over = true;
	if (!s->finished)
		explain_end(s, &run->errands.errand[i]);
	note_change(run, s);
}

void
scan_sites(struct scan_sites *all)
{
	struct run run = { .all = all };
	struct errand *errand = calloc(all->n + 1, sizeof(*errand));

	if (errand == NULL)
		fatal(EX_OSERR, "out of memory");
	run.errands = (struct errands){ run_scan, hear_scan, end_site_scan,
		&run, errand, all->n };
	if (all->end > 0)
		run.end = clock_seconds() + all->end;
	for (size_t i = 0; i < all->n; i++)
		errand[i].seconds = all->scan[i].seconds[SCAN_ASKS];
	errands_run(&run.errands);
	free(errand);
}
