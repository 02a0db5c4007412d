#include "listmap/left_out.h"

static bool
can_begin_a_line(struct str key)
{
	return key.n == 0 || (key.p[0] != '#' && key.p[0] != '"' &&
	    str_find(key, ' ') == STR_NONE);
}

bool
left_out(FILE *f, struct str key, struct str value)
{
	char shown[STR_SHOWN];
	const char *why;

	if (!value.p)
		why = "a shell runs what an alias says";
	else if (!can_begin_a_line(key))
		why = "no line of a table can begin so";
	else
		return false;
	fprintf(f, "# left out, for %s: %s\n", why,
	    str_printable(key, shown, sizeof(shown)));
	return true;
}
