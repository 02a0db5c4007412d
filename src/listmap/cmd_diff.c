/*
 * diff: tells what becomes of the lines of hand-kept tables when listmap
 * answers in their place.  The parts are named in diff.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/program.h"
#include "listmap/cmd.h"
#include "listmap/diff.h"
#include "listmap/diff_line.h"
#include "listmap/diff_missing.h"
#include "listmap/direct.h"
#include "listmap/table_file.h"

#define EX_DIFFERENT 1

static void
read_table(const char *file, struct table_file *table)
{
	bool standard = !strcmp(file, "-");
	FILE *f = standard ? stdin : fopen(file, "r");

	if (!f)
		fatal(EX_NOINPUT, "%s: %s", file, strerror(errno));
	if (table_file_read(f, table) == -1)
		fatal(EX_IOERR, "%s: %s", file, strerror(errno));
	if (!standard)
		fclose(f);
}

static void
diff_table(struct diff *d, const struct table_file *table)
{
	for (size_t i = 0; i < table->n; i++) {
		diff_add_key(d, table->line[i].key);
		diff_line(d, table, &table->line[i]);
	}
}

static void
print_counts(const struct diff *d)
{
	printf("%zu same, %zu different, %zu not a list's, %zu missing, "
	    "%zu newly refused, %zu left to sendmail, "
	    "%zu without an answer\n", d->count[DIFF_SAME],
	    d->count[DIFF_DIFFERENT], d->count[DIFF_OTHER],
	    d->count[DIFF_MISSING], d->count[DIFF_REFUSED],
	    d->count[DIFF_LEFT], d->count[DIFF_NO_ANSWER]);
}

static int
exit_code(const struct diff *d)
{
	if (d->count[DIFF_NO_ANSWER])
		return EX_TEMPFAIL;
	for (size_t i = 0; i < DIFF_VERDICTS; i++)
		if (i != DIFF_SAME && d->count[i])
			return EX_DIFFERENT;
	return EX_OK;
}

static int
run_diff(const char *path, int argc, char **argv)
{
	struct diff d = { 0 };
	struct direct *direct;
	int rc;

	if (argc < 2)
		return cmd_usage(&cmd_diff);
	direct = direct_open(path);
	d.sites = direct_sites(direct);
	d.any_host = direct_any_host(direct);
	d.files = argv + 1;
	d.n = (size_t)argc - 1;
	d.tables = calloc(d.n, sizeof(*d.tables));
	if (!d.tables)
		fatal(EX_OSERR, "out of memory");
	for (size_t i = 0; i < d.n; i++) {
		d.file = d.files[i];
		read_table(d.file, &d.tables[i]);
		diff_table(&d, &d.tables[i]);
	}
	diff_missing(&d);
	print_counts(&d);
	program_flush();
	rc = exit_code(&d);
	diff_clear(&d);
	direct_close(direct);
	return rc;
}

const struct cmd cmd_diff = {
	.name = "diff",
	.usage = "file ...",
	.help = "compare hand-kept tables with what listmap answers",
	.run = run_diff,
};
