#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "programs/cmd.h"
#include "programs/program.h"
#include "base/log.h"

static const struct cmd *const cmds[] = { &cmd_query, &cmd_dump, &cmd_build,
	&cmd_rebuild, &cmd_status, &cmd_diff, NULL };

static void
print_usage(const struct cmd *cmd, FILE *to)
{
	fprintf(to, "usage: listmap [-c file] %s%s%s\n", cmd->name,
	    *cmd->usage ? " " : "", cmd->usage);
}

int
cmd_usage(const struct cmd *cmd)
{
	print_usage(cmd, stderr);
	return EX_USAGE;
}

static void
usage(FILE *to)
{
	fputs("usage: listmap [-c file] command [argument ...]\n"
	      "       listmap -h | -V\n\ncommands:\n", to);
	for (size_t i = 0; cmds[i]; i++)
		fprintf(to, "  %-8s %-38s %s\n", cmds[i]->name,
		    cmds[i]->usage, cmds[i]->help);
	fputs("\nroles of maps:\n", to);
	for (size_t i = 0; maps[i]; i++)
		fprintf(to, "  %-12s %s\n", maps[i]->name, maps[i]->help);
	fputs("\n-c file: the configuration (" PROGRAM_CONF ")\n"
	      "The manual is listmap(1).\n", to);
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = PROGRAM_CONF;
	int c;

	program_begin("listmap");
	log_level(LEVEL_WARN);
	while ((c = getopt_long(argc, argv, "+c:hV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'h':
			usage(stdout);
			program_flush();
			return EX_OK;
		case 'V':
			program_version("listmap");
			program_flush();
			return EX_OK;
		default:
			usage(stderr);
			return EX_USAGE;
		}
	}
	for (size_t i = 0; optind < argc && cmds[i]; i++)
		if (!strcmp(cmds[i]->name, argv[optind])) {
			argc -= optind;
			argv += optind;
			optind = 0;
			if (argc == 2 && (!strcmp(argv[1], "-h") ||
			    !strcmp(argv[1], "--help"))) {
				print_usage(cmds[i], stdout);
				program_flush();
				return EX_OK;
			}
			return cmds[i]->run(path, argc, argv);
		}
	if (optind < argc)
		fprintf(stderr, "listmap: there is no command %s\n",
		    argv[optind]);
	usage(stderr);
	return EX_USAGE;
}
