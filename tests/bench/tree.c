/*
 * tree - makes lists directories of any size, as Mailman 2.1 leaves them.
 *
 *	tree [-l] DIR N [PCK]
 *	tree -a SPEC [-i MILLISECONDS] DIR N [PCK]
 *	tree -m [-i MILLISECONDS] DIR N [PCK]
 *	tree -s PER-SECOND DIR N [PCK]
 *	tree -3 DIR N
 *
 * Makes list-000000 and so on, N of them, in DIR, each with a config.pck: a
 * copy of PCK, or what Mailman writes for a new list, nearly 4 KB with the
 * host in the midst of it.  What is there already stays as it is.  With -l
 * lists have their config.pck in common, by hard links: that is made sooner,
 * and takes half the room, and a million of them fit into memory.
 *
 * With -a the lists are called new-000000 and so on and must not be there yet.
 * They are made as Mailman makes them (mkdir, write a temporary, rename), one
 * every so many milliseconds, and the server at SPEC is asked for each one's
 * address: before the mkdir and before the rename it must not be found, and
 * then how soon after the rename it is.  Prints lines of NAME VALUE, in
 * microseconds; exits 1 when a list was found too early or not within 10 s.
 *
 * With -m up to N lists, made-000000 and so on, are made in the same way, one
 * every so many milliseconds, until SIGTERM; nobody is asked for them.  Prints
 * how many there were.
 *
 * With -3 they are lists of Mailman 3: empty directories, whose names end with
 * the host.
 *
 * With -s the lists, which must be there, are saved one after the other in no
 * order, so many a second, as Mailman saves each list that got a message:
 * write a temporary, link what was there to config.pck.last, rename.  Goes on
 * until SIGTERM, and prints how many it saved.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "pickle.h"
#include "spec.h"
#include "tests/patience.h"

#define PICKLE_MAX (1 << 20)
#define NAME_SIZE 64
/* A file has no more names on ext4 (65,000). */
#define LINKS_MAX 60000

struct tree {
	int fd; /* of DIR */
	unsigned long n;
	const char *pickle;
	size_t size;
	bool links;
};

static char fresh[PICKLE_SIZE];
static volatile sig_atomic_t stopped;

static void
tree_fill_three(const struct tree *t)
{
	char name[2 * NAME_SIZE];
	unsigned long i;

	for (i = 0; i < t->n; i++) {
		snprintf(name, sizeof(name), "list-%06lu." ASK_HOST, i);
		if (mkdirat(t->fd, name, 0755) == -1 && errno != EEXIST)
			err(EX_CANTCREAT, "%s", name);
	}
}

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

	if (path == NULL) {
		t->pickle = fresh;
		t->size = pickle_fresh(fresh);
		return;
	}
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
	/* What was interrupted half-way, or has another content, is made good. */
	if ((size_t)st.st_size != t->size && (ftruncate(fd, 0) == -1 ||
	    write(fd, t->pickle, t->size) != (ssize_t)t->size))
		err(EX_IOERR, "%s", file);
	if (close(fd) == -1)
		err(EX_IOERR, "%s", file);
}

/* FILE becomes another name of COMMON, unless it is there. */
static void
tree_link(const struct tree *t, const char *common, const char *file)
{
	if (linkat(t->fd, common, t->fd, file, 0) == -1 && errno != EEXIST)
		err(EX_CANTCREAT, "%s", file);
}

static void
tree_fill(const struct tree *t)
{
	char name[NAME_SIZE], file[NAME_SIZE], common[NAME_SIZE];
	unsigned long i;

	for (i = 0; i < t->n; i++) {
		snprintf(name, sizeof(name), "list-%06lu", i);
		snprintf(file, sizeof(file), "list-%06lu/config.pck", i);
		/* The set-group-id bit comes from the parent. */
		if (mkdirat(t->fd, name, 0775) == -1 && errno != EEXIST)
			err(EX_CANTCREAT, "%s", name);
		if (t->links && i % LINKS_MAX > 0) {
			tree_link(t, common, file);
			continue;
		}
		tree_write(t, file);
		memcpy(common, file, sizeof(common));
	}
}

/* The names of list PREFIX number WHICH: of its directory, and of its file
 * before and after the rename. */
struct new_list {
	char dir[NAME_SIZE], tmp[2 * NAME_SIZE], file[2 * NAME_SIZE];
};

static void
new_list_name(struct new_list *l, const char *prefix, unsigned long which)
{
	snprintf(l->dir, sizeof(l->dir), "%s-%06lu", prefix, which);
	snprintf(l->tmp, sizeof(l->tmp), "%s/config.pck.tmp.host.1", l->dir);
	snprintf(l->file, sizeof(l->file), "%s/config.pck", l->dir);
}

/* As Mailman does: first a directory and a file of another name. */
static void
tree_begin(const struct tree *t, const struct new_list *l)
{
	if (mkdirat(t->fd, l->dir, 0775) == -1)
		err(EX_CANTCREAT, "%s", l->dir);
	tree_write(t, l->tmp);
}

static void
tree_end(const struct tree *t, const struct new_list *l)
{
	if (renameat(t->fd, l->tmp, t->fd, l->file) == -1)
		err(EX_CANTCREAT, "%s", l->file);
}

/* One list, made in front of the server's eyes; nanoseconds from the rename
 * to the right answer. */
static uint64_t
tree_show(const struct tree *t, int server, unsigned long which, bool *first)
{
	struct new_list l;
	char key[2 * NAME_SIZE];
	char request[ASK_REQUEST_MAX];
	enum ask_word word;
	uint64_t start;
	size_t len;

	new_list_name(&l, "new", which);
	snprintf(key, sizeof(key), "%s-request@" ASK_HOST, l.dir);
	len = ask_request(request, "listmap", key);
	if (ask(server, request, len) != ASK_NOTFOUND)
		errx(EXIT_FAILURE, "%s: found, or no answer, before", key);
	tree_begin(t, &l);
	word = ask(server, request, len);
	if (word != ASK_NOTFOUND && word != ASK_TEMP)
		errx(EXIT_FAILURE, "%s: found before the rename", key);
	tree_end(t, &l);
	start = spec_clock();
	word = ask(server, request, len);
	*first = word == ASK_OK;
	while (word != ASK_OK) {
		if (word == ASK_FAILED || spec_clock() - start >
		    PATIENCE * (uint64_t)1000000000)
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

static void
on_term(int signal)
{
	(void)signal;
	stopped = 1;
}

/* Link and rename as Mailman's Save() does, which leaves no moment without a
 * config.pck. */
static void
tree_save(const struct tree *t, unsigned long which)
{
	char tmp[NAME_SIZE], file[NAME_SIZE], last[NAME_SIZE];

	snprintf(tmp, sizeof(tmp), "list-%06lu/config.pck.tmp.host.1", which);
	snprintf(file, sizeof(file), "list-%06lu/config.pck", which);
	snprintf(last, sizeof(last), "list-%06lu/config.pck.last", which);
	tree_write(t, tmp);
	if (unlinkat(t->fd, last, 0) == -1 && errno != ENOENT)
		err(EX_CANTCREAT, "%s", last);
	if (linkat(t->fd, file, t->fd, last, 0) == -1 ||
	    renameat(t->fd, tmp, t->fd, file) == -1)
		err(EX_CANTCREAT, "%s", file);
}

static void
catch_term(void)
{
	struct sigaction on = { .sa_handler = on_term };

	if (sigaction(SIGTERM, &on, NULL) == -1)
		err(EX_OSERR, "sigaction");
}

static void
tree_make(const struct tree *t, unsigned long pause)
{
	struct new_list l;
	unsigned long made = 0;

	catch_term();
	while (!stopped && made < t->n) {
		new_list_name(&l, "made", made);
		tree_begin(t, &l);
		tree_end(t, &l);
		made++;
		usleep((useconds_t)(pause * 1000));
	}
	printf("made %lu\n", made);
}

static void
tree_traffic(const struct tree *t, unsigned long rate)
{
	uint64_t start = spec_clock();
	unsigned long saved = 0;

	catch_term();
	while (!stopped) {
		uint64_t due = start + saved * 1000000000u / rate;
		uint64_t now = spec_clock();

		if (due > now) {
			usleep((useconds_t)((due - now) / 1000 + 1));
			continue;
		}
		/* A prime apart: everywhere in the directory. */
		tree_save(t, saved++ * 7919 % t->n);
	}
	printf("saved %lu\n", saved);
}

struct options {
	const char *server;
	unsigned long pause, rate;
	bool three, make, links;
};

static void
parse_options(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "3a:i:lms:")) != -1)
		switch (c) {
		case '3': o->three = true; break;
		case 'a': o->server = optarg; break;
		case 'i': o->pause = number(optarg, 60000); break;
		case 'l': o->links = true; break;
		case 'm': o->make = true; break;
		case 's': o->rate = number(optarg, 10000); break;
		default: errx(EX_USAGE, "see the head of tree.c");
		}
	if (argc - optind < 2 || argc - optind > 3)
		errx(EX_USAGE, "usage: tree [-3 | -a SPEC | -l | -m | -s N] "
		    "DIR N [PCK]");
}

int
main(int argc, char **argv)
{
	struct options o = { .pause = 10 };
	struct tree t;

	parse_options(&o, argc, argv);
	argv += optind;
	t.n = number(argv[1], 1000000);
	t.links = o.links;
	tree_pickle(&t, argv[2]);
	umask(0);
	if (mkdir(argv[0], 02775) == -1 && errno != EEXIST)
		err(EX_CANTCREAT, "%s", argv[0]);
	t.fd = open(argv[0], O_RDONLY | O_DIRECTORY);
	if (t.fd == -1 || fchmod(t.fd, 02775) == -1)
		err(EX_CANTCREAT, "%s", argv[0]);
	if (o.three)
		tree_fill_three(&t);
	else if (o.server != NULL && t.n > 0)
		tree_grow(&t, o.server, o.pause);
	else if (o.make)
		tree_make(&t, o.pause);
	else if (o.rate > 0 && t.n > 0)
		tree_traffic(&t, o.rate);
	else
		tree_fill(&t);
	return 0;
}
