#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailman/postfix_files.h"
#include "base/buf.h"
#include "base/str.h"
#include "mailman/postfix.h"
#include "mailman/scan.h"

#define LISTS POSTFIX_FILES_PREFIX "lmtp"
#define DOMAINS POSTFIX_FILES_PREFIX "domains"

/* A list has some 600 bytes, so this is 400,000 lists. */
#define FILE_MAX ((size_t)1 << 28)

struct files_reader {
	struct postfix_files *r;
	size_t lists_size, domains_size;
	struct buf text; /* the names, one behind the other */
	int error; /* errno if the files cannot be read now */
};

static uint64_t
mix_stamp(uint64_t h, uint64_t value)
{
	for (int i = 0; i < 8; i++) {
		h = (h ^ (value & 0xff)) * 0x100000001b3; /* FNV-1a */
		value >>= 8;
	}
	return h;
}

static uint64_t
stamp_of(uint64_t h, const struct stat *st)
{
	h = mix_stamp(h, st->st_ino);
	h = mix_stamp(h, (uint64_t)scan_mtime(st));
	return mix_stamp(h, (uint64_t)st->st_size);
}

uint64_t
postfix_files_stamp(const char *data_dir)
{
	static const char *const names[] = { LISTS, DOMAINS };
	uint64_t h = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char path[PATH_MAX];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", data_dir, names[i]);
		if (stat(path, &st) == 0)
			h = stamp_of(h + i + 1, &st);
	}
	return h;
}

/* Adds why the file NAME is not used. */
static void
add_problem(struct postfix_files *r, const char *name, const char *why)
{
	size_t n = strlen(r->problem);

	snprintf(r->problem + n, sizeof(r->problem) - n, "%s%s %s",
	    n ? "; " : "", name, why);
}

static char *
read_all(int fd, size_t size, size_t *n)
{
	char *text = malloc(size + 1);
	ssize_t got = 0;

	*n = 0;
	while (text && *n < size + 1 &&
	    (got = read(fd, text + *n, size + 1 - *n)) > 0)
		*n += (size_t)got;
	if (text && got != -1 && *n == size)
		return text;
	/* Its size changed: somebody is writing into it. */
	if (!text)
		errno = ENOMEM;
	else if (got != -1)
		errno = EBUSY;
	got = errno;
	free(text);
	errno = (int)got;
	return NULL;
}

static int64_t
birth_time(int fd)
{
	struct statx x;
	struct stat st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &x) == -1 ||
	    (x.stx_mask & STATX_BTIME) == 0)
		return INT64_MIN;
	st.st_mtim = (struct timespec){ x.stx_btime.tv_sec,
		x.stx_btime.tv_nsec };
	return scan_mtime(&st);
}

/* The content of FD, or NULL with *WHY. */
static char *
read_fd(struct files_reader *d, int fd, struct str *text, const char **why)
{
	struct stat st;
	char *memory;

	*why = NULL;
	if (fstat(fd, &st) == -1)
		*why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		*why = "is no file";
	else if (st.st_size > (off_t)FILE_MAX)
		*why = "is too large";
	if (*why)
		return NULL;
	memory = read_all(fd, (size_t)st.st_size, &text->n);
	if (!memory) {
		d->error = errno;
		*why = strerror(errno);
	}
	text->p = memory;
	/* postfix_lmtp is read last, so its times are those that stay. */
	d->r->mtime = d->r->written = scan_mtime(&st);
	if (birth_time(fd) > d->r->written)
		d->r->written = birth_time(fd);
	return memory;
}

/* The content of the file NAME, or NULL.  A *MISSING file is no problem. */
static char *
read_postfix_file(struct files_reader *d, const char *data_dir,
    const char *name, struct str *text, bool *missing)
{
	char path[PATH_MAX], *memory;
	const char *why;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", data_dir, name);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1) {
		*missing = errno == ENOENT || errno == ENOTDIR;
		if (errno == EACCES || errno == EPERM || errno == ELOOP)
			add_problem(d->r, name, strerror(errno));
		else if (!*missing)
			d->error = errno;
		return NULL;
	}
	memory = read_fd(d, fd, text, &why);
	if (!memory)
		add_problem(d->r, name, why);
	close(fd);
	return memory;
}

static int
grow_by_one(void **p, size_t *size, size_t n, size_t unit)
{
	size_t more = *size ? 2 * *size : 64;
	void *bigger;

	if (n < *size)
		return 0;
	bigger = reallocarray(*p, more, unit);
	if (!bigger)
		return -1;
	*p = bigger;
	*size = more;
	return 0;
}

static int
add_postfix_domain(void *arg, struct str domain, struct str host)
{
	struct files_reader *d = arg;
	struct postfix_files *r = d->r;
	struct postfix_domain *to;

	if (grow_by_one((void **)&r->domain, &d->domains_size, r->ndomains,
	    sizeof(*r->domain)) == -1)
		goto out;
	/* The places are set when the text moves no more. */
	to = &r->domain[r->ndomains];
	*to = (struct postfix_domain){ { NULL, domain.n }, { NULL, host.n },
		0 };
	buf_str(&d->text, domain);
	buf_str(&d->text, host);
	if (d->text.failed)
		goto out;
	r->ndomains++;
	return 0;
out:
	d->error = ENOMEM;
	return 1;
}

static int
by_domain_name(const void *a, const void *b)
{
	return str_cmp(((const struct postfix_domain *)a)->name,
	    ((const struct postfix_domain *)b)->name);
}

static int
by_list_id(const void *a, const void *b)
{
	return str_cmp(((const struct postfix_list *)a)->id,
	    ((const struct postfix_list *)b)->id);
}

static struct postfix_domain *
find_postfix_domain(const struct postfix_files *r, struct str name)
{
	const struct postfix_domain key = { .name = name };

	return r->ndomains ? bsearch(&key, r->domain, r->ndomains,
	    sizeof(*r->domain), by_domain_name) : NULL;
}

static int
add_postfix_list(void *arg, struct str name, struct str domain)
{
	struct files_reader *d = arg;
	struct postfix_files *r = d->r;
	struct postfix_domain *known = find_postfix_domain(r, domain);
	struct str host = known ? known->host : domain;

	if (grow_by_one((void **)&r->list, &d->lists_size, r->n,
	    sizeof(*r->list)) == -1)
		goto out;
	r->list[r->n] = (struct postfix_list){
		{ NULL, name.n + 1 + host.n }, { NULL, host.n } };
	buf_str(&d->text, name);
	buf_char(&d->text, '.');
	buf_str(&d->text, host);
	if (d->text.failed)
		goto out;
	r->n++;
	if (known)
		known->lists++;
	else
		r->whole = false;
	return 0;
out:
	d->error = ENOMEM;
	return 1;
}

static void
place_domains(struct files_reader *d)
{
	struct postfix_files *r = d->r;
	const char *p = d->text.p;
	size_t kept = 0;

	for (size_t i = 0; i < r->ndomains; i++) {
		r->domain[i].name.p = p;
		p += r->domain[i].name.n;
		r->domain[i].host.p = p;
		p += r->domain[i].host.n;
	}
	if (r->ndomains)
		qsort(r->domain, r->ndomains, sizeof(*r->domain),
		    by_domain_name);
	for (size_t i = 0; i < r->ndomains; i++)
		if (kept == 0 || !str_eq(r->domain[i].name,
		    r->domain[kept - 1].name))
			r->domain[kept++] = r->domain[i];
	r->ndomains = kept;
}

static void
place_lists(struct files_reader *d)
{
	struct postfix_files *r = d->r;
	const char *p = d->text.p;
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++) {
		r->list[i].id.p = p;
		p += r->list[i].id.n;
		r->list[i].host.p = p - r->list[i].host.n;
	}
	if (r->n)
		qsort(r->list, r->n, sizeof(*r->list), by_list_id);
	for (size_t i = 0; i < r->n; i++) {
		struct postfix_list *last = &r->list[kept ? kept - 1 : 0];

		if (kept == 0 || !str_eq(r->list[i].id, last->id))
			r->list[kept++] = r->list[i];
		else if (!str_eq(r->list[i].host, last->host))
			last->host.n = 0;
	}
	r->n = kept;
}

static void
read_domains(struct files_reader *d, const char *data_dir)
{
	struct postfix_files *r = d->r;
	const char *err = NULL;
	struct str text;
	char *memory = read_postfix_file(d, data_dir, DOMAINS, &text,
	    &r->no_domains);

	if (!memory)
		return;
	r->whole = postfix_domains_each(text, add_postfix_domain, d, &err) == 0;
	if (!r->whole) {
		r->ndomains = 0;
		if (err && d->error == 0)
			add_problem(r, DOMAINS, err);
	}
	place_domains(d);
	r->memory[0] = d->text.p;
	free(memory);
}

static void
read_lists(struct files_reader *d, const char *data_dir)
{
	struct postfix_files *r = d->r;
	const char *err = NULL;
	struct str text;
	char *memory = read_postfix_file(d, data_dir, LISTS, &text,
	    &r->no_lists);

	buf_init(&d->text, SIZE_MAX);
	if (memory && postfix_lmtp_each(text, add_postfix_list, d, &err) == 0) {
		place_lists(d);
	} else {
		r->n = 0;
		r->whole = false;
		if (err && d->error == 0)
			add_problem(r, LISTS, err);
	}
	r->memory[1] = d->text.p;
	free(memory);
}

/* A postfix_lmtp that was cut off between two lists lacks a domain. */
static void
check_agreement(struct postfix_files *r)
{
	for (size_t i = 0; r->whole && i < r->ndomains; i++)
		if (r->domain[i].lists == 0) {
			r->whole = false;
			add_problem(r, LISTS, "lacks a domain of " DOMAINS);
		}
}

int
postfix_files_read(const char *data_dir, struct postfix_files *r)
{
	struct files_reader d = { .r = r };

	*r = (struct postfix_files){ .stamp = postfix_files_stamp(data_dir) };
	buf_init(&d.text, SIZE_MAX);
	read_domains(&d, data_dir);
	read_lists(&d, data_dir);
	check_agreement(r);
	if (d.error != 0)
		errno = d.error;
	return d.error != 0 ? -1 : 0;
}

void
postfix_files_clear(struct postfix_files *r)
{
	free(r->list);
	free(r->domain);
	free(r->memory[0]);
	free(r->memory[1]);
	*r = (struct postfix_files){ 0 };
}

const struct postfix_list *
postfix_files_find(const struct postfix_files *r, struct str id)
{
	const struct postfix_list key = { .id = id };

	return r->n ? bsearch(&key, r->list, r->n, sizeof(*r->list), by_list_id)
	            : NULL;
}
