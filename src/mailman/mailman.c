#include <stddef.h>
#include <string.h>

#include "mailman/mailman.h"

/* The oldest first. */
const struct mailman *const mailmans[] = { &mailman2, &mailman3, NULL };

const struct mailman *
mailman_find(const char *version)
{
	for (size_t i = 0; mailmans[i]; i++)
		if (!strcmp(mailmans[i]->version, version))
			return mailmans[i];
	return NULL;
}

bool
mailman_is(const struct meaning *m, struct str id)
{
	if (m->domain.n == 0)
		return str_eq(m->list, id);
	return id.n == m->list.n + 1 + m->domain.n &&
	    id.p[m->list.n] == '.' &&
	    str_eq(str_head(id, m->list.n), m->list) &&
	    str_eq(str_tail(id, m->list.n + 1), m->domain);
}
