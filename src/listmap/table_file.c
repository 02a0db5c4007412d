#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "listmap/table_file.h"
#include "base/str.h"
#include "mailman/address.h"

static struct str
trim(struct str s)
{
	while (s.n && isspace((unsigned char)s.p[0]))
		s = str_tail(s, 1);
	while (s.n && isspace((unsigned char)s.p[s.n - 1]))
		s.n--;
	return s;
}

static struct str
unquote(struct str s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return (struct str){ s.p + 1, s.n - 2 };
	return s;
}

/* Where the key of a line ends: at the colon of an alias, which may be quoted,
 * or at the first blank. */
static size_t
key_length(struct str s, bool aliases)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (aliases ? s.p[i] == ':' :
		    isspace((unsigned char)s.p[i])))
			break;
	}
	return i;
}

/* "key:" is an alias, "key@domain" one of a virtusertable. */
static enum table_file_kind
guess(struct str s)
{
	size_t blank = key_length(s, false);
	size_t colon = key_length(s, true);

	if (colon < s.n && (colon < blank ||
	    trim(str_head(s, colon)).n <= blank))
		return TABLE_FILE_ALIASES;
	return str_find(str_head(s, blank), '@') != STR_NONE ?
	    TABLE_FILE_VIRTUSER : TABLE_FILE_MAILERTABLE;
}

static int
add(struct table_file *h, struct str text, size_t line)
{
	bool aliases = h->kind == TABLE_FILE_ALIASES;
	size_t n = key_length(text, aliases);
	struct str key = unquote(trim(str_head(text, n)));
	struct str value = trim(str_tail(text, n < text.n ? n + 1 : n));
	struct table_file_line *more = reallocarray(h->line, h->n + 1,
	    sizeof(*more));
	struct table_file_line *l;

	if (!more)
		return -1;
	h->line = more;
	l = &h->line[h->n++];
	*l = (struct table_file_line){ str_dup(key), str_dup(value), line };
	if (!l->key || !l->value)
		return -1;
	address_fold(l->key, strlen(l->key));
	return 0;
}

/* Goes on with the value of the last line. */
static int
append(struct table_file *h, struct str text)
{
	struct table_file_line *l = &h->line[h->n - 1];
	struct str more = trim(text);
	char *joined = NULL;

	if (asprintf(&joined, "%s%s%.*s", l->value, *l->value ? " " : "",
	    (int)more.n, more.p) == -1)
		return -1;
	free(l->value);
	l->value = joined;
	return 0;
}

int
table_file_read(FILE *f, struct table_file *h)
{
	char *text = NULL;
	size_t size = 0, line = 0;
	ssize_t n;
	int rc = 0;

	*h = (struct table_file){ 0 };
	while (rc == 0 && (n = getline(&text, &size, f)) != -1) {
		struct str s = { text, (size_t)n };
		bool indented = isspace((unsigned char)text[0]);

		line++;
		if (trim(s).n == 0 || text[0] == '#')
			continue;
		if (h->n == 0)
			h->kind = guess(trim(s));
		if (indented && h->n && h->kind == TABLE_FILE_ALIASES)
			rc = append(h, s);
		else
			rc = add(h, trim(s), line);
	}
	if (ferror(f))
		rc = -1;
	free(text);
	return rc;
}

void
table_file_clear(struct table_file *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->line[i].key);
		free(h->line[i].value);
	}
	free(h->line);
	*h = (struct table_file){ 0 };
}
