#include <stdbool.h>
#include <string.h>
#include <sysexits.h>

#include "base/conf_listen.h"
#include "base/buf.h"
#include "base/conf_options.h"
#include "base/conf_text.h"
#include "base/log.h"
#include "base/str.h"

#define OPTION "listen"

/* Takes bytes that are in SET, or are not, from the start of *S. */
static struct str
take_bytes(struct str *s, const char *set, bool in)
{
	struct str taken = { s->p, 0 };

	while (taken.n < s->n && s->p[taken.n] &&
	    (strchr(set, s->p[taken.n]) != NULL) == in)
		taken.n++;
	*s = str_tail(*s, taken.n);
	return taken;
}

/* The address in REST, which begins behind the name of the option; empty where
 * it is none. */
static struct str
first_address(struct str rest)
{
	char quote[] = "?\n";

	take_bytes(&rest, " \t\r\n", true);
	take_bytes(&rest, "+", true);
	if (take_bytes(&rest, "=", true).n != 1)
		return STR("");
	take_bytes(&rest, "{ \t\r\n", true);
	if (rest.n == 0 || (*rest.p != '"' && *rest.p != '\''))
		return take_bytes(&rest, " \t\r\n,{}=\"'", false);
	*quote = *rest.p;
	rest = str_tail(rest, 1);
	return take_bytes(&rest, quote, false);
}

/* The first address that the option has in TEXT, or nothing.  No section has
 * an option of that name, so it does not matter where it stands. */
static struct str
find_address(struct str text)
{
	const char *between = " \t\r\n{}=,+\"'()";

	while (text.n > 0) {
		struct str word, found = { 0 };

		take_bytes(&text, between, true);
		word = take_bytes(&text, between, false);
		if (str_is(word, OPTION))
			found = first_address(text);
		if (found.n > 0)
			return found;
		if (word.n == 0)
			break;
	}
	return STR("");
}

static struct str
default_address(void)
{
	const struct conf_option *row = conf_options;

	while (strcmp(row->name, OPTION))
		row++;
	return str_from(row->value);
}

char *
conf_listen(const char *path)
{
	struct str found;
	struct buf text;
	const char *err;
	char *copy;
	int line;

	buf_init(&text, CONF_TEXT_MAX);
	/* What was read before a mistake is good enough. */
	(void)!conf_text_read(path, &text, &err, &line);
	found = find_address(buf_get(&text));
	copy = str_dup(found.n ? found : default_address());
	buf_clear(&text);
	if (!copy)
		fatal(EX_OSERR, "conf: out of memory");
	return copy;
}
