#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/conf_text.h"
#include "base/buf.h"
#include "base/str.h"

/*
 * Appends the file to TEXT.  libconfuse gets it from memory, since its scanner
 * ends the program where a read fails (of a directory, say).  0, or -1 with
 * errno.
 */
static int
read_conf_file(const char *path, struct buf *text)
{
	char piece[4096];
	int error = 0;
	size_t n;
	FILE *f = fopen(path, "re");

	if (!f)
		return -1;
	while (!text->failed && (n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_put(text, piece, n);
	if (ferror(f))
		error = errno;
	fclose(f);
	if (!error && text->failed)
		error = EFBIG;
	errno = error;
	return error ? -1 : 0;
}

/* Returns where the string that begins at I ends, behind its quote; STR_NONE:
 * it does not. */
static size_t
end_of_string(struct str s, size_t i)
{
	char quote = s.p[i++];

	while (i < s.n && s.p[i] != quote)
		i += s.p[i] == '\\' ? 2 : 1;
	return i < s.n ? i + 1 : STR_NONE;
}

/* A slash within a word without quotes begins none: /var/lib//lists. */
static bool
begins_comment(struct str s, size_t i)
{
	bool word = i > 0 && !strchr(" \t\r\n{}=,()\"'", s.p[i - 1]);

	if (s.p[i] == '#')
		return true;
	return s.p[i] == '/' && !word && i + 1 < s.n &&
	    (s.p[i + 1] == '/' || s.p[i + 1] == '*');
}

/* Returns where the comment that begins at I ends; STR_NONE: it does not. */
static size_t
end_of_comment(struct str s, size_t i)
{
	size_t end;

	if (s.p[i] == '/' && s.p[i + 1] == '*') {
		for (i += 2; i + 1 < s.n; i++)
			if (s.p[i] == '*' && s.p[i + 1] == '/')
				return i + 2;
		return STR_NONE;
	}
	end = str_find(str_tail(s, i), '\n');
	return end == STR_NONE ? s.n : i + end;
}

/* What is wrong with the character at the start of S, that should be another
 * one; or NULL. */
static const char *
find_look_alike(struct str s)
{
	static const char quote[] = "a typographic quote: write \" or '",
	    blank[] = "a no-break space: write a plain blank",
	    nothing[] = "an invisible character: remove it";
	static const struct {
		const char *bytes, *why;
	} rows[] = {
		{ "\u2018", quote }, { "\u2019", quote }, { "\u201a", quote },
		{ "\u201b", quote }, { "\u201c", quote }, { "\u201d", quote },
		{ "\u201e", quote }, { "\u201f", quote }, { "\u00ab", quote },
		{ "\u00bb", quote }, { "\u2039", quote }, { "\u203a", quote },
		{ "\u00a0", blank }, { "\u2007", blank }, { "\u202f", blank },
		{ "\u200b", nothing }, { "\u2060", nothing },
		{ "\ufeff", nothing },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (str_starts(s, rows[i].bytes))
			return rows[i].why;
	return NULL;
}

static int
line_at(struct str s, size_t at)
{
	int line = 1;

	for (size_t i = 0; i < at && i < s.n; i++)
		line += s.p[i] == '\n';
	return line;
}

static void
blank_out(char *p, size_t n)
{
	for (; n > 0; n--, p++)
		if (*p != '\n')
			*p = ' ';
}

/* Turns comments into blanks, and looks at what is no comment and no string.
 * NULL, or what is wrong at *AT. */
static const char *
blank_comments(char *p, size_t n, size_t *at)
{
	const struct str s = { p, n };
	const char *why;
	size_t i = 0;

	while (i < n) {
		size_t end = i + 1;

		*at = i;
		if (p[i] == '"' || p[i] == '\'') {
			end = end_of_string(s, i);
			if (end == STR_NONE)
				break;
		} else if (begins_comment(s, i)) {
			end = end_of_comment(s, i);
			if (end == STR_NONE)
				return "a comment that begins here is not "
				       "closed";
			blank_out(p + i, end - i);
		} else if ((why = find_look_alike(str_tail(s, i)))) {
			return why;
		}
		i = end;
	}
	return NULL;
}

/* Reads it and says what no text can hold.  NULL, or why not. */
static const char *
read_plain_text(const char *path, struct buf *text)
{
	static const char mark[] = "\ufeff";
	struct str s;

	if (read_conf_file(path, text) == -1)
		return strerror(errno);
	s = buf_get(text);
	if (str_starts(s, "\xff\xfe") || str_starts(s, "\xfe\xff"))
		return "is UTF-16: save it as UTF-8";
	/* libconfuse takes a NUL for the end of a string. */
	if (str_find(s, '\0') != STR_NONE)
		return "holds a NUL byte";
	if (str_starts(s, mark))
		blank_out(text->p, sizeof(mark) - 1);
	return NULL;
}

int
conf_text_read(const char *path, struct buf *text, const char **err, int *line)
{
	size_t at;

	*line = 0;
	*err = read_plain_text(path, text);
	if (*err)
		return -1;
	*err = blank_comments(text->p, text->n, &at);
	if (*err)
		*line = line_at(buf_get(text), at);
	return *err ? -1 : 0;
}

int
conf_text_long_string(struct str text, int *end)
{
	size_t i = 0;

	while (i < text.n) {
		size_t after = i + 1;
		int begins, ends;

		if (text.p[i] == '"' || text.p[i] == '\'') {
			after = end_of_string(text, i);
			begins = line_at(text, i);
			ends = after == STR_NONE ? 0 : line_at(text, after - 1);
			if (ends != begins) {
				*end = ends;
				return begins;
			}
		}
		i = after;
	}
	return 0;
}
