/*
 * program - what the programs have in common: their configuration file, and
 * what --version says.
 */
#ifndef PROGRAMS_PROGRAM_H
#define PROGRAMS_PROGRAM_H

#include "base/conf.h"

#define PROGRAM_CONF SYSCONFDIR "/listmap.conf"

/* Reads the configuration with the roles, actions and Mailmans there are;
 * ends the program (EX_CONFIG) where it is wrong. */
struct conf *program_conf(const char *path);
/* The same for a program that goes on: NULL where it is wrong. */
struct conf *program_reread(const char *path);

/* PATH as seen from every directory; a daemon reads it again from "/".  The
 * caller frees it. */
char *program_absolute(const char *path);

/* "NAME (listmap) VERSION" to stdout. */
void program_version(const char *name);

/* Writes out stdout; ends the program (EX_IOERR) where that fails. */
void program_flush(void);

#endif
