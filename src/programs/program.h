/*
 * program - what the programs have in common: their configuration file, and
 * what --version says.
 */
#ifndef PROGRAMS_PROGRAM_H
#define PROGRAMS_PROGRAM_H

#include "base/conf.h"

#define PROGRAM_CONF SYSCONFDIR "/listmap.conf"

/* What main() begins with: descriptors 0, 1 and 2 that are closed would be
 * the next files and sockets that are opened. */
void program_begin(const char *name);

/* Reads the configuration with the roles, actions and Mailmans there are;
 * ends the program (EX_CONFIG) where it is wrong.  PROGRAM_CONF may be absent:
 * then Debian's paths hold, and the hosts of the lists are domains. */
struct conf *program_conf(const char *path);
/* The same for a program that goes on: NULL where it is wrong. */
struct conf *program_reread(const char *path);

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
