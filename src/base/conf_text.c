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

/* Returns where the string that begins at I ends, behind its quote. */
static size_t
end_of_string(struct str s, size_t i)
{
	char quote = s.p[i++];

	while (i < s.n && s.p[i] != quote)
		i += s.p[i] == '\\' ? 2 : 1;
	return i < s.n ? i + 1 : s.n;
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

/* Turns comments into blanks.  0, or -1 where one is not closed. */
static int
blank_comments(char *p, size_t n)
{
	const struct str s = { p, n };
	size_t i = 0;

	while (i < n) {
		size_t end = i + 1;

		if (p[i] == '"' || p[i] == '\'')
			end = end_of_string(s, i);
		else if (begins_comment(s, i)) {
			end = end_of_comment(s, i);
			if (end == STR_NONE)
				return -1;
			for (; i < end; i++)
				if (p[i] != '\n')
					p[i] = ' ';
		}
		i = end;
	}
	return 0;
}

int
conf_text_read(const char *path, struct buf *text, const char **err)
{
	if (read_conf_file(path, text) == -1) {
		*err = strerror(errno);
		return -1;
	}
	/* libconfuse takes a NUL for the end of a string. */
	if (str_find(buf_get(text), '\0') != STR_NONE)
		*err = "holds a NUL byte";
	else if (blank_comments(text->p, text->n) == -1)
		*err = "a comment is not closed";
	else
		return 0;
	return -1;
}
