/*
 * startup - what the daemon does before it serves.
 *
 * Where one of these functions fails, it logs why and ends the program with one
 * of sysexits.h, unless it says something else.
 */
#ifndef LISTMAPD_STARTUP_H
#define LISTMAPD_STARTUP_H

#include <sys/types.h>

struct account;
struct conf;
struct listen_options;

/* Finds the account that the daemon becomes.  Refuses root, unless option user
 * is "root".  The caller clears *A with privileges_clear(). */
void startup_account(const struct conf *c, struct account *a);
/* Makes the cache directory for the account A, if its parent is there. */
void startup_cache_dir(const struct conf *c, const struct account *a);
/* Sets in *O the mode, the owner and the group of unix sockets; -1 is an owner
 * or a group that the configuration does not name. */
void startup_socket_owner(const struct conf *c, struct listen_options *o);

/*
 * Scans the sites that have no snapshot, each in a child that runs as the
 * account A, and waits for them: without a first snapshot the daemon could only
 * say "no answer".  A child whose lists directory does not answer within
 * `deadline' is given up.  Nobody is waited for longer than a minute; a scan
 * that takes longer goes on.  Logs a line for each site; the daemon scans
 * again.
 */
void startup_first_scans(const struct conf *c, const struct account *a);

/*
 * Goes on in the background.  Returns in the child alone, a descriptor for
 * startup_ready().  The parent waits: it ends with 0 after startup_ready(), or
 * with the exit code of a child that ends before.
 */
int startup_detach(void);
/* Puts /dev/null in the place of the standard files: before anything is started
 * that lives on, for whoever started this may read from a pipe to its end. */
void startup_leave_files(void);
/* Lets the parent end.  FD is of startup_detach(); it is closed. */
void startup_ready(int fd);

/*
 * Looks for what would fail at a start, for `listmapd -t'.  0; or -1 after it
 * logged a line for each such thing.  Ends the program where startup_account()
 * or startup_socket_owner() does.
 */
int startup_test(const struct conf *c);

#endif
