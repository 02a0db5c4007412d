/*
 * What "the same" means is different for each kind of table.
 *
 * An alias, and an address in a virtusertable, are followed to where they lead
 * (lead.h): the same is what leads to the same action of the same list, and
 * nowhere else.  An alias also stands for one address at each domain of the
 * host, and these count one by one.
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
#include "maps/value.h"
#include "listmap/diff.h"
#include "listmap/lead.h"
#include "listmap/table_file.h"

#define TEXT_MAX 8192

/* An address for the key of L in the words of listmap, for look-ups; TEXT has
 * TEXT_MAX bytes. */
static struct str
key_address(const struct table_file_line *l, char *text)
{
	struct buf b;

	buf_over(&b, text, TEXT_MAX);
	lead_key(l, &b);
	return buf_get(&b);
}

/* Prints that the line and listmap, which leads to R, differ. */
static void
print_different(struct diff *d, const struct table_file_line *l,
    const struct lead *lead, const struct route *r)
{
	char words[512], ends[TEXT_MAX], detail[2 * TEXT_MAX];
	bool more = lead->followed || *lead->broken;

	snprintf(detail, sizeof(detail), "listmap: %s; here: %s%s%s%s",
	    diff_words(r, words, sizeof(words)), l->value, more ? " (" : "",
	    more ? lead_words(lead, ends, sizeof(ends)) : "",
	    more ? ")" : "");
	diff_print(d, l->line, DIFF_DIFFERENT, l->key, detail);
}

static void
print_same(struct diff *d, const struct table_file_line *l,
    const struct route *r)
{
	char words[512];

	diff_print(d, l->line, DIFF_SAME, l->key,
	    diff_words(r, words, sizeof(words)));
}

/* Whether both are the same action of the same list, of whichever of the two
 * indexes of the sites. */
static bool
is_same_list(const struct route *a, const struct route *b)
{
	return !a->redirect && !b->redirect &&
	    a->site->conf == b->site->conf &&
	    a->reading.action == b->reading.action &&
	    str_eq(a->reading.list, b->reading.list) &&
	    str_eq(a->reading.domain, b->reading.domain);
}

/*
 * Prints that listmap does not take KEY of the domain AT, which leads to a list
 * now, so that nobody will once the line is gone.  BY_ANY_HOST: with hosts =
 * "any" it would lead to that very list.
 */
static void
print_lost(struct diff *d, const struct table_file_line *l, const char *key,
    const struct domain *at, bool by_any_host)
{
	d->any_hints += by_any_host;
	diff_print(d, l->line, at->dedicated ? DIFF_REFUSED : DIFF_LEFT, key,
	    by_any_host ?
	    "the list has another host (hosts = \"any\" would take it)" :
	    "the list is not of a site of that domain");
}

/*
 * With an alias file every domain of the host has every list.  Prints which of
 * the addresses KEY@DOMAIN listmap does not take, though the line leads to R.
 * Returns whether the line is needed for one of them; at a dedicated domain it
 * is not, for that refuses what only an alias has.
 */
static bool
is_alias_needed(struct diff *d, const struct table_file_line *l,
    const struct route *r)
{
	bool needed = false;

	for (size_t i = 0; i < d->sites->ndomains; i++) {
		const struct domain *at = &d->sites->domain[i];
		char text[TEXT_MAX];
		struct address a;
		struct route there;
		struct buf b;

		if (!at->real || at->real->discovered)
			continue;
		buf_over(&b, text, sizeof(text));
		lead_key(l, &b);
		buf_char(&b, '@');
		buf_str(&b, at->name);
		if (address_parse(buf_get(&b), &a) == -1)
			continue;
		switch (resolve(d->sites, &a, &there)) {
		case RESOLVED_FOUND:
			continue;
		case RESOLVED_NO_ANSWER:
			diff_print(d, l->line, DIFF_NO_ANSWER, buf_cstr(&b),
			    there.reason);
			break;
		case RESOLVED_ABSENT:
			print_lost(d, l, buf_cstr(&b), at->real,
			    resolve(d->any_host, &a, &there) ==
			    RESOLVED_FOUND && is_same_list(r, &there));
			break;
		}
		needed = needed || !at->real->dedicated;
	}
	return needed;
}

/* An address at which listmap has the list of the local part NAME, in TEXT; or
 * NULL. */
static const char *
address_of_name(const struct diff *d, const char *name, char *text)
{
	for (size_t i = 0; i < d->sites->ndomains; i++) {
		struct address a;
		struct route r;

		if (!d->sites->domain[i].real)
			continue;
		snprintf(text, TEXT_MAX, "%s@%.*s", name,
		    (int)d->sites->domain[i].name.n,
		    d->sites->domain[i].name.p);
		if (address_parse(str_from(text), &a) == 0 &&
		    resolve(d->sites, &a, &r) == RESOLVED_FOUND)
			return text;
	}
	return NULL;
}

/*
 * A line that is no list's stays.  But a name without a domain in it, which is
 * a list's, leads nowhere once the line of that list is gone.
 */
static void
print_other(struct diff *d, const struct table_file_line *l,
    const struct lead *lead)
{
	char words[512], address[TEXT_MAX], detail[2 * TEXT_MAX];
	const char *write;
	struct address a;
	struct route r;

	address_parse_local(str_from(lead->bare), &a);
	if (!*lead->bare ||
	    resolve_local(d->sites, &a, &r) != RESOLVED_FOUND) {
		diff_print(d, l->line, DIFF_OTHER, l->key, l->value);
		return;
	}
	write = address_of_name(d, lead->bare, address);
	snprintf(detail, sizeof(detail), "%s is %s: write %s", lead->bare,
	    diff_words(&r, words, sizeof(words)),
	    write ? write : "it with a domain");
	diff_print(d, l->line, DIFF_BARE, l->key, detail);
}

/* Whether the line is the redirect R, literally or by where it leads. */
static bool
is_redirect(const struct table_file_line *l, const struct lead *lead,
    const struct route *r)
{
	return r->redirect &&
	    (!strcasecmp(l->value, r->redirect) || lead_is(lead, r));
}

static void
diff_local(struct diff *d, const struct table_file_line *l)
{
	char text[TEXT_MAX];
	struct lead lead;
	struct address a;
	struct route r;
	bool same;

	address_parse_local(key_address(l, text), &a);
	lead_follow(&lead, d, l);
	switch (resolve_local(d->sites, &a, &r)) {
	case RESOLVED_NO_ANSWER:
		diff_print(d, l->line, DIFF_NO_ANSWER, l->key, r.reason);
		return;
	case RESOLVED_ABSENT:
		print_other(d, l, &lead);
		return;
	case RESOLVED_FOUND:
		break;
	}
	same = lead_is(&lead, &r);
	if (lead.no_answer)
		diff_print(d, l->line, DIFF_NO_ANSWER, l->key, lead.no_answer);
	else if (!same)
		print_different(d, l, &lead, &r);
	/* "same" tells the reader that the line may go. */
	if ((same || lead_is_by_other_wrapper(&lead, &r)) &&
	    !is_alias_needed(d, l, &r) && same)
		print_same(d, l, &r);
}

/* Whether listmap itself writes that line into a table that does without it
 * (build --standalone), in which each list stands before it. */
static bool
is_own_catch_all(const struct diff *d, const struct table_file_line *l,
    const struct address *a, const struct domain *at)
{
	char text[2 * MAP_VALUE_MAX];
	struct buf value;

	buf_over(&value, text, sizeof(text));
	value_refusal(&value, d->sites, a, at);
	return at->dedicated && str_is(buf_get(&value), l->value);
}

/*
 * sendmail asks a virtusertable for the senders, too.  A list that it has not
 * found there comes to the line of the whole domain, whose refusal it gets.
 */
static void
diff_catch_all(struct diff *d, const struct table_file_line *l,
    const struct lead *lead)
{
	const struct domain *at;
	char detail[TEXT_MAX];
	struct address a;

	at = address_parse(str_from(l->key), &a) == -1 ? NULL :
	    sites_domain(d->sites, a.domain);
	at = at ? at->real : NULL;
	if (!at || strncasecmp(l->value, "error:", 6) != 0) {
		print_other(d, l, lead);
		return;
	}
	if (is_own_catch_all(d, l, &a, at)) {
		diff_print(d, l->line, DIFF_SAME, l->key, "refused");
		return;
	}
	snprintf(detail, sizeof(detail), "%s: %s", l->value, at->dedicated ?
	    "without FEATURE(listmap) MAIL FROM of lists gets this; delete it "
	    "before the lists' lines, listmap refuses what is no list" :
	    "with neither FEATURE(listmap) nor the role virtuser MAIL FROM of "
	    "lists gets this; see that one of the two is in use");
	diff_print(d, l->line, DIFF_SENDERS, l->key, detail);
}

/*
 * A key that listmap does not have.  It is a list's only if the line leads to
 * the very list that hosts = "any" would have there; else that would take the
 * mail from whom the line gives it to, which is noted.
 */
static void
diff_absent(struct diff *d, const struct table_file_line *l,
    const struct address *a, const struct lead *lead)
{
	bool refusal = !strncasecmp(l->value, "error:", 6);
	struct route r;
	bool any = resolve(d->any_host, a, &r) == RESOLVED_FOUND;

	if (any && lead_is(lead, &r)) {
		print_lost(d, l, l->key, r.domain, true);
		return;
	}
	if (any && !refusal)
		fprintf(d->taken, "%s %s:%zu", d->ntaken++ ? "," : "",
		    d->file, l->line);
	if (r.domain && r.domain->dedicated && refusal)
		diff_print(d, l->line, DIFF_SAME, l->key, "refused");
	else
		print_other(d, l, lead);
}

static void
diff_address(struct diff *d, const struct table_file_line *l)
{
	char text[TEXT_MAX];
	struct lead lead;
	struct address a;
	struct route r;

	lead_follow(&lead, d, l);
	if (*l->key == '@') {
		diff_catch_all(d, l, &lead);
		return;
	}
	if (address_parse(key_address(l, text), &a) == -1) {
		diff_print(d, l->line, DIFF_OTHER, l->key, l->value);
		return;
	}
	switch (resolve(d->sites, &a, &r)) {
	case RESOLVED_FOUND:
		if (is_redirect(l, &lead, &r) || lead_is(&lead, &r))
			print_same(d, l, &r);
		else if (lead.no_answer)
			diff_print(d, l->line, DIFF_NO_ANSWER, l->key,
			    lead.no_answer);
		else
			print_different(d, l, &lead, &r);
		break;
	case RESOLVED_NO_ANSWER:
		diff_print(d, l->line, DIFF_NO_ANSWER, l->key, r.reason);
		break;
	case RESOLVED_ABSENT:
		diff_absent(d, l, &a, &lead);
		break;
	}
}

/* An alias may be for one domain alone. */
static void
diff_alias(struct diff *d, const struct table_file_line *l)
{
	if (strchr(l->key, '@'))
		diff_address(d, l);
	else
		diff_local(d, l);
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
		[TABLE_FILE_ALIASES_DUMP] = diff_alias,
		[TABLE_FILE_VIRTUSER] = diff_address,
		[TABLE_FILE_MAILERTABLE] = diff_mailertable,
	};

	if (!l->wrong) {
		of_kind[table->kind](d, l);
		return;
	}
	diff_print(d, l->line, DIFF_WRONG, l->key, l->value);
}
