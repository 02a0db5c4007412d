#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

bool
str_is_nocase(struct str s, const char *c)
{
	return s.n == strlen(c) && (s.n == 0 || strncasecmp(s.p, c, s.n) == 0);
}

int
str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = n ? memcmp(a.p, b.p, n) : 0;

	return r ? r : (a.n > b.n) - (a.n < b.n);
}

/* A set has few bytes, and mostly one. */
size_t
str_find_any(struct str s, const char *set)
{
	size_t first = STR_NONE;

	for (; *set; set++) {
		size_t at = str_find(s, *set);

		if (at < first)
			first = at;
	}
	return first;
}

size_t
str_rfind_any(struct str s, const char *set)
{
	size_t last = STR_NONE;

	for (; *set; set++) {
		size_t at = str_rfind(s, *set);

		if (at != STR_NONE && (last == STR_NONE || at > last))
			last = at;
	}
	return last;
}

struct str
str_trim(struct str s)
{
	while (s.n && isspace((unsigned char)s.p[0]))
		s = str_tail(s, 1);
	while (s.n && isspace((unsigned char)s.p[s.n - 1]))
		s.n--;
	return s;
}

char *
str_dup(struct str s)
{
	char *c = malloc(s.n + 1);

	if (c) {
		if (s.n)
			memcpy(c, s.p, s.n);
		c[s.n] = '\0';
	}
	return c;
}

int
str_number(struct str s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - '0';

		if (digit > 9 || digit > max || v > (max - digit) / 10)
			return -1;
		v = v * 10 + digit;
	}
	if (v < min)
		return -1;
	*out = v;
	return 0;
}

/* Writes C to AT (5 bytes) as str_printable() shows it; returns how many bytes
 * that took. */
static size_t
escape_byte(char c, char *at)
{
	if (c == '\\') {
		memcpy(at, "\\\\", 2);
		return 2;
	}
	if (c >= ' ' && c <= '~') {
		*at = c;
		return 1;
	}
	snprintf(at, 5, "\\x%02X", (unsigned char)c);
	return 4;
}

char *
str_printable(struct str s, char *dst, size_t size)
{
	size_t n = 0;    /* written */
	size_t safe = 0; /* the last place where "..." still fits */

	for (size_t i = 0; i < s.n; i++) {
		char one[5];
		size_t k = escape_byte(s.p[i], one);

		if (n + k >= size) {
			memcpy(dst + safe, "...", 4);
			return dst;
		}
		memcpy(dst + n, one, k);
		n += k;
		if (n + 4 <= size)
			safe = n;
	}
	dst[n] = '\0';
	return dst;
}
