/*
 * build: writes a map to a file that needs no daemon.
 *
 * Each type of file is a row of `types' below.  Its function writes all pairs
 * to a new file, which takes the place of the old one only when it is whole.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/replace.h"
#include "cache/cdbfile.h"
#include "maps/maps.h"
#include "listmap/cmd.h"
#include "listmap/direct.h"
#include "listmap/left_out.h"

#define TABLE_MODE 0644

/*
 * cdb: what Postfix's cdb: and sendmail's cdb maps read.
 */

/* A put that fails makes the commit fail. */
static int
write_cdb_pair(void *arg, struct str key, struct str value)
{
	if (value.p)
		(void)cdbmake_put(arg, key, value);
	return 0;
}

static int
build_cdb(struct direct *d, const char *name, enum map_form form,
    const char *file)
{
	const char *err;
	struct cdbmake *m = cdbmake_new(file, TABLE_MODE, &err);
	int rc;

	if (!m)
		fatal(EX_CANTCREAT, "%s: %s", file, err);
	rc = direct_each(d, name, form, write_cdb_pair, m);
	if (rc != EX_OK) {
		cdbmake_cancel(m);
		return rc;
	}
	if (cdbmake_commit(m, &err) == -1)
		fatal(EX_IOERR, "%s: %s", file, err);
	return EX_OK;
}

/*
 * text: what makemap reads.
 */

struct text {
	FILE *f;
	bool keys_only;
	int error; /* errno of the first write that failed */
};

static int
write_text_pair(void *arg, struct str key, struct str value)
{
	struct text *t = arg;

	errno = 0;
	if (!left_out(t->f, key, value)) {
		fwrite(key.p, 1, key.n, t->f);
		if (!t->keys_only) {
			putc('\t', t->f);
			fwrite(value.p, 1, value.n, t->f);
		}
		putc('\n', t->f);
	}
	if (ferror(t->f) && t->error == 0)
		t->error = errno;
	return 0;
}

static int
build_text(struct direct *d, const char *name, enum map_form form,
    const char *file)
{
	const struct sites *sites;
	struct text t = { .keys_only = direct_map(d, name, &sites)->keys_only };
	struct replace r;
	int rc;

	if (replace_open(&r, file, TABLE_MODE) == -1)
		fatal(EX_CANTCREAT, "%s: %s", file, strerror(errno));
	t.f = fdopen(dup(r.fd), "w");
	if (!t.f)
		fatal(EX_OSERR, "%s: %s", file, strerror(errno));
	rc = direct_each(d, name, form, write_text_pair, &t);
	if (rc != EX_OK) {
		fclose(t.f);
		replace_cancel(&r);
		return rc;
	}
	if (fclose(t.f) == EOF && t.error == 0)
		t.error = errno;
	if (t.error) {
		replace_cancel(&r);
		fatal(EX_IOERR, "%s: %s", file, strerror(t.error));
	}
	if (replace_commit(&r) == -1)
		fatal(EX_IOERR, "%s: %s", file, strerror(errno));
	return EX_OK;
}

static const struct {
	const char *name;
	int (*build)(struct direct *d, const char *name,
	    enum map_form form, const char *file);
} types[] = {
	{ "cdb", build_cdb },
	{ "text", build_text },
};

static int
build_table(const char *path, const char *type, enum map_form form, char **argv)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(types[i].name, type)) {
			struct direct *d = direct_open(path);
			const struct sites *sites;
			int rc;

			/* May end the program, so it comes before there is a
			 * new file that would be left behind. */
			(void)direct_enumerable(d, argv[0], form, &sites);
			rc = types[i].build(d, argv[0], form, argv[1]);
			direct_close(d);
			return rc;
		}
	log_error("%s: no such type of table", type);
	return cmd_usage(&cmd_build);
}

static int
run_build(const char *path, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "standalone", no_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	enum map_form form = MAP_DUMP;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c != 's')
			return cmd_usage(&cmd_build);
		form = MAP_STANDALONE;
	}
	if (argc - optind != 3)
		return cmd_usage(&cmd_build);
	return build_table(path, argv[optind], form, argv + optind + 1);
}

const struct cmd cmd_build = {
	.name = "build",
	.usage = "[--standalone] cdb | text map file",
	.help = "write a map to a file that needs no daemon",
	.run = run_build,
};
