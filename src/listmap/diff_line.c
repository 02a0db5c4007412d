/*
 * What "the same" means is different for each kind of table.
 *
 * An alias runs a program, so it is the same where it runs the same wrapper
 * with the same arguments.  It also stands for one address at each domain of
 * the host, and these count one by one.
 *
 * A virtusertable maps an address to an address, which may be an alias, or an
 * address of another of our domains.  So its value is resolved once more, and
 * is the same where it leads to the same action of the same list.
 *
 * A mailertable maps a domain to a mailer and a host, and the text is compared.
 *
 * A key that is no list's has to stay in the table.  So has a key that is a
 * list's only by hosts = "any": it is said what listmap does with its address
 * once the line is gone, for the line alone makes that list answer there.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "listmap/diff_line.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/str.h"
#include "mailman/address.h"
#include "mailman/resolve.h"
#include "mailman/sites.h"
#include "maps/maps.h"
#include "listmap/diff.h"
#include "listmap/table_file.h"

/* Prints whether the line is the SAME as listmap, which leads to R. */
static void
print_comparison(struct diff *d, const struct table_file_line *l, bool same,
    const struct route *r)
{
	char words[512], detail[1024];

	diff_words(r, words, sizeof(words));
	if (same) {
		diff_print(d, l->line, DIFF_SAME, l->key, words);
		return;
	}
	snprintf(detail, sizeof(detail), "listmap: %s; here: %s", words,
	    l->value);
	diff_print(d, l->line, DIFF_DIFFERENT, l->key, detail);
}

/* Prints that listmap does not take the address A, or KEY, of the domain AT,
 * so that nobody will once the line is gone. */
static void
print_lost(struct diff *d, const struct table_file_line *l, const char *key,
    const struct address *a, const struct domain *at)
{
	struct route r;
	bool elsewhere = resolve(d->any_host, a, &r) == RESOLVED_FOUND;

	diff_print(d, l->line, at->dedicated ? DIFF_REFUSED : DIFF_LEFT, key,
	    elsewhere ?
	    "the list has another host (hosts = \"any\" would take it)" :
	    "the list is not of a site of that domain");
}

/*
 * With an alias file every domain of the host has every list.  Prints which of
 * the addresses KEY@DOMAIN listmap does not take.  Returns whether the line is
 * needed for one of them; at a dedicated domain it is not, for that refuses
 * what only an alias has.
 */
static bool
is_alias_needed(struct diff *d, const struct table_file_line *l)
{
	bool needed = false;

	for (size_t i = 0; i < d->sites->ndomains; i++) {
		const struct domain *at = &d->sites->domain[i];
		char text[1024];
		struct address a;
		struct route r;
		struct buf b;

		if (!at->real || at->real->discovered)
			continue;
		buf_over(&b, text, sizeof(text));
		buf_printf(&b, "%s@", l->key);
		buf_str(&b, at->name);
		if (address_parse(buf_get(&b), &a) == -1)
			continue;
		switch (resolve(d->sites, &a, &r)) {
		case RESOLVED_FOUND:
			continue;
		case RESOLVED_NO_ANSWER:
			diff_print(d, l->line, DIFF_NO_ANSWER, buf_cstr(&b),
			    r.reason);
			break;
		case RESOLVED_ABSENT:
			print_lost(d, l, buf_cstr(&b), &a, at->real);
			break;
		}
		needed = needed || !at->real->dedicated;
	}
	return needed;
}

/* An alias is the same where it runs the same wrapper for the same thing. */
static void
diff_alias(struct diff *d, const struct table_file_line *l)
{
	char text[4608];
	struct buf value;
	struct address a;
	struct route r;
	struct str here = str_from(l->value), there;
	bool same;

	address_parse_local(str_from(l->key), &a);
	switch (resolve_local(d->sites, &a, &r)) {
	case RESOLVED_NO_ANSWER:
		diff_print(d, l->line, DIFF_NO_ANSWER, l->key, r.reason);
		return;
	case RESOLVED_ABSENT:
		diff_print(d, l->line, DIFF_OTHER, l->key, l->value);
		return;
	case RESOLVED_FOUND:
		break;
	}
	buf_over(&value, text, sizeof(text));
	if (map_lookup(&map_aliases, d->sites, str_from(l->key), &value) !=
	    1) {
		diff_print(d, l->line, DIFF_NO_ANSWER, l->key,
		    buf_cstr(&value));
		return;
	}
	there = buf_get(&value);
	/* |prog args and "|prog args" are the same. */
	if (here.n && here.p[0] == '|' && value.n > 2 && text[0] == '"')
		there = (struct str){ text + 1, value.n - 2 };
	same = str_eq(here, there);
	/* "same" tells the reader that the line may go. */
	if (!is_alias_needed(d, l) || !same)
		print_comparison(d, l, same, &r);
}

/*
 * Resolves the value of a line: a local alias, an address of ours, or one in
 * the pseudo domain of MAILER.  Everything else is absent.  *R points into *A.
 */
static enum resolved
resolve_value(const struct diff *d, const struct table_file_line *l,
    const char *mailer, struct address *a, struct route *r)
{
	const char *at = strrchr(l->value, '@');
	struct str key = str_from(l->key), local = str_from(l->value), domain;
	char text[1024];
	struct buf b;

	if (at)
		local.n = (size_t)(at - l->value);
	if (str_is(local, "%1") || str_is(local, "%1%3"))
		local = str_head(key, str_rfind(key, '@'));
	buf_over(&b, text, sizeof(text));
	buf_str(&b, local);
	if (!at || !strcasecmp(at, "@localhost")) {
		address_parse_local(buf_get(&b), a);
		return resolve_local(d->sites, a, r);
	}
	domain = str_from(at);
	if (str_ends(domain, mailer) &&
	    domain.p[domain.n - strlen(mailer) - 1] == '.')
		domain.n -= strlen(mailer) + 1;
	buf_str(&b, domain);
	return address_parse(buf_get(&b), a) == -1 ? RESOLVED_ABSENT :
	    resolve(d->sites, a, r);
}

/* Whether the line leads to R, as listmap's answer for its key does. */
static bool
leads_to(const struct diff *d, const struct table_file_line *l,
    const struct route *r)
{
	struct address a;
	struct route there;

	if (r->redirect)
		return !strcasecmp(l->value, r->redirect);
	return resolve_value(d, l, r->site->conf->mailer, &a, &there) ==
	    RESOLVED_FOUND && !there.redirect && there.site == r->site &&
	    there.reading.action == r->reading.action &&
	    str_eq(there.reading.list, r->reading.list) &&
	    str_eq(there.reading.domain, r->reading.domain);
}

static void
print_absent(struct diff *d, const struct table_file_line *l,
    const struct address *a)
{
	struct route r;

	if (resolve(d->any_host, a, &r) == RESOLVED_FOUND)
		print_lost(d, l, l->key, a, r.domain);
	else if (r.domain && r.domain->dedicated &&
	    !strncmp(l->value, "error:", 6))
		diff_print(d, l->line, DIFF_SAME, l->key, "refused");
	else
		diff_print(d, l->line, DIFF_OTHER, l->key, l->value);
}

static void
diff_virtuser(struct diff *d, const struct table_file_line *l)
{
	struct address a;
	struct route r;

	if (address_parse(str_from(l->key), &a) == -1) {
		diff_print(d, l->line, DIFF_OTHER, l->key, l->value);
		return;
	}
	switch (resolve(d->sites, &a, &r)) {
	case RESOLVED_FOUND:
		print_comparison(d, l, leads_to(d, l, &r), &r);
		break;
	case RESOLVED_NO_ANSWER:
		diff_print(d, l->line, DIFF_NO_ANSWER, l->key, r.reason);
		break;
	case RESOLVED_ABSENT:
		print_absent(d, l, &a);
		break;
	}
}

static void
diff_mailertable(struct diff *d, const struct table_file_line *l)
{
	char text[2 * MAP_VALUE_MAX], detail[1024];
	struct buf value;

	buf_over(&value, text, sizeof(text));
	if (map_lookup(&map_mailertable, d->sites, str_from(l->key), &value) !=
	    1) {
		diff_print(d, l->line, DIFF_OTHER, l->key, l->value);
	} else if (str_is_nocase(buf_get(&value), l->value)) {
		diff_print(d, l->line, DIFF_SAME, l->key, l->value);
	} else {
		snprintf(detail, sizeof(detail), "listmap: %s; here: %s",
		    buf_cstr(&value), l->value);
		diff_print(d, l->line, DIFF_DIFFERENT, l->key, detail);
	}
}

void
diff_line(struct diff *d, const struct table_file *table,
    const struct table_file_line *l)
{
	static void (*const of_kind[])(struct diff *d,
	    const struct table_file_line *l) = {
		[TABLE_FILE_ALIASES] = diff_alias,
		[TABLE_FILE_VIRTUSER] = diff_virtuser,
		[TABLE_FILE_MAILERTABLE] = diff_mailertable,
	};

	of_kind[table->kind](d, l);
}
