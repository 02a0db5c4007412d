/*
 * lookout - what the daemon sees of the directories of one site: what they are,
 * their watch, and the worker that is asked, on libev.
 *
 * A file server may take for ever to answer, and whoever calls it waits as
 * long.  So a worker (questions.h) finds out what is at the paths, puts the
 * watch there, and looks at entries; the loop reads the events.  The only call
 * that the loop itself makes takes the identity of a directory that a worker
 * has found to be on a local filesystem, and only from the kernel's memory.
 * When something is mounted or unmounted, the worker is asked again before that
 * is done.
 */
#ifndef CACHE_LOOKOUT_H
#define CACHE_LOOKOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "mailman/directory.h"

struct asking;
struct conf_site;
struct entry_facts;
struct ev_loop;
struct gone;
struct lookout;
struct mailman;
struct record_head;
struct touched;

/* The owner's part; each is called with ARG, and none may free the lookout. */
struct lookout_owner {
	/* The watch saw EVENTS, a set of enum watch_event (watch.h). */
	void (*saw)(void *arg, unsigned events);
	/*
	 * The worker told what is at the paths.  REARMED: a watch is new, so
	 * that what happened before went unseen.  ERROR is why the lists
	 * directory is not watched (errno), or 0.  STAMP is that of Mailman's
	 * files, as in the head of a snapshot.
	 */
	void (*told)(void *arg, bool rearmed, int error, uint64_t stamp);
	/* The path does not lead to the directory that was watched. */
	void (*moved)(void *arg);
	void *arg;
};

/* Sees nothing before lookout_configure().  The names of entries that change go
 * into TOUCHED.  NULL when out of memory. */
struct lookout *lookout_new(struct ev_loop *loop, const struct mailman *mailman,
    struct touched *touched, const struct lookout_owner *owner);
/* Looks at the paths of SITE, which must outlive O, from now on.  A worker that
 * does not answer in DEADLINE seconds hangs. */
void lookout_configure(struct lookout *o, const struct conf_site *site,
    double deadline);
/* Watches no more; the worker can still be asked. */
void lookout_stop(struct lookout *o);
void lookout_free(struct lookout *o); /* O may be NULL */

/*
 * Reads the events to their end, and takes the identity of the directories.
 * Whether they are those that the watch is of, by a watch that sees all, and
 * the lists directory is that of the snapshot with HEAD.
 */
bool lookout_look(struct lookout *o, const struct record_head *head);
/* Looks, about each second, whether the paths lead elsewhere by now, or
 * Mailman's files are not those of the snapshot with HEAD (NULL: there is
 * none); has the worker look where only that may, where it hangs, or where
 * URGENT. */
void lookout_check(struct lookout *o, const struct record_head *head,
    bool urgent);

/* The facts of the entry NAME, for the request in hand: as inquiry_facts(). */
int lookout_facts(struct lookout *o, struct asking *asking, struct str name,
    struct entry_facts *f);
/* Whether the worker hangs: a question was not answered in time, and none since
 * then. */
bool lookout_hangs(const struct lookout *o);

/* Whether the lists directory is watched. */
bool lookout_is_watching(const struct lookout *o);
/* Whether the watch sees all that happens to the lists directory, and to
 * Mailman's files: on a network it does not. */
bool lookout_sees_all(const struct lookout *o);
/* The same as watch_gone(), watch_forget() and watch_lost() (watch.h); nothing
 * went where nobody watches. */
struct gone lookout_gone(struct lookout *o);
void lookout_forget(struct lookout *o, double now);
bool lookout_lost(const struct lookout *o, struct str name);

#endif
