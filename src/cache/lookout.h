/*
 * lookout - the directories of one site as the daemon sees them: what they are,
 * and the watch of them, on libev.
 *
 * A file server may take for ever to answer, and whoever calls it waits as
 * long.  So a worker (questions.h) finds out what is at the paths, and puts the
 * watch there; the loop reads the events.  The only call that the loop itself
 * makes takes the identity of a directory that a worker has found to be on a
 * local filesystem, and only from the kernel's cache.  When something is
 * mounted or unmounted, the worker is asked again before that is done.
 */
#ifndef CACHE_LOOKOUT_H
#define CACHE_LOOKOUT_H

#include <stdbool.h>

#include "mailman/directory.h"

struct conf_site;
struct ev_loop;
struct mailman;
struct lookout;
struct questions;
struct record_head;
struct touched;
struct watch;

/* The owner's part; each is called with ARG, and none may free the place. */
struct lookout_owner {
	/* The watch saw EVENTS, a set of enum watch_event (watch.h). */
	void (*saw)(void *arg, unsigned events);
	/*
	 * The worker answered.  REARMED: a watch is new, so that what happened
	 * before went unseen.  ERROR is why the lists directory is not watched
	 * (errno), or 0.
	 */
	void (*told)(void *arg, bool rearmed, int error);
	/* The path does not lead to the directory that is watched. */
	void (*moved)(void *arg);
	void *arg;
};

/*
 * Knows nothing yet: the owner calls lookout_ask().  The worker is that of
 * QUESTIONS, and gets the descriptor of lookout_watch().  The names of entries
 * that change go into TOUCHED.  NULL with errno: out of memory, or of inotify
 * instances.
 */
struct lookout *lookout_new(struct ev_loop *loop, const struct mailman *mailman,
    struct touched *touched, const struct lookout_owner *owner);
/* Takes the paths of SITE, and whom to ask; both must outlive O. */
void lookout_configure(struct lookout *o, const struct conf_site *site,
    struct questions *questions);
void lookout_free(struct lookout *o); /* O may be NULL */

/* Asks the worker what is at the paths, unless that question is under way. */
void lookout_ask(struct lookout *o);
/* Whether that was answered since the start, or since the last mount. */
bool lookout_is_known(const struct lookout *o);
/* What the lists directory is. */
enum directory_kind lookout_kind(const struct lookout *o);
/* The watch, for what it knows of entries that went. */
struct watch *lookout_watch(struct lookout *o);
/* Whether the lists directory is watched. */
bool lookout_is_watched(const struct lookout *o);

/*
 * Reads the events to their end, and takes the identity of the directories.
 * Whether they are those that the watch is of, by a watch that sees all, and
 * the lists directory is that of the snapshot with HEAD.
 */
bool lookout_look(struct lookout *o, const struct record_head *head);
/* Asks the worker if the path of a local directory leads to another one. */
void lookout_check(struct lookout *o);

#endif
