#include <string.h>

#include "listmap/table_text.h"
#include "base/buf.h"
#include "base/str.h"
#include "maps/maps.h"

static bool
is_control(char c)
{
	return (unsigned char)c < ' ' || c == '\177';
}

/* Whether no byte of S is a control character or one of BUT. */
static bool
lacks(struct str s, const char *but)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_control(s.p[i]) || strchr(but, s.p[i]))
			return false;
	return true;
}

static void
put_in_quotes(struct buf *b, struct str s)
{
	buf_char(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_char(b, '\\');
		buf_char(b, s.p[i]);
	}
	buf_char(b, '"');
}

static const char *
put_table_pair(struct buf *line, struct str key, struct str value)
{
	buf_str(line, key);
	buf_char(line, '\t');
	buf_str(line, value);
	return NULL;
}

/*
 * An alias's name may stand in quotes; sendmail and Postfix drop them before
 * they store it.  Neither has a way to write a quote in it that both read.
 */
static const char *
put_alias_line(struct buf *line, struct str key, struct str value)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789"
				    "-_.=+~/";
	bool bare = true;

	if (!lacks(key, "\"\\") || !lacks(value, ""))
		return "no alias file holds such a name";
	for (size_t i = 0; i < key.n; i++)
		bare = bare && strchr(plain, key.p[i]);
	if (bare)
		buf_str(line, key);
	else
		put_in_quotes(line, key);
	buf_add(line, ":\t");
	if (str_starts(value, "\"") || lacks(value, " ,#:;()<>[]@|\"\\"))
		buf_str(line, value);
	else
		put_in_quotes(line, value);
	return NULL;
}

/* makemap(8) ends the key at the first blank, knows no quotes, and takes a '#'
 * at the begin of a line for a comment. */
static const char *
put_makemap_line(struct buf *line, struct str key, struct str value)
{
	if (!lacks(key, " ") || str_starts(key, "#") || !lacks(value, ""))
		return "makemap reads no such key (build cdb has it)";
	return put_table_pair(line, key, value);
}

/* The length of the UTF-8 sequence at S, or 0 where there is none (RFC 3629;
 * longer forms than needed and surrogates are left to the reader). */
static size_t
utf8_length(struct str s)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 :
	    c < 0xf5 ? 4 : 0;

	if (n > s.n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if (((unsigned char)s.p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static bool
is_utf8(struct str s)
{
	while (s.n) {
		size_t n = utf8_length(s);

		if (n == 0)
			return false;
		s = str_tail(s, n);
	}
	return true;
}

/*
 * Postfix asks for an address as RFC 822 writes it, and puts the same local
 * parts in quotes.  So quotes do not help against a '#' at the begin, which
 * postmap(1) takes for a comment, for Postfix would ask without quotes.
 */
static const char *
put_postmap_line(struct buf *line, struct str key, struct str value)
{
	size_t at = str_rfind(key, '@');
	struct str local = at == STR_NONE ? key : str_head(key, at);
	bool quotes = !lacks(local, " ()<>[]:;@\\,\"");

	if (!lacks(key, "") || !lacks(value, "") || !is_utf8(key) ||
	    (!quotes && str_starts(key, "#")))
		return "postmap reads no such key (build cdb has it)";
	if (!quotes)
		return put_table_pair(line, key, value);
	put_in_quotes(line, local);
	return put_table_pair(line, str_tail(key, local.n), value);
}

static const char *
put_class_name(struct buf *line, struct str key, struct str value)
{
	(void)value;
	buf_str(line, key);
	return NULL;
}

/* Each of these writes the line without its newline and returns NULL, or
 * writes nothing and returns why. */
static const struct {
	const struct map *map; /* NULL: all others */
	const char *(*put)(struct buf *line, struct str key, struct str value);
} forms[] = {
	{ &map_aliases, put_alias_line },
	{ &map_recipients, put_postmap_line },
	{ &map_transport, put_postmap_line },
	{ &map_redirect, put_postmap_line },
	{ &map_domains, put_class_name },
	{ NULL, put_makemap_line },
};

bool
table_text_line(const struct map *map, struct str key, struct str value,
    struct buf *line)
{
	char shown[STR_SHOWN];
	const char *why;
	size_t i = 0;

	while (forms[i].map && forms[i].map != map)
		i++;
	why = value.p ? forms[i].put(line, key, value) :
	    "no such file may have it";
	if (why)
		buf_printf(line, "# left out, for %s: %s", why,
		    str_printable(key, shown, sizeof(shown)));
	buf_char(line, '\n');
	return !why;
}
