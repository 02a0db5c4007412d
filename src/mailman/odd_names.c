#include <stdio.h>
#include <string.h>

#include "mailman/odd_names.h"

/* How much is shown of a name. */
#define SHOWN 80

/* Appends ITEM to the SIZE bytes at TEXT if all of it has room. */
static void
append_item(char *text, size_t size, const char *item)
{
	size_t n = strlen(text);
	const char *comma = n > 0 ? ", " : "";

	if (n + strlen(comma) + strlen(item) < size)
		snprintf(text + n, size - n, "%s%s", comma, item);
}

void
odd_names_misnamed(struct odd_names *o, struct str name, const char *why)
{
	char shown[SHOWN], item[SHOWN + 128];

	o->misnamed++;
	/* What to do is said once for several of a kind. */
	if (strstr(o->misnamed_text, why))
		snprintf(item, sizeof(item), "%s",
		    str_printable(name, shown, sizeof(shown)));
	else
		snprintf(item, sizeof(item), "%s (%s)",
		    str_printable(name, shown, sizeof(shown)), why);
	append_item(o->misnamed_text, sizeof(o->misnamed_text), item);
}

void
odd_names_unaliased(struct odd_names *o, struct str name)
{
	char shown[SHOWN];

	o->unaliased++;
	append_item(o->unaliased_text, sizeof(o->unaliased_text),
	    str_printable(name, shown, sizeof(shown)));
}
