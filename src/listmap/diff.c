#include <search.h>
#include <stdint.h>
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
		[DIFF_BARE] = "needs a domain",
		[DIFF_SENDERS] = "stops senders",
		[DIFF_WRONG] = "not understood",
	};

	d->count[verdict]++;
	fprintf(d->out, "%s:%zu: %s: %s%s%s\n", d->file, line,
	    words[verdict], key, *detail ? ": " : "", detail);
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
compare_lines(const void *a, const void *b)
{
	const struct table_file_line *x = a, *y = b;

	return strcmp(x->key, y->key);
}

static int
compare_domain_texts(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The kind under which lines of T are found. */
static enum table_file_kind
kind_to_find(const struct table_file *t)
{
	return table_file_is_aliases(t) ? TABLE_FILE_ALIASES : t->kind;
}

void
diff_add_table(struct diff *d, const struct table_file *table)
{
	void **lines = &d->lines[kind_to_find(table)];

	for (size_t i = 0; i < table->n; i++) {
		const struct table_file_line *l = &table->line[i];
		const char *domain = strrchr(l->key, '@');

		if (l->wrong)
			continue;
		if (!tsearch(l, lines, compare_lines) || (domain &&
		    !tsearch(domain, &d->domains, compare_domain_texts)))
			fatal(EX_OSERR, "out of memory");
	}
}

const struct table_file_line *
diff_find(const struct diff *d, enum table_file_kind kind, const char *key)
{
	const struct table_file_line wanted = {
		.key = (char *)(uintptr_t)key,
	};
	void *node = tfind(&wanted, &d->lines[kind], compare_lines);

	return node ? *(const struct table_file_line **)node : NULL;
}

bool
diff_has_key(const struct diff *d, const char *key)
{
	for (int kind = 0; kind < TABLE_FILE_KINDS; kind++)
		if (diff_find(d, (enum table_file_kind)kind, key))
			return true;
	return false;
}

bool
diff_has_domain(const struct diff *d, const char *domain)
{
	return tfind(domain, &d->domains, compare_domain_texts) != NULL;
}

static void
leave_entry(void *entry)
{
	(void)entry; /* the table frees it */
}

void
diff_clear(struct diff *d)
{
	for (int kind = 0; kind < TABLE_FILE_KINDS; kind++)
		if (d->lines[kind])
			tdestroy(d->lines[kind], leave_entry);
	if (d->domains)
		tdestroy(d->domains, leave_entry);
	for (size_t i = 0; i < d->n; i++)
		table_file_clear(&d->tables[i]);
	free(d->tables);
	sites_free(d->any_host);
}
