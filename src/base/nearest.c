/*
 * The distance is that of optimal string alignment: a table whose rows stand
 * for the letters of one word, of which three are kept.
 */
#include <stddef.h>

#include "base/nearest.h"
#include "base/str.h"

/* Words that share fewer letters at their beginning only look alike. */
#define BEGINNING 3

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t
nearest_distance(struct str a, struct str b)
{
	size_t row[3][NEAREST_MAX + 1];

	if (a.n > NEAREST_MAX || b.n > NEAREST_MAX)
		return NEAREST_MAX;
	for (size_t j = 0; j <= b.n; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		const size_t *before = row[(i + 2) % 3];
		size_t *now = row[i % 3];

		now[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			now[j] = before[j - 1] + (a.p[i - 1] != b.p[j - 1]);
			now[j] = least(now[j], before[j] + 1);
			now[j] = least(now[j], now[j - 1] + 1);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
			    a.p[i - 2] == b.p[j - 1])
				now[j] = least(now[j],
				    row[(i + 1) % 3][j - 2] + 1);
		}
	}
	return row[a.n % 3][b.n];
}

static bool
is_beginning(struct str a, struct str b)
{
	size_t n = least(a.n, b.n);

	return n >= BEGINNING && str_eq(str_head(a, n), str_head(b, n));
}

const char *
nearest_word(struct str wrong, const char *const *words)
{
	const char *best = NULL;
	size_t least_distance = NEAREST_MAX;

	for (; *words; words++) {
		struct str word = str_from(*words);
		size_t d = nearest_distance(wrong, word);

		if (d < least_distance && (is_beginning(wrong, word) ||
		    d * 3 <= (wrong.n > word.n ? wrong.n : word.n))) {
			best = *words;
			least_distance = d;
		}
	}
	return best;
}
