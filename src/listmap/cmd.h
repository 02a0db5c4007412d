/*
 * cmd - the commands of listmap, one file each.
 *
 * A command gets its own arguments (argv[0] is its name) and returns the exit
 * code of the program, of sysexits.h.
 */
#ifndef LISTMAP_CMD_H
#define LISTMAP_CMD_H

#include <stdio.h>

struct cmd {
	const char *name;
	const char *usage; /* its arguments */
	const char *help;
	int (*run)(const char *conf_path, int argc, char **argv);
};

/* One a file, cmd_NAME.c; all of them, ending with NULL. */
extern const struct cmd cmd_query, cmd_dump, cmd_build, cmd_rebuild,
    cmd_status, cmd_diff;
extern const struct cmd *const cmds[];

/* The command of that name, or NULL. */
const struct cmd *cmd_find(const char *name);

/* Says how the command is called. */
void cmd_print_usage(const struct cmd *cmd, FILE *to);
/* The same to stderr, after it was called in another way; EX_USAGE. */
int cmd_usage(const struct cmd *cmd);

#endif
