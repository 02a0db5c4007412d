/*
 * listmap - the command line: finds the command and runs it.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/nearest.h"
#include "base/program.h"
#include "base/str.h"
#include "maps/maps.h"
#include "listmap/cmd.h"

/* More than there are, and than one of them has options. */
#define COMMANDS_MAX 32

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

/* There is no command of that name. */
static int
no_command(const char *name)
{
	const char *names[COMMANDS_MAX] = { NULL }, *meant;

	for (size_t i = 0; cmds[i] && i < COMMANDS_MAX - 1; i++)
		names[i] = cmds[i]->name;
	meant = nearest_word(str_from(name), names);
	fprintf(stderr, "listmap: there is no command %s%s%s%s\n", name,
	    meant ? ": is " : "", meant ? meant : "", meant ? " meant?" : "");
	usage(stderr);
	return EX_USAGE;
}

/* Says which option of CMD may be meant by WORD, which is none; its usage has
 * them all. */
static void
hint_option(const struct cmd *cmd, const char *word)
{
	char text[256];
	const char *words[COMMANDS_MAX] = { NULL }, *meant;
	char *rest = text, *option;
	size_t n = 0;

	snprintf(text, sizeof(text), "%s", cmd->usage);
	while ((option = strsep(&rest, " []|")) && n < COMMANDS_MAX - 1)
		if (!strncmp(option, "--", 2))
			words[n++] = option;
	meant = nearest_word(str_from(word), words);
	if (meant && strcmp(meant, word))
		fprintf(stderr, "listmap: %s: is %s meant?\n", word, meant);
}

/* Runs the command that argv[0] names; returns the exit code. */
static int
run_command(const char *path, int argc, char **argv)
{
	const struct cmd *cmd = argc > 0 ? cmd_find(argv[0]) : NULL;
	int rc;

	if (!cmd && argc > 0)
		return no_command(argv[0]);
	if (!cmd) {
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
	rc = cmd->run(path, argc, argv);
	if (rc == EX_USAGE && optind > 0 && optind <= argc &&
	    !strncmp(argv[optind - 1], "--", 2))
		hint_option(cmd, argv[optind - 1]);
	return rc;
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
