#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "listmap/table_file.h"
#include "base/buf.h"
#include "base/str.h"
#include "mailman/address.h"
#include "listmap/table_kind.h"

#define FILE_MAX (256ul << 20)

static struct str
strip_quotes(struct str s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return (struct str){ s.p + 1, s.n - 2 };
	return s;
}

bool
table_file_is_aliases(const struct table_file *t)
{
	return t->kind == TABLE_FILE_ALIASES ||
	    t->kind == TABLE_FILE_ALIASES_DUMP;
}

/* What newaliases and postalias add to an alias database. */
static bool
is_mark(struct str key)
{
	return str_is(key, "@") || str_is(key, "YP_LAST_MODIFIED") ||
	    str_is(key, "YP_MASTER_NAME");
}

/* Whether KEY, as it stands in the file, has a blank that is not in quotes. */
static bool
is_several_words(struct str key)
{
	return table_key_length(key, false) < key.n;
}

/* Takes KEY and VALUE as they are; folds the key of a line that is right. */
static int
fill_line(struct table_file *t, struct table_file_line *l, struct str key,
    struct str value)
{
	bool wrong = is_several_words(key);

	key = wrong ? key : strip_quotes(key);
	l->key = str_dup(key);
	l->value = str_dup(value);
	if (!l->key || !l->value)
		return -1;
	l->wrong = wrong || !table_kind_has(t->kind, l);
	if (!l->wrong)
		address_fold(l->key, strlen(l->key));
	return 0;
}

static int
add_line(struct table_file *t, struct str text, size_t line)
{
	bool colon = t->kind == TABLE_FILE_ALIASES;
	size_t n = table_key_length(text, colon);
	struct str key = str_trim(str_head(text, n));
	struct str value = str_trim(str_tail(text, n < text.n ? n + 1 : n));
	struct table_file_line *l;

	if (table_file_is_aliases(t) && is_mark(key))
		return 0;
	if ((t->n & (t->n - 1)) == 0) {
		size_t room = t->n ? 2 * t->n : 1;

		l = reallocarray(t->line, room, sizeof(*l));
		if (!l)
			return -1;
		t->line = l;
	}
	l = &t->line[t->n++];
	*l = (struct table_file_line){ .line = line };
	if (fill_line(t, l, key, value) == -1)
		return -1;
	l->wrong = l->wrong || (colon && n == text.n);
	return 0;
}

/* Appends TEXT to the value of the last line. */
static int
continue_line(struct table_file *t, struct str text)
{
	struct table_file_line *l = &t->line[t->n - 1];
	struct str more = str_trim(text);
	char *joined = NULL;

	if (asprintf(&joined, "%s%s%.*s", l->value, *l->value ? " " : "",
	    (int)more.n, more.p) == -1)
		return -1;
	free(l->value);
	l->value = joined;
	return 0;
}

/* Calls VISIT for every line that is no comment, with its number, until it
 * returns another value than 0, which is then returned. */
static int
each_line(struct str text, struct table_file *t, void *arg,
    int (*visit)(struct table_file *t, void *arg, struct str s, size_t line))
{
	int rc = 0;

	for (size_t line = 1; rc == 0 && text.n; line++) {
		size_t n = str_find(text, '\n');
		struct str s = n == STR_NONE ? text : str_head(text, n);

		text = str_tail(text, n == STR_NONE ? text.n : n + 1);
		if (str_trim(s).n && s.p[0] != '#')
			rc = visit(t, arg, s, line);
	}
	return rc;
}

/* A line that begins with a blank may be a part of the one before. */
static int
count_vote(struct table_file *t, void *arg, struct str s, size_t line)
{
	(void)line;
	if (!isspace((unsigned char)s.p[0]) || t->n == 0)
		table_kind_vote(arg, str_trim(s));
	t->n = 1;
	return 0;
}

static int
take_line(struct table_file *t, void *arg, struct str s, size_t line)
{
	(void)arg;
	if (isspace((unsigned char)s.p[0]) && t->n &&
	    t->kind == TABLE_FILE_ALIASES)
		return continue_line(t, s);
	return add_line(t, str_trim(s), line);
}

int
table_file_parse(struct str text, struct table_file *t)
{
	struct table_votes votes = { 0 };

	*t = (struct table_file){ .fault = table_kind_binary(text) };
	if (t->fault)
		return 0;
	if (str_starts(text, "\xef\xbb\xbf"))
		text = str_tail(text, 3);
	(void)each_line(text, t, &votes, count_vote);
	t->n = 0;
	t->kind = table_kind_winner(&votes);
	if (each_line(text, t, NULL, take_line) == -1)
		return -1;
	t->fault = table_kind_fault(t, &t->fault_line);
	return 0;
}

int
table_file_read(FILE *f, struct table_file *t)
{
	char block[BUFSIZ];
	struct buf text;
	size_t n;
	int rc = -1;

	*t = (struct table_file){ 0 };
	buf_init(&text, FILE_MAX);
	while ((n = fread(block, 1, sizeof(block), f)) > 0 && !text.failed)
		buf_put(&text, block, n);
	if (text.failed)
		errno = EFBIG;
	else if (!ferror(f))
		rc = table_file_parse(buf_get(&text), t);
	buf_clear(&text);
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
