/*
 * pickle_file - a config.pck on disk.
 */
#ifndef MAILMAN_PICKLE_FILE_H
#define MAILMAN_PICKLE_FILE_H

#include <sys/types.h>

struct pickle;

/* A larger file is no list's. */
#define PICKLE_FILE_MAX (256LL * 1024 * 1024)

/* What pickle_read_file() returns for one that is larger than it may be, and
 * where there is none. */
extern const char pickle_too_large[], pickle_not_there[];

/*
 * As pickle_read(), of the file NAME in the directory DIR: regular files only,
 * up to MAX bytes, never waiting for a FIFO or a device.  For pickle_unreadable
 * errno tells why.
 */
const char *pickle_read_file(int dir, const char *name, off_t max,
    struct pickle *p);

#endif
