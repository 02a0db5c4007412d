#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mailman/scan.h"
#include "base/str.h"
#include "mailman/entry.h"
#include "mailman/mailman.h"

#define PROGRESS_STEP 1024
#define YOUNG_SECONDS 3600

/* A scan under way, whose arrays grow. */
struct scan_reader {
	const struct mailman *mailman;
	struct scan *s;
	size_t lists_size; /* places in s->list */
	size_t names_used, names_size;
};

static int
grow_to(void **p, size_t *size, size_t need, size_t unit)
{
	size_t more = *size == 0 ? 256 : *size;
	void *bigger;

	while (more < need)
		more *= 2;
	if (more == *size)
		return 0;
	bigger = reallocarray(*p, more, unit);
	if (bigger == NULL)
		return -1;
	*p = bigger;
	*size = more;
	return 0;
}

int64_t
scan_mtime(const struct stat *st)
{
	const struct timespec *t = &st->st_mtim;
	int64_t ns;

	if (__builtin_mul_overflow((int64_t)t->tv_sec, 1000000000, &ns) ||
	    __builtin_add_overflow(ns, (int64_t)t->tv_nsec, &ns))
		return t->tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

/* The name goes to the end of s->names.  list[].name is set when that moves no
 * more. */
static int
add_scanned(struct scan_reader *r, const char *name,
    const struct scan_list *entry)
{
	size_t n = strlen(name) + 1;
	struct scan *s = r->s;

	if (grow_to((void **)&s->list, &r->lists_size, s->n + 1,
	        sizeof(*s->list)) == -1 ||
	    grow_to((void **)&s->names, &r->names_size, r->names_used + n, 1) ==
	        -1)
		return -1;
	memcpy(s->names + r->names_used, name, n);
	r->names_used += n;
	s->list[s->n++] = *entry;
	return 0;
}

static int
add_scanned_list(struct scan_reader *r, const char *name, const struct stat *st)
{
	const struct scan_list entry = {
		.ino = st->st_ino,
		.mtime = scan_mtime(st),
		.size = st->st_size,
	};

	return add_scanned(r, name, &entry);
}

static int
add_doubtful_entry(struct scan_reader *r, const char *name, int error)
{
	const struct scan_list entry = {
		.basis = LISTS_DOUBTFUL,
		.error = error,
	};

	return add_scanned(r, name, &entry);
}

/* Whether NAME is a directory that may be becoming a list (bin/newlist). */
static bool
may_be_unfinished(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode) && time(NULL) - st.st_mtime < YOUNG_SECONDS;
}

/* NAME is none that an address has. */
static void
note_misnamed(struct scan_reader *r, int dir, const char *name)
{
	struct str s = str_from(name);
	struct stat st;

	if (r->mailman->is_list(dir, name, &st) == 1)
		odd_names_misnamed(&r->s->odd, s, entry_name_fault(s));
}

static int
look_at_entry(struct scan_reader *r, int dir, const struct dirent *e)
{
	struct str name = str_from(e->d_name);
	struct stat st;

	if (e->d_type != DT_DIR && e->d_type != DT_LNK &&
	    e->d_type != DT_UNKNOWN)
		return 0;
	if (!entry_name_ok(name)) {
		note_misnamed(r, dir, e->d_name);
		return 0;
	}
	switch (r->mailman->is_list(dir, e->d_name, &st)) {
	case 1:
		return add_scanned_list(r, e->d_name, &st);
	case 0:
		r->s->unfinished += may_be_unfinished(dir, e->d_name);
		return 0;
	default:
		return add_doubtful_entry(r, e->d_name, errno);
	}
}

static int
read_entries(struct scan_reader *r, DIR *d, scan_progress_fn *progress,
    void *arg)
{
	const struct dirent *e;
	size_t seen = 0;

	for (;;) {
		errno = 0;
		e = readdir(d);
		if (e == NULL)
			break;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (look_at_entry(r, dirfd(d), e) == -1)
			return -1;
		if (++seen % PROGRESS_STEP == 0 && progress != NULL)
			progress(arg, seen);
	}
	if (errno != 0)
		return -1;
	if (progress != NULL)
		progress(arg, seen);
	return 0;
}

static int
by_list_name(const void *a, const void *b)
{
	return strcmp(((const struct scan_list *)a)->name,
	    ((const struct scan_list *)b)->name);
}

/* The names lie in s->names in the order of the lists. */
static void
set_names(struct scan *s)
{
	char *p = s->names;
	size_t i;

	for (i = 0; i < s->n; i++) {
		s->list[i].name = p;
		p += strlen(p) + 1;
	}
	if (s->n > 1)
		qsort(s->list, s->n, sizeof(*s->list), by_list_name);
}

static DIR *
open_directory(const char *path, struct scan *s)
{
	struct stat st;
	DIR *d = NULL;
	int fd, saved;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return NULL;
	/* By its name, since that fails where the directory may be read but
	 * not searched: then nothing is known of its entries. */
	if (fstatat(fd, ".", &st, 0) == 0)
		d = fdopendir(fd);
	if (d == NULL) {
		saved = errno;
		close(fd);
		errno = saved;
		return NULL;
	}
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	s->mtime = scan_mtime(&st);
	return d;
}

int
scan_directory(const struct mailman *mailman, const char *path,
    scan_progress_fn *progress, void *arg, struct scan *s, const char **err)
{
	struct scan_reader r = { .mailman = mailman, .s = s };
	int result = -1, saved;
	DIR *d;

	*s = (struct scan){ 0 };
	d = open_directory(path, s);
	if (d != NULL)
		result = read_entries(&r, d, progress, arg);
	saved = errno;
	if (d != NULL)
		closedir(d);
	set_names(s);
	errno = saved;
	if (result == -1)
		*err = strerror(saved);
	return result;
}

void
scan_clear(struct scan *s)
{
	free(s->list);
	free(s->names);
	*s = (struct scan){ 0 };
}
