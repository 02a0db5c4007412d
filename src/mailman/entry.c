#include <errno.h>
#include <string.h>

#include "mailman/entry.h"
#include "base/str.h"

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_control_byte(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

bool
entry_name_ok(struct str name)
{
	if (name.n == 0 || name.n > ENTRY_NAME_MAX || str_is(name, ".") ||
	    str_is(name, "..") || name.p[0] == ':')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '/' || is_control_byte(name.p[i]) ||
		    is_upper(name.p[i]))
			return false;
	return true;
}

static bool
is_byte_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

bool
entry_name_is_mailable(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (is_byte_of(name.p[i], "@<>:,"))
			return false;
	return true;
}

bool
entry_name_is_plain(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    !is_byte_of(c, "-_.+="))
			return false;
	}
	return true;
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
