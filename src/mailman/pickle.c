#include <string.h>

#include "mailman/pickle.h"
#include "base/str.h"
#include "mailman/pickle_walk.h"

/* So many times a value may be a reference to another one. */
#define PASSES_MAX 3

/* One byte of a quoted or escaped text may take ten in the file. */
#define RAW_MAX (PICKLE_TEXT_MAX * 10)

/* Follows a reference into the memo; each step costs another walk. */
static const char *
follow_memo(const struct pickle_source *source, struct pickle_item *item)
{
	for (int i = 0; item->kind == PICKLE_MEMO; i++) {
		struct pickle_walk w = { .before = item->n, .memo = item->at };
		const char *err = pickle_walk(source, &w);

		if (err)
			return err;
		*item = i < PASSES_MAX ? w.held :
		    (struct pickle_item){ PICKLE_OTHER, 0, 0 };
	}
	return NULL;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * Reads the escape behind a backslash in RAW, and puts its character into *C.
 * Returns how many bytes it took; 0 if it is no escape, or not of a printable
 * ASCII character.
 */
static size_t
unescape(struct str raw, bool quoted, char *c)
{
	size_t digits = 0;
	unsigned v = 0;

	if (raw.n == 0)
		return 0;
	if (quoted && strchr("\\'\"", *raw.p) && *raw.p) {
		*c = *raw.p;
		return 1;
	}
	if (quoted && *raw.p == 'x')
		digits = 2;
	else if (!quoted && *raw.p == 'u')
		digits = 4;
	else if (!quoted && *raw.p == 'U')
		digits = 8;
	if (digits == 0 || raw.n < digits + 1)
		return 0;
	for (size_t i = 1; i <= digits; i++) {
		if (hex_digit(raw.p[i]) == -1 || v > 0xff)
			return 0;
		v = v * 16 + (unsigned)hex_digit(raw.p[i]);
	}
	*c = (char)v;
	return v >= ' ' && v <= '~' ? digits + 1 : 0;
}

/* Puts RAW without its escapes into T; false if it is not all ASCII. */
static bool
decode_string(struct str raw, enum pickle_kind kind, struct pickle_text *t)
{
	bool quoted = kind == PICKLE_QUOTED;
	size_t n = 0;

	if (quoted) {
		if (raw.n < 2 || (raw.p[0] != '\'' && raw.p[0] != '"') ||
		    raw.p[raw.n - 1] != raw.p[0])
			return false;
		raw = (struct str){ raw.p + 1, raw.n - 2 };
	}
	while (raw.n) {
		char c = *raw.p;
		size_t k = 1;

		if (c == '\\' && kind != PICKLE_BYTES &&
		    (quoted || (raw.n > 1 && strchr("uU", raw.p[1])))) {
			k = unescape(str_tail(raw, 1), quoted, &c);
			if (k++ == 0)
				return false;
		}
		if (c < ' ' || c > '~' || n == PICKLE_TEXT_MAX)
			return false;
		t->text[n++] = c;
		raw = str_tail(raw, k);
	}
	t->text[n] = '\0';
	return true;
}

static const char *
read_text(const struct pickle_source *source, struct pickle_item item,
    struct pickle_text *t)
{
	char raw[RAW_MAX];
	const char *err = follow_memo(source, &item);

	if (err)
		return err;
	if (item.kind == PICKLE_KEY) {
		t->known = true;
		memcpy(t->text, pickle_field_names[item.at],
		    strlen(pickle_field_names[item.at]) + 1);
	}
	if (item.kind != PICKLE_BYTES && item.kind != PICKLE_QUOTED &&
	    item.kind != PICKLE_ESCAPED)
		return NULL;
	if (item.n > sizeof(raw))
		return NULL;
	if (item.n && source->read(source->arg, item.at, raw, item.n) == -1)
		return pickle_unreadable;
	t->known = decode_string((struct str){ raw, item.n }, item.kind, t);
	return NULL;
}

static const char *
read_bool(const struct pickle_source *source, struct pickle_item item, int *b)
{
	const char *err = follow_memo(source, &item);

	if (!err && item.kind == PICKLE_INT)
		*b = item.at != 0;
	return err;
}

static void
forget_fields(struct pickle *p)
{
	memset(p, 0, sizeof(*p));
	p->advertised = -1;
}

const char *
pickle_read(const struct pickle_source *source, struct pickle *p)
{
	struct pickle_walk w = { 0 };
	const char *err;

	forget_fields(p);
	err = pickle_walk(source, &w);
	if (!err)
		err = read_text(source, w.field[PICKLE_HOST_NAME],
		    &p->host_name);
	if (!err)
		err = read_text(source, w.field[PICKLE_WEB_PAGE_URL],
		    &p->web_page_url);
	if (!err)
		err = read_bool(source, w.field[PICKLE_ADVERTISED],
		    &p->advertised);
	if (err)
		forget_fields(p);
	return err;
}
