#include <stddef.h>
#include <string.h>

#include "mailman/mailman.h"

static const struct mailman *const all[] = { &mailman2, NULL };
const char *const mailman_versions[] = { "2.1", NULL };

const struct mailman *
mailman_find(const char *version)
{
	for (size_t i = 0; all[i]; i++)
		if (!strcmp(all[i]->version, version))
			return all[i];
	return NULL;
}
