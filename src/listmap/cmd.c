#include <string.h>
#include <sysexits.h>

#include "listmap/cmd.h"

const struct cmd *const cmds[] = { &cmd_query, &cmd_dump, &cmd_build,
	&cmd_rebuild, &cmd_status, &cmd_diff, NULL };

const struct cmd *
cmd_find(const char *name)
{
	for (size_t i = 0; cmds[i]; i++)
		if (!strcmp(cmds[i]->name, name))
			return cmds[i];
	return NULL;
}

void
cmd_print_usage(const struct cmd *cmd, FILE *to)
{
	fprintf(to, "usage: listmap [-c file] %s%s%s\n", cmd->name,
	    *cmd->usage ? " " : "", cmd->usage);
}

int
cmd_usage(const struct cmd *cmd)
{
	cmd_print_usage(cmd, stderr);
	return EX_USAGE;
}
