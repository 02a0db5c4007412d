/*
 * That something was mounted or unmounted is told by /proc/self/mountinfo
 * (proc_pid_mountinfo(5)): poll(2) has POLLPRI for it then, but is readable
 * always, so that an epoll instance of its own stands between it and the loop.
 */
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cache/lookout.h"
#include "base/conf.h"
#include "mailman/directory.h"
#include "mailman/mailman.h"
#include "cache/place.h"
#include "cache/questions.h"
#include "cache/record.h"
#include "cache/watch.h"

struct lookout {
	struct ev_loop *loop;
	const struct mailman *mailman;
	const struct conf_site *site;
	struct questions *questions;
	struct lookout_owner owner;

	struct watch *watch;
	struct ev_io watch_io;
	int mounts;      /* readable after a mount; -1: nobody can tell */
	int mountinfo;
	struct ev_io mounts_io;

	struct question *question; /* about the place, under way; or NULL */
	bool again;      /* another is wanted after it */
	bool known;      /* the last one was answered */
	enum directory_kind kind;
	enum directory_kind files_kind;
	int files_error; /* why nobody can look at Mailman's files */
	bool files_blind; /* this account may not see them */
};

static void
open_mounts(struct lookout *o)
{
	struct epoll_event e = { .events = EPOLLPRI };

	o->mountinfo = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	o->mounts = epoll_create1(EPOLL_CLOEXEC);
	if (o->mounts != -1 && o->mountinfo != -1 &&
	    epoll_ctl(o->mounts, EPOLL_CTL_ADD, o->mountinfo, &e) == 0)
		return;
	if (o->mounts != -1)
		close(o->mounts);
	o->mounts = -1;
}

static void
on_mount(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct lookout *o = w->data;
	struct epoll_event e;

	(void)loop, (void)events;
	(void)epoll_wait(o->mounts, &e, 1, 0);
	o->known = false;
	lookout_ask(o);
}

/* What was seen is told before anybody looks at what it means. */
static void
read_events(struct lookout *o)
{
	unsigned seen = watch_read(o->watch);

	if (seen == 0)
		return;
	o->owner.saw(o->owner.arg, seen);
	if ((seen & WATCH_LOST) != 0)
		lookout_ask(o);
}

static void
on_inotify(struct ev_loop *loop, struct ev_io *w, int events)
{
	(void)loop, (void)events;
	read_events(w->data);
}

static void
start_watchers(struct lookout *o)
{
	ev_io_init(&o->watch_io, on_inotify, watch_fd(o->watch), EV_READ);
	ev_set_priority(&o->watch_io, EV_MAXPRI);
	o->watch_io.data = o;
	ev_io_start(o->loop, &o->watch_io);
	ev_io_init(&o->mounts_io, on_mount, o->mounts, EV_READ);
	ev_set_priority(&o->mounts_io, EV_MAXPRI);
	o->mounts_io.data = o;
	if (o->mounts != -1)
		ev_io_start(o->loop, &o->mounts_io);
}

struct lookout *
lookout_new(struct ev_loop *loop, const struct mailman *mailman,
    struct touched *touched, const struct lookout_owner *owner)
{
	struct lookout *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->loop = loop;
	o->mailman = mailman;
	o->owner = *owner;
	o->watch = watch_new(touched);
	if (o->watch == NULL) {
		free(o);
		return NULL;
	}
	open_mounts(o);
	start_watchers(o);
	return o;
}

void
lookout_configure(struct lookout *o, const struct conf_site *site,
    struct questions *questions)
{
	o->site = site;
	o->questions = questions;
	o->known = false;
	lookout_ask(o);
}

void
lookout_free(struct lookout *o)
{
	if (o == NULL)
		return;
	question_forget(o->question);
	ev_io_stop(o->loop, &o->watch_io);
	ev_io_stop(o->loop, &o->mounts_io);
	if (o->mounts != -1)
		close(o->mounts);
	if (o->mountinfo != -1)
		close(o->mountinfo);
	watch_free(o->watch);
	free(o);
}

static void
take_watches(struct lookout *o, const struct place_facts *f, bool *rearmed)
{
	const struct directory_id files = { f->files_dev, f->files_ino };
	const struct directory_id lists = { f->dev, f->ino };

	if (f->files_armed) {
		if (watch_take_files(o->watch, f->files_wd, &files,
		        o->mailman->files_prefix))
			*rearmed = true;
		else
			o->again = true;
	}
	if (f->armed) {
		if (watch_take(o->watch, f->wd, &lists))
			*rearmed = true;
		else
			o->again = true;
	}
}

/* Whether the path leads to something else than to what is watched. */
static bool
has_moved(const struct lookout *o, const struct place_facts *f)
{
	int wd;
	const struct directory_id *id = watch_id(o->watch, &wd);

	return id != NULL && (f->dev != id->dev || f->ino != id->ino);
}

/* A questions_place_fn.  An answer is of before what happened since it was
 * asked for. */
static void
take_place(void *arg, const struct place_facts *f)
{
	struct lookout *o = arg;
	bool rearmed = false;

	o->question = NULL;
	if (f == NULL) {
		o->known = false;
		return;
	}
	if (has_moved(o, f))
		o->owner.moved(o->owner.arg);
	take_watches(o, f, &rearmed);
	o->kind = f->kind;
	o->files_kind = f->files_kind;
	o->files_error = f->files_error;
	o->files_blind = f->stamp == 0 && (f->files_error == EACCES ||
	    f->files_watch_error == EACCES);
	o->known = f->error == 0 && !o->again;
	if (o->again)
		lookout_ask(o);
	o->owner.told(o->owner.arg, rearmed,
	    f->error != 0 ? f->error : f->watch_error);
}

void
lookout_ask(struct lookout *o)
{
	struct place_watched watched = { .wd = -1, .files_wd = -1 };
	const struct directory_id *lists = watch_id(o->watch, &watched.wd);
	const struct directory_id *files = watch_files_id(o->watch,
	    &watched.files_wd);

	o->again = o->question != NULL;
	if (o->again || o->questions == NULL)
		return;
	if (lists != NULL)
		watched.lists = *lists;
	if (files != NULL)
		watched.files = *files;
	o->question = questions_ask_place(o->questions, &watched, take_place,
	    o);
}

bool
lookout_is_known(const struct lookout *o)
{
	return o->known;
}

enum directory_kind
lookout_kind(const struct lookout *o)
{
	return o->known ? o->kind : DIRECTORY_UNKNOWN;
}

struct watch *
lookout_watch(struct lookout *o)
{
	return o->watch;
}

bool
lookout_is_watched(const struct lookout *o)
{
	return watch_armed(o->watch);
}

/* 1: PATH leads to the directory ID; 0: it does not; -1: the kernel does not
 * know it, so that the worker has to look. */
static int
leads_to(const char *path, const struct directory_id *id)
{
	struct directory_id now;

	if (directory_identify_cached(path, &now) == 0)
		return now.dev == id->dev && now.ino == id->ino;
	return errno == EAGAIN ? -1 : 0;
}

/* Whether the lists directory is still the one that is watched. */
static bool
are_lists_in_place(struct lookout *o, const struct directory_id *id)
{
	const int leads = leads_to(o->site->lists_dir, id);

	if (leads == 1)
		return true;
	o->known = false;
	if (leads == 0)
		o->owner.moved(o->owner.arg);
	lookout_ask(o);
	return false;
}

/* Whether Mailman's files cannot have changed unseen for want of a watch: there
 * is no directory for them, or none that this account may look into. */
static bool
are_files_still_missing(struct lookout *o)
{
	struct directory_id now;

	if (o->files_blind)
		return true;
	return o->files_error == ENOENT &&
	    directory_identify_cached(o->site->data_dir, &now) == -1 &&
	    errno == ENOENT;
}

/* Whether the directory with Mailman's files is still the one that is watched,
 * or there is still none. */
static bool
are_files_in_place(struct lookout *o)
{
	const struct directory_id *id;
	int wd, leads;

	if (o->mailman->files_prefix == NULL)
		return true;
	id = watch_files_id(o->watch, &wd);
	if (id == NULL)
		return are_files_still_missing(o);
	leads = leads_to(o->site->data_dir, id);
	if (leads == 1)
		return o->files_kind == DIRECTORY_SEEN;
	o->known = false;
	if (leads == 0)
		o->owner.saw(o->owner.arg, WATCH_FILES);
	lookout_ask(o);
	return false;
}

bool
lookout_look(struct lookout *o, const struct record_head *head)
{
	const struct directory_id *id;
	int wd;

	read_events(o);
	id = watch_id(o->watch, &wd);
	if (!o->known || o->kind != DIRECTORY_SEEN || id == NULL ||
	    id->dev != head->dev || id->ino != head->ino)
		return false;
	return are_lists_in_place(o, id) && are_files_in_place(o);
}

void
lookout_check(struct lookout *o)
{
	const struct directory_id *id;
	int wd;

	id = watch_id(o->watch, &wd);
	if (o->known && id != NULL && are_lists_in_place(o, id))
		(void)are_files_in_place(o);
}
