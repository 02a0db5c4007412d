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
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/replace.h"
#include "base/str.h"
#include "cache/cdbfile.h"
#include "maps/maps.h"
#include "listmap/cmd.h"
#include "listmap/direct.h"
#include "listmap/table_text.h"

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

/* Both programs put ".cdb" behind the name that they are told. */
static void
warn_of_name(const char *file)
{
	if (!str_ends(str_from(file), ".cdb"))
		log_warn("%s: sendmail and Postfix look for a file whose name "
		    "ends in .cdb", file);
}

static int
build_cdb(struct direct *d, const char *name, enum map_form form,
    const char *file)
{
	const struct sites *sites;
	bool aliases = direct_map(d, name, &sites) == &map_aliases;
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
	/* sendmail waits for this key, which newaliases and postalias write
	 * last, before it believes an alias database. */
	if (aliases)
		(void)cdbmake_put(m, STR("@"), STR("@"));
	if (cdbmake_commit(m, &err) == -1)
		fatal(EX_IOERR, "%s: %s", file, err);
	warn_of_name(file);
	return EX_OK;
}

/*
 * text: what newaliases, makemap and postmap read.
 */

struct text {
	FILE *f;
	const struct map *map;
	struct buf line; /* memory for one */
	size_t left_out;
	int error; /* errno of the first write that failed */
};

static int
write_text_pair(void *arg, struct str key, struct str value)
{
	struct text *t = arg;

	buf_reset(&t->line);
	if (!table_text_line(t->map, key, value, &t->line))
		t->left_out++;
	errno = t->line.failed ? ENOMEM : 0;
	if (!t->line.failed)
		fwrite(t->line.p, 1, t->line.n, t->f);
	if ((t->line.failed || ferror(t->f)) && t->error == 0)
		t->error = errno;
	return 0;
}

/* Writes all pairs to FD, and closes it.  An exit code; errno of a write that
 * failed is in t->error. */
static int
write_text(struct direct *d, const char *name, enum map_form form, int fd,
    struct text *t)
{
	int rc;

	t->f = fd == -1 ? NULL : fdopen(fd, "w");
	if (!t->f)
		fatal(EX_OSERR, "%s: %s", name, strerror(errno));
	buf_init(&t->line, TABLE_TEXT_MAX);
	rc = direct_each(d, name, form, write_text_pair, t);
	buf_clear(&t->line);
	if (fclose(t->f) == EOF && t->error == 0)
		t->error = errno;
	return rc;
}

static int
build_text(struct direct *d, const char *name, enum map_form form,
    const char *file)
{
	const struct sites *sites;
	struct text t = { .map = direct_map(d, name, &sites) };
	struct replace r;
	int rc;

	if (replace_open(&r, file, TABLE_MODE) == -1)
		fatal(EX_CANTCREAT, "%s: %s", file, strerror(errno));
	rc = write_text(d, name, form, dup(r.fd), &t);
	if (rc != EX_OK || t.error) {
		replace_cancel(&r);
		if (t.error)
			fatal(EX_IOERR, "%s: %s", file, strerror(t.error));
		return rc;
	}
	if (replace_commit(&r) == -1)
		fatal(EX_IOERR, "%s: %s", file, strerror(errno));
	if (t.left_out)
		log_warn("%s: %zu left out, each named in a comment: a text "
		    "file cannot hold them", file, t.left_out);
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

/*
 * Ends the program where FILE is none that can be replaced.  A table takes the
 * place of a whole file, so there is none on standard output; and a link, which
 * whoever owns its directory may have put there, is not followed.
 */
static void
refuse_no_file(const char *file)
{
	struct stat st;
	bool is = *file && strcmp(file, "-") != 0;

	if (is && lstat(file, &st) == 0 && S_ISLNK(st.st_mode))
		fatal(EX_CANTCREAT, "%s: is a link: name the file itself",
		    file);
	if (!is || (stat(file, &st) == 0 && !S_ISREG(st.st_mode)))
		fatal(EX_CANTCREAT, "%s: is no file that can be replaced "
		    "(listmap dump prints a map)", file);
}

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
			refuse_no_file(argv[1]);
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
