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

/* The kernel's time of a change is that of its last tick: two changes within
 * one have the same.  A filesystem may keep whole seconds alone, or FAT two. */
#define TICK_NS ((int64_t)20 * 1000 * 1000)
#define COARSE_NS ((int64_t)2000 * 1000 * 1000)

/* Names with their NULs, one behind the other. */
struct names {
	char *p;
	size_t used, size;
};

/* A scan under way, whose arrays grow. */
struct scan_reader {
	const struct mailman *mailman;
	struct scan *s;
	size_t lists_size, nones_size; /* places in s->list, s->none */
	struct names names, none_names;
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

static int64_t
nanoseconds(const struct timespec *t)
{
	int64_t ns;

	if (__builtin_mul_overflow((int64_t)t->tv_sec, 1000000000, &ns) ||
	    __builtin_add_overflow(ns, (int64_t)t->tv_nsec, &ns))
		return t->tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

int64_t
scan_mtime(const struct stat *st)
{
	return nanoseconds(&st->st_mtim);
}

int64_t
scan_ctime(const struct stat *st)
{
	return nanoseconds(&st->st_ctim);
}

static int
add_name(struct names *names, const char *name)
{
	size_t n = strlen(name) + 1;

	if (grow_to((void **)&names->p, &names->size, names->used + n, 1) == -1)
		return -1;
	memcpy(names->p + names->used, name, n);
	names->used += n;
	return 0;
}

/* list[].name is set when the names move no more. */
static int
add_scanned(struct scan_reader *r, const char *name,
    const struct scan_list *entry)
{
	struct scan *s = r->s;

	if (grow_to((void **)&s->list, &r->lists_size, s->n + 1,
	        sizeof(*s->list)) == -1 || add_name(&r->names, name) == -1)
		return -1;
	s->list[s->n++] = *entry;
	return 0;
}

/* Likewise none[].name. */
static int
add_no_list(struct scan_reader *r, const char *name)
{
	struct scan *s = r->s;

	if (grow_to((void **)&s->none, &r->nones_size, s->nnone + 1,
	        sizeof(*s->none)) == -1 || add_name(&r->none_names, name) == -1)
		return -1;
	s->none[s->nnone++] = (struct scan_none){ 0 };
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
	const bool may_be_list = e->d_type == DT_DIR || e->d_type == DT_LNK ||
	    e->d_type == DT_UNKNOWN;
	struct stat st;

	if (!entry_name_ok(str_from(e->d_name))) {
		if (may_be_list)
			note_misnamed(r, dir, e->d_name);
		return 0;
	}
	if (!may_be_list)
		return add_no_list(r, e->d_name);
	switch (r->mailman->is_list(dir, e->d_name, &st)) {
	case 1:
		return add_scanned_list(r, e->d_name, &st);
	case 0:
		r->s->unfinished += may_be_unfinished(dir, e->d_name);
		return add_no_list(r, e->d_name);
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

/* The element I of ARRAY, whose elements of UNIT bytes begin with a name. */
static char **
element_name(const void *array, size_t unit, size_t i)
{
	return (char **)((char *)array + i * unit);
}

static int
by_first_name(const void *a, const void *b)
{
	return strcmp(*element_name(a, 0, 0), *element_name(b, 0, 0));
}

/* The names lie at P in the order of the array's N elements. */
static void
set_names(void *array, size_t n, size_t unit, char *p)
{
	for (size_t i = 0; i < n; i++) {
		*element_name(array, unit, i) = p;
		p += strlen(p) + 1;
	}
	if (n > 1)
		qsort(array, n, unit, by_first_name);
}

static void
end_scan(struct scan_reader *r)
{
	struct scan *s = r->s;

	s->names = r->names.p;
	s->none_names = r->none_names.p;
	set_names(s->list, s->n, sizeof(*s->list), s->names);
	set_names(s->none, s->nnone, sizeof(*s->none), s->none_names);
}

/* Whether a later change of a directory with the time CHANGED has another time
 * for certain. */
static bool
is_settled_time(int64_t changed)
{
	const int64_t grain = changed % 1000000000 == 0 ? COARSE_NS : TICK_NS;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return changed > 0 && changed < nanoseconds(&now) - grain;
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
	s->ctime = scan_ctime(&st);
	if (!is_settled_time(s->ctime))
		s->ctime = 0;
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
	end_scan(&r);
	errno = saved;
	if (result == -1)
		*err = strerror(saved);
	return result;
}

/*
 * The element NAME of ARRAY, or NULL.  A snapshot is written in the order of
 * its scan, so the element behind the last one that was found is tried first,
 * and a binary search follows.
 */
static void *
find_name(const void *array, size_t n, size_t unit, struct str name,
    size_t *next)
{
	size_t low = 0, high = n, i = next != NULL ? *next : n / 2;
	int order;

	if (i >= high)
		i = high / 2;
	while (low < high) {
		order = str_cmp(name, str_from(*element_name(array, unit, i)));
		if (order == 0) {
			if (next != NULL)
				*next = i + 1;
			return element_name(array, unit, i);
		}
		if (order < 0)
			high = i;
		else
			low = i + 1;
		i = low + (high - low) / 2;
	}
	return NULL;
}

struct scan_list *
scan_find_list(const struct scan *s, struct str name, size_t *next)
{
	return find_name(s->list, s->n, sizeof(*s->list), name, next);
}

struct scan_none *
scan_find_none(const struct scan *s, struct str name, size_t *next)
{
	return find_name(s->none, s->nnone, sizeof(*s->none), name, next);
}

void
scan_clear(struct scan *s)
{
	free(s->list);
	free(s->none);
	free(s->names);
	free(s->none_names);
	*s = (struct scan){ 0 };
}
