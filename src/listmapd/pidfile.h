/*
 * pidfile - the file that says the daemon's process id.
 */
#ifndef LISTMAPD_PIDFILE_H
#define LISTMAPD_PIDFILE_H

#include "base/str.h"

/* Both do nothing where PATH is "". */

/*
 * Writes our process id to the file PATH.  Replaces the file by rename: its
 * directory may be the account's, and root must not follow a link that lies
 * there.  0, or -1 with errno.
 */
int pidfile_write(const char *path) WARN_UNUSED;
/* Removes the file, unless a successor has written its own number there. */
void pidfile_remove(const char *path);

#endif
