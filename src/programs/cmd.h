/*
 * cmd - the commands of listmap, one file each.
 *
 * A command gets its own arguments (argv[0] is its name) and returns the exit
 * code of the program, of sysexits.h.
 */
#ifndef PROGRAMS_CMD_H
#define PROGRAMS_CMD_H

#include "base/conf.h"
#include "maps/maps.h"

struct cmd {
	const char *name;
	const char *usage; /* its arguments */
	const char *help;
	int (*run)(const char *conf_path, int argc, char **argv);
};

extern const struct cmd cmd_query, cmd_dump, cmd_build, cmd_rebuild,
    cmd_status, cmd_diff;

/* Says how the command is called, to stderr; returns EX_USAGE. */
int cmd_usage(const struct cmd *cmd);

#endif
