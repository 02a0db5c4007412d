/*
 * daemon - the running listmapd: its loop, its signals, and its end.
 *
 * The functions stand in the order in which main() calls them.  Up to
 * daemon_place() the process may be root; daemon_start() runs as the account
 * of the configuration.
 */
#ifndef LISTMAPD_DAEMON_H
#define LISTMAPD_DAEMON_H

struct conf;
struct daemon;
struct listen_options;

/*
 * Opens the listeners of CONF, or takes those that systemd passes.  CONF then
 * belongs to the daemon.  PATH is read again at SIGHUP and must outlive it.
 * Ends the program where that fails.
 */
struct daemon *daemon_new(const char *path, struct conf *conf,
    const struct listen_options *o);
/* Opens the snapshots, so that it can answer as soon as clients find it.  Ends
 * the program where that fails. */
void daemon_open(struct daemon *d);
/* Puts listeners that were opened `beside' those of a running daemon in their
 * place: from now on clients find ours.  Ends the program where that fails. */
void daemon_place(struct daemon *d);
/* Closes the listeners, for a program that ends before daemon_start(). */
void daemon_abandon(struct daemon *d);
/* Starts to watch the directories and to answer, and tells the predecessor.
 * Ends the program where that fails. */
void daemon_start(struct daemon *d);
/* Serves until a signal or a successor ends it, and frees D.  Returns the exit
 * code of the program. */
int daemon_run(struct daemon *d);

#endif
