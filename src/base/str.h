/*
 * str - a slice of bytes that somebody else owns.
 *
 * Whatever comes from outside is a struct str until it was checked: it may
 * hold any byte, NUL included, and is not terminated.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WARN_UNUSED __attribute__((warn_unused_result))

struct str {
	const char *p; /* may be NULL where n is 0 */
	size_t n;
};

#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })

/* What str_find() returns where nothing is found. */
#define STR_NONE ((size_t)-1)

/* What a look-up calls is defined here: it costs no call then, and the compiler
 * knows the length of a literal. */
/* The bytes of a C string; NULL gives the empty slice.  Nothing is copied. */
static inline struct str
str_from(const char *c)
{
	return (struct str){ c, c ? strlen(c) : 0 };
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
str_is(struct str s, const char *c)
{
	return str_eq(s, str_from(c));
}
/* The same; the case of ASCII letters is ignored. */
bool str_is_nocase(struct str s, const char *c);
/* Compares as memcmp(); of two with a common start the shorter is first. */
int str_cmp(struct str a, struct str b);

/* The first N bytes, and what follows the first N bytes; N is at most s.n. */
static inline struct str
str_head(struct str s, size_t n)
{
	return (struct str){ s.p, n };
}

static inline struct str
str_tail(struct str s, size_t n)
{
	return (struct str){ s.p + n, s.n - n };
}

/* The index of the first and of the last C in S, or STR_NONE. */
static inline size_t
str_find(struct str s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

	return at ? (size_t)(at - s.p) : STR_NONE;
}

static inline size_t
str_rfind(struct str s, char c)
{
	const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;

	return at ? (size_t)(at - s.p) : STR_NONE;
}

/* The same for any byte of the C string SET. */
size_t str_find_any(struct str s, const char *set);
size_t str_rfind_any(struct str s, const char *set);

static inline bool
str_starts(struct str s, const char *prefix)
{
	return s.n >= strlen(prefix) &&
	    memcmp(s.p, prefix, strlen(prefix)) == 0;
}

static inline bool
str_ends(struct str s, const char *suffix)
{
	return s.n >= strlen(suffix) &&
	    memcmp(s.p + s.n - strlen(suffix), suffix, strlen(suffix)) == 0;
}

/* S without the white space at both ends. */
struct str str_trim(struct str s);

/* Returns a terminated copy for the caller to free; NULL: out of memory. */
char *str_dup(struct str s) WARN_UNUSED;

/* Reads a decimal number from MIN to MAX, digits only.  Returns 0, or -1 where
 * S is no number or is out of range; *OUT is then left alone. */
int str_number(struct str s, uint64_t min, uint64_t max, uint64_t *out)
    WARN_UNUSED;

/*
 * Writes S to DST for a log line or a terminal: printable ASCII as it is, a
 * backslash doubled, every other byte as \xHH.  Where DST (SIZE > 3 bytes) is
 * too short for all of it, the text ends with "...".  Returns DST, terminated.
 */
char *str_printable(struct str s, char *dst, size_t size);
/* Enough for it, of an ordinary address. */
#define STR_SHOWN 256

#endif
