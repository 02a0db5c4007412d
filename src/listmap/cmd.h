/*
 * cmd - the commands of listmap, one file each.
 *
 * To add one: a file cmd_NAME.c with its struct cmd, its name below, and a line
 * in cmd.c.
 */
#ifndef LISTMAP_CMD_H
#define LISTMAP_CMD_H

#include <stdio.h>

struct cmd {
	const char *name;
	const char *usage; /* its arguments, or "" */
	const char *help;  /* what it does, in a few words */
	/*
	 * Runs it with its own arguments (argv[0] is its name) and the path of
	 * the configuration.  Returns the exit code of the program: one of
	 * sysexits.h, or 1 for a difference or an absent key.
	 */
	int (*run)(const char *conf_path, int argc, char **argv);
};

extern const struct cmd cmd_query, cmd_dump, cmd_build, cmd_rebuild,
    cmd_status, cmd_diff;
/* All of them, ending with NULL. */
extern const struct cmd *const cmds[];

/* The command of that name, or NULL. */
const struct cmd *cmd_find(const char *name);

/* Prints how the command is called, to TO. */
void cmd_print_usage(const struct cmd *cmd, FILE *to);
/* The same to standard error, for a call that is wrong.  Returns EX_USAGE. */
int cmd_usage(const struct cmd *cmd);

#endif
