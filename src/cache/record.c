#include <inttypes.h>

#include "cache/record.h"
#include "base/buf.h"
#include "base/str.h"
#include "mailman/lists.h"
#include "cache/checksum.h"

/* Takes the field before the next tab off *REST; -1 after the last one. */
static int
next_field(struct str *rest, struct str *field)
{
	size_t tab;

	if (rest->p == NULL)
		return -1;
	tab = str_find(*rest, '\t');
	if (tab == STR_NONE) {
		*field = *rest;
		*rest = (struct str){ NULL, 0 };
	} else {
		*field = str_head(*rest, tab);
		*rest = str_tail(*rest, tab + 1);
	}
	return 0;
}

static int
next_number(struct str *rest, uint64_t *out)
{
	struct str field;

	if (next_field(rest, &field) == -1)
		return -1;
	return str_number(field, 0, UINT64_MAX, out);
}

/* A time, which has a minus sign where it is before 1970. */
static int
next_time(struct str *rest, int64_t *out)
{
	struct str field;
	uint64_t u;

	if (next_field(rest, &field) == -1)
		return -1;
	if (!str_starts(field, "-")) {
		if (str_number(field, 0, INT64_MAX, &u) == -1)
			return -1;
		*out = (int64_t)u;
		return 0;
	}
	if (str_number(str_tail(field, 1), 1, (uint64_t)INT64_MAX + 1, &u) ==
	    -1)
		return -1;
	*out = -(int64_t)(u - 1) - 1;
	return 0;
}

static const char *const bases[LISTS_BASES] = {
	[LISTS_BY_DIRECTORY] = "directory",
	[LISTS_BY_BOTH] = "both",
	[LISTS_BY_FILE] = "file",
	[LISTS_PHANTOM] = "phantom",
	[LISTS_GONE] = "gone",
	[LISTS_UNREAD] = "unread",
	[LISTS_DOUBTFUL] = "doubtful",
};

bool
record_is_list(const struct record *r)
{
	return r->basis != LISTS_PHANTOM && r->basis != LISTS_GONE &&
	    r->basis != LISTS_DOUBTFUL;
}

/* The field is left out for LISTS_BY_DIRECTORY.  A word that is not known is
 * that of a later listmap: nobody knows what it says. */
static enum lists_basis
next_basis(struct str *rest)
{
	struct str field;
	int b;

	if (next_field(rest, &field) == -1)
		return LISTS_BY_DIRECTORY;
	for (b = 0; b < LISTS_BASES; b++)
		if (str_is(field, bases[b]))
			return b;
	return LISTS_DOUBTFUL;
}

int
record_decode(struct str value, struct record *r)
{
	struct record got;

	if (next_number(&value, &got.ino) == -1 ||
	    next_time(&value, &got.mtime) == -1 ||
	    next_number(&value, &got.size) == -1 ||
	    next_field(&value, &got.host) == -1 ||
	    got.host.n > RECORD_HOST_MAX)
		return -1;
	got.basis = next_basis(&value);
	*r = got;
	return 0;
}

void
record_encode(const struct record *r, struct buf *out)
{
	buf_printf(out, "%" PRIu64 "\t%" PRId64 "\t%" PRIu64 "\t", r->ino,
	    r->mtime, r->size);
	buf_str(out, r->host);
	if (r->basis != LISTS_BY_DIRECTORY)
		buf_printf(out, "\t%s", bases[r->basis]);
}

int
record_decode_host(struct str value, struct record_host *r)
{
	struct record_host got;

	if (next_number(&value, &got.count) == -1 ||
	    next_field(&value, &got.url) == -1 ||
	    got.url.n > RECORD_URL_MAX)
		return -1;
	if (next_field(&value, &got.real) == -1)
		got.real = STR("");
	if (got.real.n > RECORD_HOST_MAX)
		return -1;
	*r = got;
	return 0;
}

void
record_encode_host(const struct record_host *r, struct buf *out)
{
	buf_printf(out, "%" PRIu64 "\t", r->count);
	buf_str(out, r->url);
	if (r->real.n == 0)
		return;
	buf_char(out, '\t');
	buf_str(out, r->real);
}

int
record_decode_gap(struct str value, struct record_gap *r)
{
	struct record_gap got;

	if (next_number(&value, &got.count) == -1 ||
	    next_field(&value, &got.names) == -1)
		return -1;
	*r = got;
	return 0;
}

void
record_encode_gap(const struct record_gap *r, struct buf *out)
{
	buf_printf(out, "%" PRIu64 "\t", r->count);
	buf_str(out, r->names);
}

int
record_decode_head(struct str value, struct record_head *r)
{
	*r = (struct record_head){ 0 };
	if (next_number(&value, &r->version) == -1 ||
	    r->version != RECORD_VERSION)
		return -1;
	if (next_field(&value, &r->checksum) == -1 ||
	    r->checksum.n != CHECKSUM_LENGTH ||
	    next_number(&value, &r->count) == -1 ||
	    next_number(&value, &r->dev) == -1 ||
	    next_number(&value, &r->ino) == -1)
		return -1;
	if (next_number(&value, &r->stamp) == -1)
		r->stamp = 0;
	return 0;
}

void
record_encode_head(const struct record_head *r, struct buf *out)
{
	buf_printf(out, "%" PRIu64 "\t", r->version);
	buf_str(out, r->checksum);
	buf_printf(out, "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64, r->count,
	    r->dev, r->ino);
	if (r->stamp != 0)
		buf_printf(out, "\t%" PRIu64, r->stamp);
}
