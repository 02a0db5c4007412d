#include <errno.h>

#include "mailman/entry.h"
#include "base/str.h"

/* What a byte makes of a name, worse from line to line. */
#define PLAIN 0u
#define ODD 1u    /* not in the name of a new list */
#define REREAD 2u /* a mail server may not hand it on as it is */
#define NEVER 4u  /* in no name that an address names */

static const unsigned char class_of_byte[256] = {
	[0 ... ' ' - 1] = NEVER,
	[' ' ... '*'] = ODD,
	['+'] = PLAIN,
	[','] = REREAD,
	['-' ... '.'] = PLAIN,
	['/'] = NEVER,
	['0' ... '9'] = PLAIN,
	[':'] = REREAD,
	[';'] = ODD,
	['<'] = REREAD,
	['='] = PLAIN,
	['>'] = REREAD,
	['?'] = ODD,
	['@'] = REREAD,
	['A' ... 'Z'] = NEVER,
	['[' ... '^'] = ODD,
	['_'] = PLAIN,
	['`'] = ODD,
	['a' ... 'z'] = PLAIN,
	['{' ... '~'] = ODD,
	[0x7f] = NEVER,
	[0x80 ... 0xff] = ODD,
};

/* The classes of all bytes of NAME. */
static unsigned
classes_of(struct str name)
{
	unsigned classes = PLAIN;

	for (size_t i = 0; i < name.n; i++)
		classes |= class_of_byte[(unsigned char)name.p[i]];
	return classes;
}

bool
entry_name_ok(struct str name)
{
	if (name.n == 0 || name.n > ENTRY_NAME_MAX || name.p[0] == ':' ||
	    str_is(name, ".") || str_is(name, ".."))
		return false;
	return !(classes_of(name) & NEVER);
}

bool
entry_name_is_mailable(struct str name)
{
	return !(classes_of(name) & REREAD);
}

bool
entry_name_is_plain(struct str name)
{
	return classes_of(name) == PLAIN;
}

static bool
is_control_byte(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

const char *
entry_name_fault(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (is_control_byte(name.p[i]))
			return "a control character is in its name: rename it";
	if (!entry_name_is_mailable(name))
		return "no address has one of < > : and , in its name: rename "
		       "it";
	return "a list's name is all lower case: rename it";
}

bool
entry_is_missing(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG;
}
