/*
 * dump: prints all keys and values of a map, a pair a line.
 */
#include <getopt.h>
#include <stdio.h>

#include "base/program.h"
#include "maps/maps.h"
#include "listmap/cmd.h"
#include "listmap/direct.h"
#include "listmap/left_out.h"

static void
print_bytes(struct str s)
{
	fwrite(s.p, 1, s.n, stdout);
}

static int
print_pair(void *arg, struct str key, struct str value)
{
	const struct map *map = arg;

	if (left_out(stdout, key, value))
		return 0;
	print_bytes(key);
	if (!map->keys_only) {
		putchar('\t');
		print_bytes(value);
	}
	putchar('\n');
	return 0;
}

static int
run_dump(const char *path, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "shared", no_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	const struct sites *sites;
	bool shared = false;
	struct direct *d;
	int c, rc;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c != 's')
			return cmd_usage(&cmd_dump);
		shared = true;
	}
	if (argc - optind != 1)
		return cmd_usage(&cmd_dump);
	d = direct_open(path);
	rc = direct_each(d, argv[optind], shared ? MAP_SHARED :
	    MAP_DUMP, print_pair,
	    (void *)(uintptr_t)direct_map(d, argv[optind], &sites));
	program_flush();
	direct_close(d);
	return rc;
}

const struct cmd cmd_dump = {
	.name = "dump",
	.usage = "[--shared] map",
	.help = "print all keys and values",
	.run = run_dump,
};
