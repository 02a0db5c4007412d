#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cache/cache.h"
#include "base/str.h"
#include "cache/cdbfile.h"
#include "cache/checksum.h"
#include "cache/gaps.h"
#include "cache/record.h"

/* The bytes that a list takes in the file at least: two lengths, a name, a
 * value, two slots. */
#define SMALLEST_RECORD (8 + 1 + 8 + 16)

struct cache {
	struct cdbfile *file;
	struct stat st;
	struct record_head head;
};

char *
cache_path(const char *cache_dir, const char *site, const char *suffix)
{
	char *path;

	if (asprintf(&path, "%s/%s.%s", cache_dir, site, suffix) == -1)
		return NULL;
	return path;
}

static const char *
describe_version(uint64_t version)
{
	static char text[64]; /* valid until the next such file */

	snprintf(text, sizeof(text), "another version (%" PRIu64 ", not %d)",
	    version, RECORD_VERSION);
	return text;
}

/* The inverse of cache_path(). */
static struct str
site_of_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	const char *dot = strrchr(name, '.');

	return dot == NULL ? str_from(name) :
	    (struct str){ name, (size_t)(dot - name) };
}

static const char *
describe_site(struct str site, struct str wanted)
{
	static char text[CACHE_ERR_MAX]; /* valid until the next such file */

	snprintf(text, sizeof(text), "the snapshot of site %.*s, not of %.*s",
	    (int)site.n, site.p, (int)wanted.n, wanted.p);
	return text;
}

struct first_record {
	struct str key, value;
};

static int
take_first_record(void *arg, struct str key, struct str value)
{
	*(struct first_record *)arg = (struct first_record){ key, value };
	return 1;
}

/* The errno is EPROTO or ENOMEM where this fails. */
static const char *
check_checksum(const struct cache *c)
{
	const struct str file = cdbfile_bytes(c->file);
	const struct str carried = c->head.checksum;
	char right[CHECKSUM_LENGTH + 1];

	if (carried.p != file.p + RECORD_CHECKSUM_AT)
		return "no snapshot of listmap";
	if (checksum_of(file, RECORD_CHECKSUM_AT, right) == -1)
		return strerror(errno);
	return str_is(carried, right) ? NULL : "wrong checksum";
}

/* Likewise.  A file is the snapshot of the site that it is named after, unless
 * somebody copied another's there. */
static const char *
check_origin(const struct cache *c, const char *path)
{
	const struct str wanted = site_of_path(path);
	const char *err = check_checksum(c);

	if (err != NULL || str_eq(c->head.site, wanted))
		return err;
	errno = EPROTO;
	return describe_site(c->head.site, wanted);
}

/* Nothing in the file is believed before its checksum is known to be right,
 * but for the version, which says whether there is one.  PATH is NULL where
 * somebody has checked the file, and it cannot have changed since. */
static const char *
read_cache_head(struct cache *c, const char *path)
{
	struct first_record first;
	const char *err;

	errno = EPROTO;
	if (cdbfile_each(c->file, take_first_record, &first) != 1 ||
	    !str_is(first.key, RECORD_HEAD_KEY))
		return "no snapshot of listmap";
	if (record_decode_head(first.value, &c->head) == -1) {
		if (c->head.version == 0 || c->head.version == RECORD_VERSION)
			return "no snapshot of listmap";
		errno = EPROTONOSUPPORT;
		return describe_version(c->head.version);
	}
	err = path == NULL ? NULL : check_origin(c, path);
	if (err == NULL &&
	    c->head.count > (uint64_t)c->st.st_size / SMALLEST_RECORD)
		err = "wrong count";
	return err;
}

static int
accept_any_host(void *arg, struct str host, const struct record_host *r)
{
	(void)arg;
	(void)host;
	(void)r;
	return 0;
}

/* Checks what C is to be made of: C->file, or NULL where ERR says why there is
 * none.  PATH as in read_cache_head().  C, or NULL with *ERR and errno, and C
 * is freed. */
static struct cache *
check_cache(struct cache *c, const char *path, const char **err)
{
	int saved;

	if (c->file != NULL)
		*err = read_cache_head(c, path);
	/* The site's domains are made of the hosts: half of them would be
	 * worse than no snapshot. */
	if (*err == NULL && cache_each_host(c, accept_any_host, NULL) == -1) {
		errno = EPROTO;
		*err = "broken hosts";
	}
	if (*err == NULL)
		return c;
	saved = errno;
	cache_close(c);
	errno = saved;
	return NULL;
}

struct cache *
cache_open(const char *path, const char **err)
{
	struct cache *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		*err = strerror(errno);
		return NULL;
	}
	c->file = cdbfile_open(path, &c->st, err);
	return check_cache(c, path, err);
}

int
cache_give(const struct cache *c, int fd)
{
	return cdbfile_give(c->file, &c->st, fd);
}

struct cache *
cache_take(int fd, const char **err)
{
	struct cache *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		*err = strerror(errno);
		return NULL;
	}
	c->file = cdbfile_take(fd, &c->st, err);
	return check_cache(c, NULL, err);
}

void
cache_close(struct cache *c)
{
	if (c == NULL)
		return;
	cdbfile_close(c->file);
	free(c);
}

int
cache_share(struct cache *c)
{
	int result = cdbfile_share(c->file);

	/* What the head points to has moved. */
	if (read_cache_head(c, NULL) != NULL)
		return -1;
	return result;
}

int
cache_lend(const struct cache *c, bool lent)
{
	return cdbfile_lend(c->file, lent);
}

bool
cache_populate(struct cache *c, size_t bytes)
{
	return cdbfile_populate(c->file, bytes);
}

bool
cache_release(struct cache *c, size_t bytes)
{
	if (c != NULL && !cdbfile_release(c->file, bytes))
		return false;
	free(c);
	return true;
}

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* The times tell where somebody wrote into the file, which nobody should, and
 * where another file got the inode. */
static bool
is_same_cache_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    is_same_time(&a->st_mtim, &b->st_mtim) &&
	    is_same_time(&a->st_ctim, &b->st_ctim);
}

int
cache_look_at(const struct cache *c, const struct stat *refused,
    const char *path, struct stat *st)
{
	if (stat(path, st) == -1)
		return -1;
	if (c != NULL && is_same_cache_file(st, &c->st))
		return 0;
	return is_same_cache_file(st, refused) ? -1 : 1;
}

/* ST is of before the file was read: what is written while it is read makes it
 * another. */
static void
remember_refused(struct cache_refused *refused, const struct stat *st,
    const char *err)
{
	if (errno != EPROTO && errno != EPROTONOSUPPORT)
		return;
	refused->st = *st;
	refused->error = errno;
	snprintf(refused->err, sizeof(refused->err), "%s", err);
}

int
cache_reopen(struct cache **c, struct cache_refused *refused, const char *path,
    const char **err)
{
	struct cache *opened;
	struct stat st = { 0 };

	/* Where this fails cache_open() says why. */
	if (stat(path, &st) == 0) {
		if (*c != NULL && is_same_cache_file(&st, &(*c)->st))
			return 0;
		if (is_same_cache_file(&st, &refused->st)) {
			*err = refused->err;
			errno = refused->error;
			return -1;
		}
	}
	opened = cache_open(path, err);
	if (opened == NULL) {
		remember_refused(refused, &st, *err);
		return -1;
	}
	cache_close(*c);
	*c = opened;
	return 1;
}

/* As cdbfile_get(), for a NAME that an entry has. */
static int
get_entry(const struct cache *c, struct str name, struct str *value)
{
	if (name.n == 0 || name.p[0] == ':')
		return 0;
	return cdbfile_get(c->file, name, value);
}

int
cache_find(const struct cache *c, struct str name, struct record *r)
{
	struct str value;
	int found = get_entry(c, name, &value);

	if (found == 1 && record_decode(value, r) == -1)
		return -1;
	return found;
}

int
cache_look(const struct cache *c, struct str name, struct str *host,
    enum lists_basis *basis)
{
	struct str value;
	int found = get_entry(c, name, &value);

	if (found == 1 && !record_look(value, host, basis))
		return -1;
	return found;
}

struct list_visitor {
	int (*visit)(void *arg, struct str name, const struct record *r);
	void *arg;
};

static int
decode_list_record(void *arg, struct str key, struct str value)
{
	const struct list_visitor *e = arg;
	struct record r;

	if (str_starts(key, ":"))
		return 0;
	if (record_decode(value, &r) == -1)
		return -1;
	return e->visit(e->arg, key, &r);
}

int
cache_each(struct cache *c,
    int (*visit)(void *arg, struct str name, const struct record *r),
    void *arg)
{
	struct list_visitor e = { visit, arg };

	return cdbfile_each(c->file, decode_list_record, &e);
}

/* The next host from *POS on, which is 0 for the first: 1; 0 where there are no
 * more, since the hosts stand before the entries; -1 where the file is broken.
 */
static int
next_host(const struct cache *c, size_t *pos, struct str *host,
    struct record_host *r)
{
	struct str key, value;
	int found;

	while ((found = cdbfile_next(c->file, pos, &key, &value)) == 1) {
		if (!str_starts(key, ":"))
			return 0;
		if (!str_starts(key, RECORD_HOST_PREFIX))
			continue;
		*host = str_tail(key, strlen(RECORD_HOST_PREFIX));
		return host->n > RECORD_HOST_MAX ||
		    record_decode_host(value, r) == -1 ? -1 : 1;
	}
	return found;
}

int
cache_each_host(const struct cache *c,
    int (*visit)(void *arg, struct str host, const struct record_host *r),
    void *arg)
{
	struct record_host r;
	struct str host;
	size_t pos = 0;
	int result;

	while ((result = next_host(c, &pos, &host, &r)) == 1) {
		result = visit(arg, host, &r);
		if (result != 0)
			break;
	}
	return result;
}

static bool
is_same_host(const struct record_host *a, const struct record_host *b)
{
	return (a->count == 0) == (b->count == 0) && str_eq(a->url, b->url) &&
	    str_eq(a->real, b->real);
}

bool
cache_same_hosts(const struct cache *a, const struct cache *b)
{
	size_t a_pos = 0, b_pos = 0;
	struct record_host a_r, b_r;
	struct str a_host, b_host;

	for (;;) {
		int a_found = next_host(a, &a_pos, &a_host, &a_r);
		int b_found = next_host(b, &b_pos, &b_host, &b_r);

		if (a_found != 1 || b_found != 1)
			return a_found == 0 && b_found == 0;
		if (!str_eq(a_host, b_host) || !is_same_host(&a_r, &b_r))
			return false;
	}
}

void
cache_gaps(struct cache *c, struct gaps *gaps)
{
	*gaps = (struct gaps){ 0 };
	for (int i = 0; i < GAPS; i++) {
		struct gap_names *of = &gaps->of[i];
		struct record_gap r;
		struct str value;
		char key[64];

		snprintf(key, sizeof(key), RECORD_GAP_PREFIX "%s", gap_word(i));
		if (cdbfile_get(c->file, str_from(key), &value) != 1 ||
		    record_decode_gap(value, &r) == -1 ||
		    r.names.n >= sizeof(of->names))
			continue;
		of->n = (size_t)r.count;
		memcpy(of->names, r.names.p, r.names.n);
	}
}

const struct record_head *
cache_head(const struct cache *c)
{
	return &c->head;
}

const size_t *
cache_census(const struct cache *c)
{
	return c->head.census;
}

time_t
cache_written(const struct cache *c)
{
	return c->st.st_mtime;
}
