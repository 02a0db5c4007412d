/*
 * A CDB begins with 256 table entries (position, slots), four bytes each,
 * little endian.  Records follow, then the tables, eight bytes a slot, one
 * behind the other: the last one ends where the file ends.  That is what
 * tells a whole file, since a CDB carries no magic number and no length.
 */
#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache/cdbfile.h"
#include "base/replace.h"

#define HEAD_SIZE 2048
#define TABLES 256
#define SLOT_SIZE 8

struct cdbfile {
	struct cdb cdb;
};

struct cdbmake {
	struct cdb_make make;
	struct replace file;
	uint64_t size; /* of the file so far, its tables included */
	int error;     /* errno of the first cdbmake_put() that failed */
	const char *reason;
};

static const char *
check_cdb_tables(const struct cdb *cdb, uint64_t size)
{
	const unsigned char *entry = cdb_get(cdb, HEAD_SIZE, 0);
	uint64_t end;
	size_t i;

	if (entry == NULL)
		return "no CDB";
	end = cdb_unpack(entry);
	if (end < HEAD_SIZE)
		return "no CDB";
	for (i = 0; i < TABLES; i++, entry += SLOT_SIZE) {
		if (cdb_unpack(entry) != end)
			return "no CDB";
		end += (uint64_t)cdb_unpack(entry + 4) * SLOT_SIZE;
	}
	if (end > size)
		return "truncated";
	return end == size ? NULL : "no CDB";
}

static const char *
init_checked_cdb(struct cdb *cdb, int fd, const struct stat *st)
{
	const char *err;

	if (!S_ISREG(st->st_mode) || st->st_size < HEAD_SIZE ||
	    st->st_size > UINT32_MAX) {
		errno = EPROTO;
		return "no CDB";
	}
	if (cdb_init(cdb, fd) == -1)
		return strerror(errno);
	err = check_cdb_tables(cdb, (uint64_t)st->st_size);
	if (err != NULL) {
		cdb_free(cdb);
		errno = EPROTO;
	}
	return err;
}

struct cdbfile *
cdbfile_open(const char *path, struct stat *st, const char **err)
{
	struct cdbfile *f = NULL;
	struct stat own;
	int fd, saved;

	if (st == NULL)
		st = &own;
	*err = NULL;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 || fstat(fd, st) == -1 ||
	    (f = calloc(1, sizeof(*f))) == NULL)
		*err = strerror(errno);
	else
		*err = init_checked_cdb(&f->cdb, fd, st);
	saved = errno;
	if (*err != NULL) {
		free(f);
		f = NULL;
	}
	/* The mapping is enough from here on. */
	if (fd != -1)
		close(fd);
	errno = saved;
	return f;
}

void
cdbfile_close(struct cdbfile *f)
{
	if (f == NULL)
		return;
	cdb_free(&f->cdb);
	free(f);
}

static int
get_mapped(const struct cdb *cdb, unsigned n, unsigned pos, struct str *out)
{
	const void *p = cdb_get(cdb, n, pos);

	if (p == NULL)
		return -1;
	*out = (struct str){ p, n };
	return 0;
}

int
cdbfile_get(struct cdbfile *f, struct str key, struct str *value)
{
	int found;

	if (key.n > UINT32_MAX)
		return 0;
	found = cdb_find(&f->cdb, key.p, (unsigned)key.n);
	if (found <= 0)
		return found;
	if (get_mapped(&f->cdb, cdb_datalen(&f->cdb), cdb_datapos(&f->cdb),
	        value) == -1)
		return -1;
	return 1;
}

int
cdbfile_each(struct cdbfile *f,
    int (*visit)(void *arg, struct str key, struct str value), void *arg)
{
	struct cdb *cdb = &f->cdb;
	struct str key, value;
	unsigned pos;
	int more, result;

	cdb_seqinit(&pos, cdb);
	while ((more = cdb_seqnext(&pos, cdb)) > 0) {
		if (get_mapped(cdb, cdb_keylen(cdb), cdb_keypos(cdb), &key) ==
		        -1 ||
		    get_mapped(cdb, cdb_datalen(cdb), cdb_datapos(cdb),
		        &value) == -1)
			return -1;
		result = visit(arg, key, value);
		if (result != 0)
			return result;
	}
	return more;
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
	return 8 + (uint64_t)key.n + value.n + 2 * SLOT_SIZE;
}

int
cdbmake_put(struct cdbmake *m, struct str key, struct str value)
{
	if (m->error == 0) {
		m->size += cdb_record_size(key, value);
		/* Positions have 32 bits. */
		if (m->size > UINT32_MAX) {
			m->error = EFBIG;
			m->reason = "too large for a CDB (4 GB)";
		} else if (cdb_make_add(&m->make, key.p, (unsigned)key.n,
		               value.p, (unsigned)value.n) == -1) {
			m->error = errno;
			m->reason = strerror(m->error);
		}
	}
	errno = m->error;
	return m->error == 0 ? 0 : -1;
}

int
cdbmake_commit(struct cdbmake *m, const char **err)
{
	int result = -1, saved;

	if (m->error != 0) {
		*err = m->reason;
		errno = m->error;
		cdbmake_cancel(m);
		return -1;
	}
	if (cdb_make_finish(&m->make) == -1)
		replace_cancel(&m->file);
	else
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
	(void)cdb_make_finish(&m->make);
	replace_cancel(&m->file);
	free(m);
	errno = saved;
}
