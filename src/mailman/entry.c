#include <errno.h>

#include "mailman/entry.h"
#include "base/str.h"

bool
entry_name_ok(struct str name, bool (*byte_ok)(char))
{
	if (name.n == 0 || name.n > ENTRY_NAME_MAX || str_is(name, ".") ||
	    str_is(name, ".."))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!byte_ok(name.p[i]))
			return false;
	return true;
}

bool
entry_is_missing(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG;
}
