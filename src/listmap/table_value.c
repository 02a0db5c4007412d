#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "listmap/table_value.h"
#include "base/buf.h"
#include "base/str.h"

#define RECIPIENT_MAX 4608

/* Puts S to B without its quotes and the backslashes in these. */
static struct str
without_quotes(struct str s, struct buf *b)
{
	bool quoted = false;

	buf_reset(b);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			quoted = !quoted;
		else if (quoted && s.p[i] == '\\' && i + 1 < s.n)
			buf_char(b, s.p[++i]);
		else
			buf_char(b, s.p[i]);
	}
	return str_trim(buf_get(b));
}

/* What stands in <...>, which is the address where there is one, or S.  The
 * quotes of a command may hold anything. */
static struct str
route_address(struct str s)
{
	size_t open = str_find(s, '<'), close = str_rfind(s, '>');

	if (s.n == 0 || s.p[0] == '|' || str_starts(s, "\"|") ||
	    str_starts(s, "\" ") || open == STR_NONE || close == STR_NONE ||
	    close < open)
		return s;
	return str_head(str_tail(s, open + 1), close - open - 1);
}

static int
visit_recipient(struct str s, table_value_fn *visit, void *arg)
{
	static const char include[] = ":include:";
	char memory[RECIPIENT_MAX];
	bool user;
	struct buf b;

	s = route_address(str_trim(s));
	user = str_starts(s, "\\") || str_starts(s, "\"\\\\");
	buf_over(&b, memory, sizeof(memory));
	s = without_quotes(s, &b);
	if (s.n == 0 && !b.failed)
		return 0;
	if (str_starts(s, "|"))
		return visit(arg, TABLE_VALUE_COMMAND,
		    str_trim(str_tail(s, 1)));
	if (s.n >= strlen(include) &&
	    str_is_nocase(str_head(s, strlen(include)), include))
		return visit(arg, TABLE_VALUE_INCLUDE,
		    str_trim(str_tail(s, strlen(include))));
	if (str_starts(s, "/") && str_find(s, '@') == STR_NONE)
		return visit(arg, TABLE_VALUE_FILE, s);
	if (str_find(s, '@') != STR_NONE)
		return visit(arg, TABLE_VALUE_ADDRESS, s);
	if (user && str_starts(s, "\\"))
		s = str_trim(str_tail(s, 1));
	return visit(arg, user ? TABLE_VALUE_USER : TABLE_VALUE_NAME, s);
}

/* Where in a value one is. */
struct place {
	bool quoted;
	unsigned comment; /* how many parentheses are open */
};

/* Puts one byte of a value to B, unless it is a comment's.  Returns how many
 * bytes were used; 0 at a comma that ends a recipient. */
static size_t
take_byte(struct place *at, struct str s, struct buf *b)
{
	char c = s.p[0];

	if (c == '\\' && s.n > 1) {
		if (!at->comment)
			buf_put(b, s.p, 2);
		return 2;
	}
	if (c == '"' && !at->comment)
		at->quoted = !at->quoted;
	if (!at->quoted && c == ',' && !at->comment)
		return 0;
	if (!at->quoted && c == '(')
		at->comment++;
	if (!at->comment)
		buf_char(b, c);
	else if (c == ')')
		at->comment--;
	return 1;
}

int
table_value_each(struct str value, table_value_fn *visit, void *arg)
{
	char memory[RECIPIENT_MAX];
	struct place at = { 0 };
	struct buf b;
	int rc = 0;

	value = str_trim(value);
	if (value.n >= 6 && str_is_nocase(str_head(value, 6), "error:"))
		return visit(arg, TABLE_VALUE_ERROR, value);
	buf_over(&b, memory, sizeof(memory));
	while (rc == 0 && value.n) {
		size_t used = take_byte(&at, value, &b);

		value = str_tail(value, used ? used : 1);
		if (used && value.n)
			continue;
		rc = visit_recipient(buf_get(&b), visit, arg);
		buf_reset(&b);
	}
	return rc;
}

/*
 * Copies the first word of *S to *TO and moves both behind it.  Returns false
 * at a byte that means more to a shell.
 */
static bool
take_word(struct str *s, char **to)
{
	char quote = '\0';

	for (; s->n && (quote || !isspace((unsigned char)s->p[0]));
	    *s = str_tail(*s, 1)) {
		char c = s->p[0];

		if (c == quote) {
			quote = '\0';
		} else if (!quote && (c == '"' || c == '\'')) {
			quote = c;
		} else if (c == '\\' && quote != '\'' && s->n > 1) {
			*s = str_tail(*s, 1);
			*(*to)++ = s->p[0];
		} else if (quote != '\'' && strchr(quote ? "$`" :
		    "$`;&|<>()*?[]{}~#!", c)) {
			return false;
		} else {
			*(*to)++ = c;
		}
	}
	*(*to)++ = '\0';
	return quote == '\0';
}

size_t
table_value_words(struct str command, char *memory, char **word, size_t max)
{
	struct str s = str_trim(command);
	size_t n = 0;

	while (s.n) {
		char *begin = memory;

		if (n == max || !take_word(&s, &memory))
			return 0;
		s = str_trim(s);
		if (n > 0 || strcmp(begin, "exec") != 0)
			word[n++] = begin;
	}
	return n;
}
