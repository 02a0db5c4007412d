/*
 * daemon - the running listmapd: its loop, its signals, its life and its end.
 */
#ifndef LISTMAPD_DAEMON_H
#define LISTMAPD_DAEMON_H

struct conf;
struct daemon;
struct listen_options;

/*
 * Opens the listeners of CONF, which belongs to the daemon then; PATH is read
 * again at SIGHUP and must outlive it.  As root, if it is started as root.
 * Ends the program where that fails.
 */
struct daemon *daemon_new(const char *path, struct conf *conf,
    const struct listen_options *o);
/* From now on clients find listeners that were opened `beside', a running
 * daemon's no more.  Ends the program where that fails. */
void daemon_place(struct daemon *d);
/* Closes the listeners of a daemon that will not start after all. */
void daemon_abandon(struct daemon *d);
/*
 * Opens the snapshots, starts to watch and to answer, and tells the
 * predecessor.  As the account that it will run as.
 */
void daemon_start(struct daemon *d);
/* Serves until a signal or a successor ends it; frees D; an exit code. */
int daemon_run(struct daemon *d);

#endif
