/*
 * program - what the three programs have in common: how main() begins, where
 * the configuration file is, what --version says.
 */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

struct conf;

#define PROGRAM_CONF SYSCONFDIR "/listmap.conf"

/* What main() begins with: descriptors 0, 1 and 2 that are closed would be
 * the next files and sockets that are opened. */
void program_begin(const char *name);

/* Logs as much as the configuration says. */
void program_log_level(const struct conf *conf);

/* PATH as seen from every directory; a daemon reads it again from "/".  The
 * caller frees it. */
char *program_absolute(const char *path);

/* "NAME (listmap) VERSION" to stdout. */
void program_version(const char *name);

/* Writes out stdout; ends the program (EX_IOERR) where that fails. */
void program_flush(void);

#endif
