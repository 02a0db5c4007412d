#include <inttypes.h>
#include <string.h>

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

static const char letters[LISTS_BASES] = {
	[LISTS_BY_DIRECTORY] = 'd',
	[LISTS_BY_BOTH] = 'b',
	[LISTS_BY_FILE] = 'f',
	[LISTS_PHANTOM] = 'p',
	[LISTS_GONE] = 'g',
	[LISTS_UNREAD] = 'u',
	[LISTS_DOUBTFUL] = '?',
	[LISTS_NONE] = 'n',
};

/* A letter that is not known is that of a later listmap: nobody knows what it
 * says. */
static enum lists_basis
basis_of_letter(char letter)
{
	switch (letter) {
	case 'd':
		return LISTS_BY_DIRECTORY;
	case 'b':
		return LISTS_BY_BOTH;
	case 'f':
		return LISTS_BY_FILE;
	case 'p':
		return LISTS_PHANTOM;
	case 'g':
		return LISTS_GONE;
	case 'u':
		return LISTS_UNREAD;
	case 'n':
		return LISTS_NONE;
	default:
		return LISTS_DOUBTFUL;
	}
}

bool
record_look(struct str value, struct str *host, enum lists_basis *basis)
{
	const char *tab;

	if (value.n < 2 || value.p[1] != '\t')
		return false;
	tab = memchr(value.p + 2, '\t', value.n - 2);
	if (tab == NULL || tab - value.p > RECORD_HOST_MAX + 2)
		return false;
	*host = (struct str){ value.p + 2, (size_t)(tab - value.p) - 2 };
	*basis = basis_of_letter(value.p[0]);
	return true;
}

int
record_decode(struct str value, struct record *r)
{
	struct record got;

	if (!record_look(value, &got.host, &got.basis))
		return -1;
	value = str_tail(value, got.host.n + 3);
	if (next_number(&value, &got.ino) == -1 ||
	    next_time(&value, &got.mtime) == -1 ||
	    next_number(&value, &got.size) == -1)
		return -1;
	*r = got;
	return 0;
}

void
record_encode(const struct record *r, struct buf *out)
{
	buf_char(out, letters[r->basis]);
	buf_char(out, '\t');
	buf_str(out, r->host);
	buf_printf(out, "\t%" PRIu64 "\t%" PRId64 "\t%" PRIu64, r->ino,
	    r->mtime, r->size);
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

/* A letter, and how many records have it. */
static int
decode_tally(struct str text, size_t *census)
{
	uint64_t n;

	if (text.n == 0 || str_number(str_tail(text, 1), 0, SIZE_MAX, &n) == -1)
		return -1;
	census[basis_of_letter(text.p[0])] += (size_t)n;
	return 0;
}

/* The tallies have commas between them. */
static int
next_census(struct str *rest, size_t *census)
{
	struct str field;
	size_t comma;

	if (next_field(rest, &field) == -1)
		return -1;
	if (field.n == 0)
		return 0;
	for (;;) {
		comma = str_find(field, ',');
		if (comma == STR_NONE)
			return decode_tally(field, census);
		if (decode_tally(str_head(field, comma), census) == -1)
			return -1;
		field = str_tail(field, comma + 1);
	}
}

static void
encode_census(const size_t *census, struct buf *out)
{
	const char *comma = "";

	for (int b = 0; b < LISTS_BASES; b++) {
		if (census[b] == 0)
			continue;
		buf_printf(out, "%s%c%zu", comma, letters[b], census[b]);
		comma = ",";
	}
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
	    next_number(&value, &r->ino) == -1 ||
	    next_time(&value, &r->ctime) == -1 ||
	    next_number(&value, &r->stamp) == -1 ||
	    next_census(&value, r->census) == -1 ||
	    next_field(&value, &r->site) == -1 ||
	    r->site.n == 0 || r->site.n > RECORD_SITE_MAX)
		return -1;
	return 0;
}

void
record_encode_head(const struct record_head *r, struct buf *out)
{
	buf_printf(out, "%" PRIu64 "\t", r->version);
	buf_str(out, r->checksum);
	buf_printf(out, "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRId64
	    "\t%" PRIu64 "\t", r->count, r->dev, r->ino, r->ctime, r->stamp);
	encode_census(r->census, out);
	buf_char(out, '\t');
	buf_str(out, r->site);
}
