#include <stdio.h>
#include <string.h>

#include "cache/gaps.h"
#include "base/str.h"

/* Stands behind the names where there are more. */
#define MORE ", ..."

const char *
gap_word(enum gap gap)
{
	static const char *const words[GAPS] = {
		[GAP_DOUBTFUL] = "doubtful",
		[GAP_UNREADABLE] = "unreadable",
		[GAP_BROKEN] = "broken",
		[GAP_HOST_UNKNOWN] = "host_unknown",
		[GAP_FILES] = "files_unread",
	};

	return words[gap];
}

/* The name is left out, and all that follow, where there is no room for it and
 * for the sign that there are more. */
void
gaps_add(struct gaps *g, enum gap gap, struct str name, int error)
{
	struct gap_names *of = &g->of[gap];
	char shown[STR_SHOWN], text[STR_SHOWN + 64];
	size_t used = strlen(of->names);
	int n;

	str_printable(name, shown, sizeof(shown));
	n = snprintf(text, sizeof(text), "%s%s%s%s%s", used > 0 ? ", " : "",
	    shown, error != 0 ? " (" : "", error != 0 ? strerror(error) : "",
	    error != 0 ? ")" : "");
	of->n++;
	if (str_ends(str_from(of->names), MORE))
		return;
	if (n > 0 && used + (size_t)n + sizeof(MORE) <= sizeof(of->names))
		memcpy(of->names + used, text, (size_t)n + 1);
	else
		memcpy(of->names + used, MORE, sizeof(MORE));
}

bool
gaps_equal(const struct gaps *a, const struct gaps *b)
{
	for (int i = 0; i < GAPS; i++)
		if (a->of[i].n != b->of[i].n ||
		    strcmp(a->of[i].names, b->of[i].names) != 0)
			return false;
	return true;
}
