/*
 * A CDB begins with 256 table entries (position, slots), four bytes each,
 * little endian.  Records follow, then the tables, eight bytes a slot, one
 * behind the other: the last one ends where the file ends.  That is what
 * tells a whole file, since a CDB carries no magic number and no length.
 */
#include <cdb.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cache/cdbfile.h"
#include "base/replace.h"
#include "base/str.h"

#define HEAD_SIZE 2048
#define TABLES 256
#define SLOT_SIZE 8
#define RECORD_SIZE 8 /* without key and value: their lengths */

struct cdbfile {
	struct str bytes; /* a mapping begins with them */
	size_t mapped;    /* bytes of that mapping */
	size_t present;   /* its first bytes, whose pages are there */
	size_t end;       /* of the records, where the first table begins */
};

struct cdbmake {
	struct cdb_make make;
	struct replace file;
	uint64_t size; /* of the file so far, its tables included */
	bool finished; /* the tables are written */
	int error;     /* errno of the first call that failed */
	const char *reason;
};

static inline uint32_t
number_at(const struct cdbfile *f, size_t pos)
{
	uint32_t n;

	memcpy(&n, f->bytes.p + pos, sizeof(n));
	return le32toh(n);
}

/* Needs the first HEAD_SIZE bytes of F.  Where this fails errno is EPROTO. */
static const char *
check_cdb_tables(struct cdbfile *f)
{
	uint64_t end = number_at(f, 0);
	size_t pos;

	errno = EPROTO;
	if (end < HEAD_SIZE)
		return "no CDB";
	f->end = (size_t)end;
	for (pos = 0; pos < HEAD_SIZE; pos += 8) {
		if (number_at(f, pos) != end)
			return "no CDB";
		end += (uint64_t)number_at(f, pos + 4) * SLOT_SIZE;
	}
	if (end > f->bytes.n)
		return "truncated";
	return end == f->bytes.n ? NULL : "no CDB";
}

/* Fills P with the bytes of the file from FIRST to END. */
static const char *
read_bytes(int fd, char *p, size_t first, size_t end)
{
	while (first < end) {
		ssize_t n = pread(fd, p + first, end - first, (off_t)first);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return strerror(errno);
		if (n == 0) {
			errno = EPROTO;
			return "truncated";
		}
		first += (size_t)n;
	}
	return NULL;
}

/* Reads the file into F, which is zero; whatever this returns, the caller frees
 * what F has.  A large file that is no CDB is not read at all. */
static const char *
read_cdb(struct cdbfile *f, int fd, const struct stat *st)
{
	const size_t size = (size_t)st->st_size;
	const char *err;
	char *p;

	if (!S_ISREG(st->st_mode) || st->st_size < HEAD_SIZE ||
	    st->st_size > UINT32_MAX) {
		errno = EPROTO;
		return "no CDB";
	}
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return strerror(errno);
	f->bytes = (struct str){ p, size };
	f->mapped = size;
	err = read_bytes(fd, p, 0, HEAD_SIZE);
	if (err == NULL)
		err = check_cdb_tables(f);
	if (err == NULL)
		err = read_bytes(fd, p, HEAD_SIZE, size);
	f->present = size;
	if (err == NULL && mprotect(p, size, PROT_READ) == -1)
		err = strerror(errno);
	return err;
}

/* F, or NULL where ERR says why there is none, and F is freed. */
static struct cdbfile *
unless_failed(struct cdbfile *f, const char *err)
{
	const int saved = errno;

	if (err == NULL)
		return f;
	cdbfile_close(f);
	errno = saved;
	return NULL;
}

static struct cdbfile *
open_descriptor(int fd, struct stat *st, const char **err)
{
	struct cdbfile *f = calloc(1, sizeof(*f));

	*err = f == NULL || fstat(fd, st) == -1 ? strerror(errno) :
	    read_cdb(f, fd, st);
	return unless_failed(f, *err);
}

struct cdbfile *
cdbfile_open(const char *path, struct stat *st, const char **err)
{
	struct cdbfile *f = NULL;
	struct stat own;
	int saved;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1) {
		*err = strerror(errno);
		return NULL;
	}
	f = open_descriptor(fd, st == NULL ? &own : st, err);
	saved = errno;
	close(fd);
	errno = saved;
	return f;
}

void
cdbfile_close(struct cdbfile *f)
{
	if (f == NULL)
		return;
	if (f->mapped > 0)
		munmap((void *)f->bytes.p, f->mapped);
	free(f);
}

int
cdbfile_lend(const struct cdbfile *f, bool lent)
{
	return madvise((void *)f->bytes.p, f->mapped,
	    lent ? MADV_DOFORK : MADV_DONTFORK);
}

int
cdbfile_share(struct cdbfile *f)
{
	char *p = mmap(NULL, f->mapped, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -1;
	memcpy(p, f->bytes.p, f->bytes.n);
	munmap((void *)f->bytes.p, f->mapped);
	f->bytes.p = p;
	(void)mprotect(p, f->mapped, PROT_READ);
	return cdbfile_lend(f, false);
}

bool
cdbfile_populate(struct cdbfile *f, size_t bytes)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t left = f->mapped - f->present;
	const size_t end = f->mapped - (bytes < left ? left - bytes : 0);
	const volatile char *p = f->bytes.p;

	for (; f->present < end; f->present += page)
		(void)p[f->present];
	if (f->present < f->mapped)
		return false;
	f->present = f->mapped;
	return true;
}

bool
cdbfile_release(struct cdbfile *f, size_t bytes)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t stays = bytes >= f->mapped ? 0 :
	    (f->mapped - bytes) / page * page;

	if (stays > 0) {
		munmap((void *)(f->bytes.p + stays), f->mapped - stays);
		f->mapped = stays;
		return false;
	}
	cdbfile_close(f);
	return true;
}

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int
cdbfile_give(const struct cdbfile *f, const struct stat *st, int fd)
{
	const struct str end = { (const char *)st, sizeof(*st) };

	if (replace_write(fd, f->bytes) == -1 || replace_write(fd, end) == -1)
		return -1;
	return fcntl(fd, F_ADD_SEALS, SEALS);
}

static const char *
map_given(struct cdbfile *f, int fd, struct stat *st)
{
	struct stat memory;
	int seals;
	void *p;

	if (fstat(fd, &memory) == -1)
		return strerror(errno);
	seals = fcntl(fd, F_GET_SEALS);
	errno = EPROTO;
	/* A kernel may have added one of its own. */
	if (seals == -1 || (seals & SEALS) != SEALS ||
	    (size_t)memory.st_size < HEAD_SIZE + sizeof(*st))
		return "nothing was given";
	p = mmap(NULL, (size_t)memory.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return strerror(errno);
	f->mapped = (size_t)memory.st_size;
	f->bytes = (struct str){ p, f->mapped - sizeof(*st) };
	memcpy(st, f->bytes.p + f->bytes.n, sizeof(*st));
	if (cdbfile_lend(f, false) == -1)
		return strerror(errno);
	return check_cdb_tables(f);
}

struct cdbfile *
cdbfile_take(int fd, struct stat *st, const char **err)
{
	struct cdbfile *f = calloc(1, sizeof(*f));

	*err = f == NULL ? strerror(errno) : map_given(f, fd, st);
	return unless_failed(f, *err);
}

struct str
cdbfile_bytes(const struct cdbfile *f)
{
	return f->bytes;
}

/* The record at *POS, which becomes the position of the next one; -1 where the
 * records end before that. */
static int
read_record(const struct cdbfile *f, size_t *pos, struct str *key,
    struct str *value)
{
	uint64_t room;
	size_t at = *pos;

	if (at < HEAD_SIZE || at > f->end || f->end - at < RECORD_SIZE)
		return -1;
	*key = (struct str){ f->bytes.p + at + RECORD_SIZE, number_at(f, at) };
	value->n = number_at(f, at + 4);
	room = f->end - at - RECORD_SIZE;
	if (key->n > room || value->n > room - key->n)
		return -1;
	value->p = key->p + key->n;
	*pos = at + RECORD_SIZE + key->n + value->n;
	return 0;
}

/* The hash of a CDB, as cdb_hash(); here it costs half of that. */
static inline uint32_t
hash_key(struct str key)
{
	uint32_t hash = 5381;

	for (size_t i = 0; i < key.n; i++)
		hash = (hash + (hash << 5)) ^ (unsigned char)key.p[i];
	return hash;
}

/* A key's table is told by the lowest byte of its hash, the slot by the rest;
 * if another key has the slot, it is in one of those behind it, and the first
 * is behind the last.  check_cdb_tables() knows that all of them are there. */
int
cdbfile_get(const struct cdbfile *f, struct str key, struct str *value)
{
	const uint32_t hash = hash_key(key);
	const size_t entry = hash % TABLES * 8;
	const size_t table = number_at(f, entry);
	const uint32_t slots = number_at(f, entry + 4);
	uint32_t slot = slots == 0 ? 0 : (hash >> 8) % slots, left;
	struct str found;

	for (left = slots; left > 0; left--) {
		const size_t at = table + (size_t)slot * SLOT_SIZE;
		size_t pos = number_at(f, at + 4);

		if (pos == 0)
			return 0;
		slot = slot + 1 == slots ? 0 : slot + 1;
		if (number_at(f, at) != hash)
			continue;
		if (read_record(f, &pos, &found, value) == -1)
			return -1;
		if (found.n == key.n && memcmp(found.p, key.p, key.n) == 0)
			return 1;
	}
	return 0;
}

int
cdbfile_next(const struct cdbfile *f, size_t *pos, struct str *key,
    struct str *value)
{
	if (*pos == 0)
		*pos = HEAD_SIZE;
	if (*pos == f->end)
		return 0;
	return read_record(f, pos, key, value) == -1 ? -1 : 1;
}

int
cdbfile_each(const struct cdbfile *f,
    int (*visit)(void *arg, struct str key, struct str value), void *arg)
{
	struct str key, value;
	size_t pos = 0;
	int result;

	while ((result = cdbfile_next(f, &pos, &key, &value)) == 1) {
		result = visit(arg, key, value);
		if (result != 0)
			break;
	}
	return result;
}

struct cdbmake *
cdbmake_new(const char *path, mode_t mode, const char **err)
{
	struct cdbmake *m = calloc(1, sizeof(*m));
	int saved;

	if (m == NULL || replace_open(&m->file, path, mode) == -1) {
		saved = errno;
		*err = strerror(saved);
		free(m);
		errno = saved;
		return NULL;
	}
	if (cdb_make_start(&m->make, m->file.fd) == -1) {
		*err = strerror(errno);
		replace_cancel(&m->file);
		free(m);
		return NULL;
	}
	m->size = HEAD_SIZE;
	return m;
}

/* Two slots a record, as in every CDB. */
static uint64_t
cdb_record_size(struct str key, struct str value)
{
	return RECORD_SIZE + (uint64_t)key.n + value.n + 2 * SLOT_SIZE;
}

/* Remembers the first error, with errno. */
static int
fail_to_make(struct cdbmake *m, const char *reason)
{
	if (m->error == 0) {
		m->error = errno;
		m->reason = reason != NULL ? reason : strerror(m->error);
	}
	errno = m->error;
	return -1;
}

int
cdbmake_put(struct cdbmake *m, struct str key, struct str value)
{
	if (m->error != 0)
		return fail_to_make(m, NULL);
	m->size += cdb_record_size(key, value);
	/* Positions have 32 bits. */
	if (m->size > UINT32_MAX) {
		errno = EFBIG;
		return fail_to_make(m, "too large for a CDB (4 GB)");
	}
	if (cdb_make_add(&m->make, key.p, (unsigned)key.n, value.p,
	        (unsigned)value.n) == -1)
		return fail_to_make(m, NULL);
	return 0;
}

static int
write_cdb_tables(struct cdbmake *m)
{
	if (m->error != 0)
		return fail_to_make(m, NULL);
	if (m->finished)
		return 0;
	m->finished = true;
	return cdb_make_finish(&m->make) == -1 ? fail_to_make(m, NULL) : 0;
}

struct cdbfile *
cdbmake_finish(struct cdbmake *m, const char **err)
{
	struct cdbfile *f = NULL;
	struct stat st;

	if (write_cdb_tables(m) == 0) {
		f = open_descriptor(m->file.fd, &st, err);
		if (f == NULL)
			(void)fail_to_make(m, *err);
	}
	*err = m->reason;
	return f;
}

int
cdbmake_overwrite(struct cdbmake *m, size_t at, struct str bytes)
{
	if (m->error != 0 ||
	    lseek(m->file.fd, (off_t)at, SEEK_SET) == -1 ||
	    replace_write(m->file.fd, bytes) == -1)
		return fail_to_make(m, NULL);
	return 0;
}

int
cdbmake_commit(struct cdbmake *m, const char **err)
{
	int result, saved;

	if (write_cdb_tables(m) == -1) {
		*err = m->reason;
		cdbmake_cancel(m);
		return -1;
	}
	result = replace_commit(&m->file);
	saved = errno;
	if (result == -1)
		*err = strerror(saved);
	free(m);
	errno = saved;
	return result;
}

void
cdbmake_cancel(struct cdbmake *m)
{
	int saved = errno;

	if (m == NULL)
		return;
	/* tinycdb frees its memory nowhere else; without a file it cannot
	 * write, and nobody wants what it would. */
	m->make.cdb_fd = -1;
	if (!m->finished)
		(void)cdb_make_finish(&m->make);
	replace_cancel(&m->file);
	free(m);
	errno = saved;
}
