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
#include "cache/gone.h"
#include "cache/inquiry.h"
#include "cache/place.h"
#include "cache/questions.h"
#include "cache/record.h"
#include "cache/watch.h"

/* A place that only the worker may look at is looked at every so many checks.
 */
#define SLOW_CHECKS 10

struct lookout {
	struct ev_loop *loop;
	const struct mailman *mailman;
	const struct conf_site *site;
	struct touched *touched;
	struct lookout_owner owner;
	double deadline;
	unsigned checks;
	bool stopped;

	struct questions *questions; /* NULL: there is no memory for them */
	struct watch *watch;         /* NULL: stopped, or no inotify instance */
	struct ev_io watch_io;
	int mounts;      /* readable after a mount; -1: nobody can tell */
	int mountinfo;
	struct ev_io mounts_io;

	struct question *question; /* about the place, under way; or NULL */
	bool again;      /* another is wanted after it */
	bool known;      /* the last one was answered, and holds */
	enum directory_kind kind; /* of the lists directory */
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

static void ask_place(struct lookout *o);

static void
on_mount(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct lookout *o = w->data;
	struct epoll_event e;

	(void)loop, (void)events;
	(void)epoll_wait(o->mounts, &e, 1, 0);
	o->known = false;
	ask_place(o);
}

/* What was seen is told before anybody looks at what it means. */
static void
read_events(struct lookout *o)
{
	unsigned seen = o->watch != NULL ? watch_read(o->watch) : 0;

	if (seen == 0)
		return;
	o->owner.saw(o->owner.arg, seen);
	if ((seen & WATCH_LOST) != 0)
		ask_place(o);
}

static void
on_inotify(struct ev_loop *loop, struct ev_io *w, int events)
{
	(void)loop, (void)events;
	read_events(w->data);
}

/* The priorities let the loop handle these before look-ups that arrived in the
 * same turn. */
static void
start_watching(struct lookout *o, void (*handle)(struct ev_loop *loop,
    struct ev_io *w, int events), struct ev_io *w, int fd)
{
	ev_io_init(w, handle, fd, EV_READ);
	ev_set_priority(w, EV_MAXPRI);
	w->data = o;
	ev_io_start(o->loop, w);
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
	o->touched = touched;
	o->owner = *owner;
	open_mounts(o);
	if (o->mounts != -1)
		start_watching(o, on_mount, &o->mounts_io, o->mounts);
	return o;
}

static struct questions_options
questions_options_for(const struct lookout *o)
{
	return (struct questions_options){
		.mailman = o->mailman,
		.site = o->site->name,
		.lists_dir = o->site->lists_dir,
		.data_dir = o->site->data_dir,
		.deadline = o->deadline,
		.inotify = o->watch != NULL ? watch_fd(o->watch) : -1,
	};
}

/* Whether there is a watch now that was not there before. */
static bool
open_watch(struct lookout *o)
{
	if (o->watch != NULL)
		return false;
	o->watch = watch_new(o->touched);
	if (o->watch == NULL) {
		o->owner.told(o->owner.arg, false, errno, 0);
		return false;
	}
	start_watching(o, on_inotify, &o->watch_io, watch_fd(o->watch));
	return true;
}

/* A worker gets the descriptor of the watch when it is started. */
static void
configure_questions(struct lookout *o)
{
	const struct questions_options options = questions_options_for(o);

	if (o->questions != NULL)
		questions_configure(o->questions, &options);
	else
		o->questions = questions_new(o->loop, &options);
}

void
lookout_configure(struct lookout *o, const struct conf_site *site,
    double deadline)
{
	o->site = site;
	o->deadline = deadline;
	(void)open_watch(o);
	configure_questions(o);
	o->known = false;
	ask_place(o);
}

void
lookout_stop(struct lookout *o)
{
	o->stopped = true;
	o->known = false;
	question_forget(o->question);
	o->question = NULL;
	if (o->mounts != -1)
		ev_io_stop(o->loop, &o->mounts_io);
	if (o->watch != NULL)
		ev_io_stop(o->loop, &o->watch_io);
	watch_free(o->watch);
	o->watch = NULL;
	/* The next worker would get whatever has the descriptor by then. */
	if (o->questions != NULL)
		configure_questions(o);
}

void
lookout_free(struct lookout *o)
{
	if (o == NULL)
		return;
	questions_free(o->questions);
	o->questions = NULL;
	lookout_stop(o);
	if (o->mounts != -1)
		close(o->mounts);
	if (o->mountinfo != -1)
		close(o->mountinfo);
	free(o);
}

/* Takes the watches that the worker armed, the files' first: see watch_take().
 * *REARMED becomes true where one is new. */
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
	const struct directory_id *id = o->watch != NULL ?
	    watch_id(o->watch, &wd) : NULL;

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
		ask_place(o);
	o->owner.told(o->owner.arg, rearmed,
	    f->error != 0 ? f->error : f->watch_error, f->stamp);
}

/* Has the worker look at the place; once more, where it looks just now. */
static void
ask_place(struct lookout *o)
{
	struct place_watched watched = { .wd = -1, .files_wd = -1 };
	const struct directory_id *id;

	o->again = o->question != NULL;
	if (o->again || o->stopped || o->watch == NULL || o->questions == NULL)
		return;
	id = watch_id(o->watch, &watched.wd);
	if (id != NULL)
		watched.lists = *id;
	id = watch_files_id(o->watch, &watched.files_wd);
	if (id != NULL)
		watched.files = *id;
	o->question = questions_ask_place(o->questions, &watched, take_place,
	    o);
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
	ask_place(o);
	return false;
}

/* Whether Mailman's files cannot have changed unseen for want of a watch: the
 * snapshot with HEAD was made without them, and there is no directory for them,
 * or none that this account may look into. */
static bool
are_files_still_missing(struct lookout *o, const struct record_head *head)
{
	struct directory_id now;

	if (head->stamp != 0)
		return false;
	if (o->files_blind)
		return true;
	return o->files_error == ENOENT &&
	    directory_identify_cached(o->site->data_dir, &now) == -1 &&
	    errno == ENOENT;
}

/* Whether the directory with Mailman's files is still the one that is watched,
 * or there is still none. */
static bool
are_files_in_place(struct lookout *o, const struct record_head *head)
{
	const struct directory_id *id;
	int wd, leads;

	if (o->mailman->files_prefix == NULL)
		return true;
	id = watch_files_id(o->watch, &wd);
	if (id == NULL)
		return are_files_still_missing(o, head);
	leads = leads_to(o->site->data_dir, id);
	if (leads == 1)
		return o->files_kind == DIRECTORY_SEEN;
	o->known = false;
	if (leads == 0)
		o->owner.saw(o->owner.arg, WATCH_FILES);
	ask_place(o);
	return false;
}

bool
lookout_look(struct lookout *o, const struct record_head *head)
{
	const struct directory_id *id;
	int wd;

	read_events(o);
	if (!o->known || o->watch == NULL || o->kind != DIRECTORY_SEEN)
		return false;
	id = watch_id(o->watch, &wd);
	if (id == NULL || id->dev != head->dev || id->ino != head->ino)
		return false;
	return are_lists_in_place(o, id) && are_files_in_place(o, head);
}

void
lookout_check(struct lookout *o, const struct record_head *head, bool urgent)
{
	const bool local = o->known && o->kind != DIRECTORY_SLOW;
	const struct directory_id *id;
	int wd;

	if (o->stopped)
		return;
	o->checks++;
	/* There was no memory, or no inotify instance. */
	if (open_watch(o) || o->questions == NULL)
		configure_questions(o);
	if (o->watch == NULL)
		return;
	id = watch_id(o->watch, &wd);
	if (local && id != NULL && are_lists_in_place(o, id) && head != NULL)
		urgent |= !are_files_in_place(o, head);
	/* Whether it answers again is seen where it is asked. */
	if (urgent || !o->known || id == NULL || lookout_hangs(o) ||
	    (!local && o->checks % SLOW_CHECKS == 0))
		ask_place(o);
}

int
lookout_facts(struct lookout *o, struct asking *asking, struct str name,
    struct entry_facts *f)
{
	if (o->questions == NULL)
		return -1;
	return inquiry_facts(asking, o->questions, name, f);
}

bool
lookout_hangs(const struct lookout *o)
{
	return o->questions != NULL && questions_hang(o->questions);
}

bool
lookout_is_watching(const struct lookout *o)
{
	return o->watch != NULL && watch_armed(o->watch);
}

/* Where Mailman writes no files, or none are there, their kind is unknown. */
bool
lookout_sees_all(const struct lookout *o)
{
	return lookout_is_watching(o) && o->kind == DIRECTORY_SEEN &&
	    (o->files_kind == DIRECTORY_SEEN ||
	        o->files_kind == DIRECTORY_UNKNOWN);
}

struct gone
lookout_gone(struct lookout *o)
{
	return o->watch != NULL ? watch_gone(o->watch) : (struct gone){ 0 };
}

void
lookout_forget(struct lookout *o, double now)
{
	if (o->watch != NULL)
		watch_forget(o->watch, now);
}

bool
lookout_lost(const struct lookout *o, struct str name)
{
	return o->watch != NULL && watch_lost(o->watch, name);
}
