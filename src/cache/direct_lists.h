/*
 * direct_lists - the lists of one site for a command that answers without the
 * daemon: the snapshot as it is on disk, and the directory behind it.
 *
 * Nobody watches, so the command looks once: it reads the names in the
 * directory, if it has changed since the scan.  For what the snapshot does not
 * tell it has a worker ask the disk, and waits for it, some seconds at most:
 * nobody can tell what is in a directory that does not answer.
 */
#ifndef CACHE_DIRECT_LISTS_H
#define CACHE_DIRECT_LISTS_H

struct conf_site;
struct direct_lists;
struct gaps;
struct mailman;

/* Opens the snapshot in CACHE_DIR, if there is a good one.  MAILMAN and SITE
 * must outlive the result.  NULL when out of memory. */
struct direct_lists *direct_lists_new(const struct mailman *mailman,
    const struct conf_site *site, const char *cache_dir);
void direct_lists_free(struct direct_lists *d); /* D may be NULL */

/* To ask them; they live as long as D. */
const struct lists *direct_lists_of(struct direct_lists *d);
/* What the scan of the snapshot did not find out; nothing without one. */
void direct_lists_gaps(struct direct_lists *d, struct gaps *gaps);

#endif
