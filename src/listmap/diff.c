#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "listmap/diff.h"
#include "base/log.h"
#include "mailman/action.h"
#include "mailman/resolve.h"
#include "mailman/sites.h"
#include "listmap/table_file.h"

void
diff_print(struct diff *d, size_t line, enum diff_verdict verdict,
    const char *key, const char *detail)
{
	static const char *const words[] = {
		[DIFF_SAME] = "same",
		[DIFF_DIFFERENT] = "different",
		[DIFF_OTHER] = "not a list's",
		[DIFF_MISSING] = "missing",
		[DIFF_REFUSED] = "newly refused",
		[DIFF_LEFT] = "left to sendmail",
		[DIFF_NO_ANSWER] = "no answer",
	};

	d->count[verdict]++;
	printf("%s:%zu: %s: %s%s%s\n", d->file, line, words[verdict], key,
	    *detail ? ": " : "", detail);
}

const char *
diff_words(const struct route *r, char *text, size_t size)
{
	if (r->redirect)
		snprintf(text, size, "redirect to %s", r->redirect);
	else
		snprintf(text, size, "list %.*s, %s", (int)r->reading.list.n,
		    r->reading.list.p, action_name(r->reading.action));
	return text;
}

static int
compare_keys(const void *a, const void *b)
{
	return strcmp(a, b);
}

void
diff_add_key(struct diff *d, const char *key)
{
	const char *domain = strrchr(key, '@');

	if (!tsearch(key, &d->keys, compare_keys) ||
	    (domain && !tsearch(domain, &d->domains, compare_keys)))
		fatal(EX_OSERR, "out of memory");
}

bool
diff_has_key(const struct diff *d, const char *key)
{
	return tfind(key, &d->keys, compare_keys) != NULL;
}

bool
diff_has_domain(const struct diff *d, const char *domain)
{
	return tfind(domain, &d->domains, compare_keys) != NULL;
}

static void
leave_key(void *key)
{
	(void)key; /* the table frees it */
}

void
diff_clear(struct diff *d)
{
	if (d->keys)
		tdestroy(d->keys, leave_key);
	if (d->domains)
		tdestroy(d->domains, leave_key);
	for (size_t i = 0; i < d->n; i++)
		table_file_clear(&d->tables[i]);
	free(d->tables);
	sites_free(d->any_host);
}
