#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "listmap/table_file.h"
#include "base/str.h"
#include "mailman/address.h"

static struct str
strip_blanks(struct str s)
{
	while (s.n && isspace((unsigned char)s.p[0]))
		s = str_tail(s, 1);
	while (s.n && isspace((unsigned char)s.p[s.n - 1]))
		s.n--;
	return s;
}

static struct str
strip_quotes(struct str s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return (struct str){ s.p + 1, s.n - 2 };
	return s;
}

/* The length of the key of a line, which ends at the first blank, or at the
 * colon of an alias; neither counts inside of quotes. */
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

/* The kind of a table with the line S: "key:" is an alias, and "key@domain" a
 * line of a virtusertable. */
static enum table_file_kind
guess_kind(struct str s)
{
	size_t blank = key_length(s, false);
	size_t colon = key_length(s, true);

	if (colon < s.n && (colon < blank ||
	    strip_blanks(str_head(s, colon)).n <= blank))
		return TABLE_FILE_ALIASES;
	return str_find(str_head(s, blank), '@') != STR_NONE ?
	    TABLE_FILE_VIRTUSER : TABLE_FILE_MAILERTABLE;
}

static int
add_line(struct table_file *t, struct str text, size_t line)
{
	bool aliases = t->kind == TABLE_FILE_ALIASES;
	size_t n = key_length(text, aliases);
	struct str key = strip_quotes(strip_blanks(str_head(text, n)));
	struct str value = strip_blanks(str_tail(text, n < text.n ? n + 1 : n));
	struct table_file_line *more = reallocarray(t->line, t->n + 1,
	    sizeof(*more));
	struct table_file_line *l;

	if (!more)
		return -1;
	t->line = more;
	l = &t->line[t->n++];
	*l = (struct table_file_line){ str_dup(key), str_dup(value), line };
	if (!l->key || !l->value)
		return -1;
	address_fold(l->key, strlen(l->key));
	return 0;
}

/* Appends TEXT to the value of the last line. */
static int
continue_line(struct table_file *t, struct str text)
{
	struct table_file_line *l = &t->line[t->n - 1];
	struct str more = strip_blanks(text);
	char *joined = NULL;

	if (asprintf(&joined, "%s%s%.*s", l->value, *l->value ? " " : "",
	    (int)more.n, more.p) == -1)
		return -1;
	free(l->value);
	l->value = joined;
	return 0;
}

int
table_file_read(FILE *f, struct table_file *t)
{
	char *text = NULL;
	size_t size = 0, line = 0;
	ssize_t n;
	int rc = 0;

	*t = (struct table_file){ 0 };
	while (rc == 0 && (n = getline(&text, &size, f)) != -1) {
		struct str s = { text, (size_t)n };
		bool indented = isspace((unsigned char)text[0]);

		line++;
		if (strip_blanks(s).n == 0 || text[0] == '#')
			continue;
		if (t->n == 0)
			t->kind = guess_kind(strip_blanks(s));
		if (indented && t->n && t->kind == TABLE_FILE_ALIASES)
			rc = continue_line(t, s);
		else
			rc = add_line(t, strip_blanks(s), line);
	}
	if (ferror(f))
		rc = -1;
	free(text);
	return rc;
}

void
table_file_clear(struct table_file *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->line[i].key);
		free(t->line[i].value);
	}
	free(t->line);
	*t = (struct table_file){ 0 };
}
