/*
 * tree - makes lists directories of any size, as Mailman 2.1 leaves them.
 *
 *	tree DIR N [PCK]
 *	tree -a SPEC [-i MILLISECONDS] DIR N [PCK]
 *
 * Makes list-000000 and so on, N of them, in DIR, each with a config.pck: a
 * copy of PCK, or a small pickle that names the host.  What is there already
 * stays as it is.
 *
 * With -a the lists are called new-000000 and so on and must not be there yet.
 * They are made as Mailman makes them (mkdir, write a temporary, rename), one
 * every so many milliseconds, and the server at SPEC is asked for each one's
 * address: before the mkdir and before the rename it must not be found, and
 * then how soon after the rename it is.  Prints lines of NAME VALUE, in
 * microseconds; exits 1 when a list was found too early or not within 10 s.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "spec.h"

#define PICKLE_MAX (1 << 20)
#define NAME_SIZE 64
#define PATIENCE 10000000000u /* nanoseconds */

struct tree {
	int fd; /* of DIR */
	unsigned long n;
	const char *pickle;
	size_t size;
};

/* {'host_name': 'lists.example.org'}, protocol 1 */
static const char small[] = "}q\x01U\thost_nameq\x02U\x11" ASK_HOST "q\x03s.";

static unsigned long
number(const char *text, unsigned long max)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n > max)
		errx(EX_USAGE, "%s: not a number up to %lu", text, max);
	return n;
}

static void
tree_pickle(struct tree *t, const char *path)
{
	ssize_t n;
	char *p;
	int fd;

	t->pickle = small;
	t->size = sizeof(small) - 1;
	if (path == NULL)
		return;
	if ((p = malloc(PICKLE_MAX)) == NULL)
		err(EX_OSERR, "malloc");
	if ((fd = open(path, O_RDONLY)) == -1 ||
	    (n = read(fd, p, PICKLE_MAX)) <= 0 || n == PICKLE_MAX)
		err(EX_NOINPUT, "%s", path);
	close(fd);
	t->pickle = p;
	t->size = (size_t)n;
}

static void
tree_write(const struct tree *t, const char *file)
{
	struct stat st;
	int fd;

	fd = openat(t->fd, file, O_WRONLY | O_CREAT, 0660);
	if (fd == -1 || fstat(fd, &st) == -1)
		err(EX_CANTCREAT, "%s", file);
	/* What was interrupted half-way is made good. */
	if ((size_t)st.st_size != t->size &&
	    write(fd, t->pickle, t->size) != (ssize_t)t->size)
		err(EX_IOERR, "%s", file);
	if (close(fd) == -1)
		err(EX_IOERR, "%s", file);
}

static void
tree_fill(const struct tree *t)
{
	char name[NAME_SIZE], file[NAME_SIZE];
	unsigned long i;

	for (i = 0; i < t->n; i++) {
		snprintf(name, sizeof(name), "list-%06lu", i);
		snprintf(file, sizeof(file), "list-%06lu/config.pck", i);
		/* The set-group-id bit comes from the parent. */
		if (mkdirat(t->fd, name, 0775) == -1 && errno != EEXIST)
			err(EX_CANTCREAT, "%s", name);
		tree_write(t, file);
	}
}

/* One list, made in front of the server's eyes; nanoseconds from the rename
 * to the right answer. */
static uint64_t
tree_show(const struct tree *t, int server, unsigned long which, bool *first)
{
	char name[NAME_SIZE], tmp[2 * NAME_SIZE], file[2 * NAME_SIZE];
	char key[2 * NAME_SIZE];
	char request[ASK_REQUEST_MAX];
	enum ask_word word;
	uint64_t start;
	size_t len;

	snprintf(name, sizeof(name), "new-%06lu", which);
	snprintf(tmp, sizeof(tmp), "%s/config.pck.tmp.host.1", name);
	snprintf(file, sizeof(file), "%s/config.pck", name);
	snprintf(key, sizeof(key), "%s-request@" ASK_HOST, name);
	len = ask_request(request, "listmap", key);
	if (ask(server, request, len) != ASK_NOTFOUND)
		errx(EXIT_FAILURE, "%s: found, or no answer, before", key);
	if (mkdirat(t->fd, name, 0775) == -1)
		err(EX_CANTCREAT, "%s", name);
	tree_write(t, tmp);
	word = ask(server, request, len);
	if (word != ASK_NOTFOUND && word != ASK_TEMP)
		errx(EXIT_FAILURE, "%s: found before the rename", key);
	if (renameat(t->fd, tmp, t->fd, file) == -1)
		err(EX_CANTCREAT, "%s", file);
	start = spec_clock();
	word = ask(server, request, len);
	*first = word == ASK_OK;
	while (word != ASK_OK) {
		if (word == ASK_FAILED || spec_clock() - start > PATIENCE)
			errx(EXIT_FAILURE, "%s: not found", key);
		usleep(100);
		word = ask(server, request, len);
	}
	return spec_clock() - start;
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static void
tree_grow(const struct tree *t, const char *text, unsigned long pause)
{
	struct spec spec;
	unsigned long right = 0;
	unsigned long i;
	uint64_t *took;
	bool first;
	int fd;

	spec_parse(text, &spec);
	if ((fd = spec_connect(&spec)) == -1)
		err(EXIT_FAILURE, "%s", text);
	spec_limit(fd);
	if ((took = calloc(t->n, sizeof(*took))) == NULL)
		err(EX_OSERR, "calloc");
	for (i = 0; i < t->n; i++) {
		took[i] = tree_show(t, fd, i, &first);
		right += first;
		usleep((useconds_t)(pause * 1000));
	}
	qsort(took, t->n, sizeof(*took), compare);
	printf("created %lu\n", t->n);
	printf("first_right %lu\n", right);
	printf("median %.1f\n", (double)took[t->n / 2] / 1000);
	printf("max %.1f\n", (double)took[t->n - 1] / 1000);
	free(took);
	close(fd);
}

int
main(int argc, char **argv)
{
	const char *server = NULL;
	unsigned long pause = 10;
	struct tree t;
	int c;

	while ((c = getopt(argc, argv, "a:i:")) != -1) {
		if (c == 'a')
			server = optarg;
		else if (c == 'i')
			pause = number(optarg, 60000);
		else
			errx(EX_USAGE, "see the head of tree.c");
	}
	argc -= optind;
	argv += optind;
	if (argc < 2 || argc > 3)
		errx(EX_USAGE, "usage: tree [-a SPEC] DIR N [PCK]");
	t.n = number(argv[1], 1000000);
	tree_pickle(&t, argv[2]);
	umask(0);
	if (mkdir(argv[0], 02775) == -1 && errno != EEXIST)
		err(EX_CANTCREAT, "%s", argv[0]);
	t.fd = open(argv[0], O_RDONLY | O_DIRECTORY);
	if (t.fd == -1 || fchmod(t.fd, 02775) == -1)
		err(EX_CANTCREAT, "%s", argv[0]);
	if (server != NULL && t.n > 0)
		tree_grow(&t, server, pause);
	else
		tree_fill(&t);
	return 0;
}
