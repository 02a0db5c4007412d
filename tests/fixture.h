/*
 * fixture - a directory of its own for each test, with "lists" and "cache" in
 * it, and lists to put there.
 *
 * Permissions mean nothing to root, so tests that root starts run as nobody;
 * fixture_root() and fixture_nobody() switch for what only root may.
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

/* For cmocka: before and after each test. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A path in the test's directory; good for the next sixteen calls. */
const char *fixture_path(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

void fixture_list(const char *dir, const char *name);
void fixture_unlist(const char *dir, const char *name);
void fixture_file(const char *path, const char *content);
void fixture_mkdir(const char *path);
/* Names in DIR that begin with PREFIX. */
int fixture_count(const char *dir, const char *prefix);

/* A file of tests/data; good for the next sixteen calls. */
const char *fixture_table(const char *name);
/* Has tests/data/make make WHAT in DIR. */
void fixture_make(const char *what, const char *dir);

/* A descriptor to read these bytes from, which the caller closes. */
int fixture_input(struct str s);
/* What is in a file, which must be there; the caller clears it. */
struct buf fixture_content(const char *path);

/* Waits until the process sleeps, for it waits for something.  For a child,
 * who asks about its parent: fails no test. */
void fixture_wait_asleep(pid_t pid);

/* Whether root started it. */
bool fixture_root(void);
void fixture_nobody(void);
/* A mount namespace of our own; false where that is not allowed. */
bool fixture_own_mounts(void);

/*
 * Shows the directory FROM at TO through a file server, bindfs, which can be
 * stopped: its process, or -1 where that cannot be had (root, FUSE, bindfs).
 */
pid_t fixture_file_server(const char *from, const char *to);
void fixture_end_file_server(pid_t pid, const char *to);

#endif
