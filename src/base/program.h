/*
 * program - what the three programs have in common: how main() begins and
 * ends, where the configuration file is, what --version prints.
 */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

struct conf;

#define PROGRAM_CONF SYSCONFDIR "/listmap.conf"

/*
 * Begins main(): logs go to stderr with NAME, and descriptors 0, 1 and 2 that
 * are closed are opened on /dev/null.  Else the next files and sockets would
 * get these numbers, and output for stderr would go to them.
 */
void program_begin(const char *name);

/* Sets the level of the log to what the configuration says. */
void program_log_level(const struct conf *conf);

/*
 * Makes PATH absolute, so that a daemon can read it again from "/"; where the
 * current directory cannot be told, PATH stays as it is.  The caller frees the
 * result; without memory the program ends.
 */
char *program_absolute(const char *path);

/* Prints "NAME (listmap) VERSION" to stdout. */
void program_version(const char *name);

/* Writes out stdout; ends the program (EX_IOERR) where that fails. */
void program_flush(void);

#endif
