/*
 * startup - what the daemon does before it serves.
 */
#ifndef LISTMAPD_STARTUP_H
#define LISTMAPD_STARTUP_H

#include <sys/types.h>

struct account;
struct conf;
struct listen_options;

/* All of these end the program where they fail, after saying why. */

/* Whom to become; refuses root unless the configuration wants it. */
void startup_account(const struct conf *c, struct account *a);
/* Makes the cache directory, if its parent is there, for ACCOUNT. */
void startup_cache_dir(const struct conf *c, const struct account *a);
/* The owner and group of unix sockets. */
void startup_socket_owner(const struct conf *c, struct listen_options *o);
/* As many descriptors as connections need, or as many as there may be. */
void startup_descriptors(const struct conf *c);

/*
 * Scans each site that has no snapshot, in a child that runs as ACCOUNT, and
 * waits: nobody should be answered "no answer" for want of a first scan.  A
 * scan that fails is logged; the daemon tries again.
 */
void startup_first_scans(const struct conf *c, const struct account *a);

/*
 * Goes on in the background.  Returns in the child; the parent ends with 0
 * after startup_ready(), or with the code that the child ended with.  The
 * descriptor is for startup_ready().
 */
int startup_detach(void);
void startup_ready(int fd);

/* For `listmapd -t': looks for what would fail at a start.  0, or -1 after one
 * logged line for each thing found. */
int startup_test(const struct conf *c);

#endif
