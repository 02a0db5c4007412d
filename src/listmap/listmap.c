/*
 * listmap - the command line: finds the command and runs it.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/program.h"
#include "maps/maps.h"
#include "listmap/cmd.h"

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

/* Runs the command that argv[0] names; returns the exit code. */
static int
run_command(const char *path, int argc, char **argv)
{
	const struct cmd *cmd = argc > 0 ? cmd_find(argv[0]) : NULL;

	if (!cmd) {
		if (argc > 0)
			fprintf(stderr, "listmap: there is no command %s\n",
			    argv[0]);
		usage(stderr);
		return EX_USAGE;
	}
	if (argc == 2 && (!strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "--help"))) {
		cmd_print_usage(cmd, stdout);
		program_flush();
		return EX_OK;
	}
	optind = 0;
	return cmd->run(path, argc, argv);
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
	return run_command(path, argc - optind, argv + optind);
}
