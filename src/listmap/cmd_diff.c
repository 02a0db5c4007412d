/*
 * diff: tells what becomes of the lines of hand-kept tables when listmap
 * answers in their place.  The parts are named in diff.h.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
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
		fatal(errno == ENOMEM ? EX_OSERR : EX_NOINPUT, "%s: %s", file,
		    strerror(errno));
	if (table->fault && table->fault_line)
		fatal(EX_DATAERR, "%s: line %zu %s", file, table->fault_line,
		    table->fault);
	if (table->fault)
		fatal(EX_DATAERR, "%s: %s", file, table->fault);
	if (!standard)
		fclose(f);
}

/* All tables before the first verdict, since a line may lead from one to the
 * other. */
static void
read_tables(struct diff *d)
{
	for (size_t i = 0; i < d->n; i++) {
		read_table(d->files[i], &d->tables[i]);
		diff_add_table(d, &d->tables[i]);
	}
}

static void
judge_tables(struct diff *d)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct table_file *t = &d->tables[i];

		d->file = d->files[i];
		for (size_t k = 0; k < t->n; k++)
			diff_line(d, t, &t->line[k]);
	}
}

static void
print_sums(const struct diff *d)
{
	static const struct {
		enum diff_verdict verdict;
		const char *words;
	} rare[] = {
		{ DIFF_BARE, "that need a domain" },
		{ DIFF_SENDERS, "that stop senders" },
		{ DIFF_WRONG, "not understood" },
	};

	printf("%zu same, %zu different, %zu not a list's, %zu missing, "
	    "%zu newly refused, %zu left to sendmail, "
	    "%zu without an answer", d->count[DIFF_SAME],
	    d->count[DIFF_DIFFERENT], d->count[DIFF_OTHER],
	    d->count[DIFF_MISSING], d->count[DIFF_REFUSED],
	    d->count[DIFF_LEFT], d->count[DIFF_NO_ANSWER]);
	for (size_t i = 0; i < sizeof(rare) / sizeof(*rare); i++)
		if (d->count[rare[i].verdict])
			printf(", %zu %s", d->count[rare[i].verdict],
			    rare[i].words);
	putchar('\n');
}

/* A file in memory, whose text is in *TEXT once it is closed. */
static FILE *
open_text(char **text, size_t *size)
{
	FILE *f = open_memstream(text, size);

	if (!f)
		fatal(EX_OSERR, "out of memory");
	return f;
}

/* The verdicts, and the sums before them. */
static void
print_verdicts(struct diff *d)
{
	char *verdicts, *taken;
	size_t size, taken_size;

	d->out = open_text(&verdicts, &size);
	d->taken = open_text(&taken, &taken_size);
	judge_tables(d);
	diff_missing(d);
	if (fclose(d->out) == EOF || fclose(d->taken) == EOF)
		fatal(EX_OSERR, "out of memory");
	print_sums(d);
	if (d->any_hints && d->ntaken)
		printf("note: hosts = \"any\" would take mail of lines that "
		    "are not a list's:%s\n", taken);
	fwrite(verdicts, 1, size, stdout);
	free(verdicts);
	free(taken);
}

/* Whether somebody has to look at lines with that verdict. */
static bool
needs_a_hand(enum diff_verdict v)
{
	return v != DIFF_SAME && v != DIFF_OTHER && v != DIFF_MISSING;
}

static int
exit_code(const struct diff *d)
{
	if (d->count[DIFF_NO_ANSWER])
		return EX_TEMPFAIL;
	for (int i = 0; i < DIFF_VERDICTS; i++)
		if (needs_a_hand((enum diff_verdict)i) && d->count[i])
			return EX_DIFFERENT;
	return EX_OK;
}

static int
diff_files(const char *path, char **files, size_t n, bool hides_missing)
{
	struct direct *direct = direct_open(path);
	struct diff d = {
		.sites = direct_sites(direct),
		.any_host = direct_any_host(direct),
		.files = files,
		.tables = calloc(n, sizeof(*d.tables)),
		.n = n,
		.hides_missing = hides_missing,
	};
	int rc;

	if (!d.tables)
		fatal(EX_OSERR, "out of memory");
	read_tables(&d);
	print_verdicts(&d);
	program_flush();
	rc = exit_code(&d);
	diff_clear(&d);
	direct_close(direct);
	return rc;
}

static int
run_diff(const char *path, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "no-missing", no_argument, NULL, 'm' },
		{ NULL, 0, NULL, 0 },
	};
	bool hides_missing = false;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c != 'm')
			return cmd_usage(&cmd_diff);
		hides_missing = true;
	}
	if (argc == optind)
		return cmd_usage(&cmd_diff);
	return diff_files(path, argv + optind, (size_t)(argc - optind),
	    hides_missing);
}

const struct cmd cmd_diff = {
	.name = "diff",
	.usage = "[--no-missing] file ...",
	.help = "compare hand-kept tables with what listmap answers",
	.run = run_diff,
};
