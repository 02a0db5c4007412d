/*
 * diff: what becomes of the lines of hand-kept tables when listmap answers
 * instead.  Not the values are compared but where they lead: a virtusertable
 * may send a list's address to a local alias, to a pseudo domain, or anywhere.
 */
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/program.h"
#include "base/str.h"
#include "mailman/action.h"
#include "mailman/address.h"
#include "mailman/resolve.h"
#include "mailman/sites.h"
#include "maps/maps.h"
#include "listmap/cmd.h"
#include "listmap/direct.h"
#include "listmap/table_file.h"

#define EX_DIFFERENT 1

struct diff {
	const struct sites *sites;
	struct sites *any; /* the same, with hosts = "any" */
	const char *file;
	const struct table_file *table;
	struct table_file *tables; /* all, with their files' names */
	char **files;
	size_t n;
	void *keys;    /* of all tables, by tsearch() */
	void *domains; /* of their keys, with the '@' */
	char group[1024]; /* what the line of missing ones is about; or "" */
	size_t same, different, others, missing, refused, left, no_answer;
};

static void
say(const struct diff *d, size_t line, const char *what, const char *key,
    const char *detail)
{
	printf("%s:%zu: %s: %s%s%s\n", d->file, line, what, key,
	    *detail ? ": " : "", detail);
}

/* In words: "list foo, request". */
static const char *
in_words(const struct route *r, char *text, size_t size)
{
	if (r->redirect)
		snprintf(text, size, "redirect to %s", r->redirect);
	else
		snprintf(text, size, "list %.*s, %s", (int)r->reading.list.n,
		    r->reading.list.p, action_name(r->reading.action));
	return text;
}

/* Counts and prints one line's verdict. */
static void
judge(struct diff *d, const struct table_file_line *l, bool same,
    const struct route *r)
{
	char words[512], detail[1024];

	in_words(r, words, sizeof(words));
	if (same) {
		d->same++;
		say(d, l->line, "same", l->key, words);
		return;
	}
	d->different++;
	snprintf(detail, sizeof(detail), "listmap: %s; here: %s", words,
	    l->value);
	say(d, l->line, "different", l->key, detail);
}

/* Nobody will have the address A any more, where only the line does. */
static void
say_lost(struct diff *d, const struct table_file_line *l, const char *key,
    const struct address *a, const struct domain *at)
{
	struct route r;
	bool elsewhere = resolve(d->any, a, &r) == RESOLVED_FOUND;

	if (at->dedicated)
		d->refused++;
	else
		d->left++;
	say(d, l->line, at->dedicated ? "newly refused" : "left to sendmail",
	    key, elsewhere ?
	    "the list has another host (hosts = \"any\" would take it)" :
	    "the list is not of a site of that domain");
}

/*
 * With an alias file every domain of the host has every list.  Says which of
 * these addresses listmap does not take, and whether any of them goes with the
 * line: a dedicated domain refuses what only an alias has.
 */
static bool
is_needed(struct diff *d, const struct table_file_line *l)
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
			d->no_answer++;
			say(d, l->line, "no answer", buf_cstr(&b), r.reason);
			break;
		case RESOLVED_ABSENT:
			say_lost(d, l, buf_cstr(&b), &a, at->real);
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
		d->no_answer++;
		say(d, l->line, "no answer", l->key, r.reason);
		return;
	case RESOLVED_ABSENT:
		d->others++;
		say(d, l->line, "not a list's", l->key, l->value);
		return;
	case RESOLVED_FOUND:
		break;
	}
	buf_over(&value, text, sizeof(text));
	if (map_lookup(&map_aliases, d->sites, str_from(l->key), &value) !=
	    1)
		return;
	there = buf_get(&value);
	/* |prog args and "|prog args" are the same. */
	if (here.n && here.p[0] == '|' && value.n > 2 && text[0] == '"')
		there = (struct str){ text + 1, value.n - 2 };
	same = str_eq(here, there);
	/* What is called the same may go. */
	if (!is_needed(d, l) || !same)
		judge(d, l, same, &r);
}

/*
 * What the value of a line means: a local alias, an address of ours, or one of
 * the pseudo domain of MAILER; everything else is absent.
 */
static enum resolved
follow(const struct diff *d, const struct table_file_line *l,
    const char *mailer, struct address *a, struct route *there)
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
		return resolve_local(d->sites, a, there);
	}
	domain = str_from(at);
	if (str_ends(domain, mailer) &&
	    domain.p[domain.n - strlen(mailer) - 1] == '.')
		domain.n -= strlen(mailer) + 1;
	buf_str(&b, domain);
	return address_parse(buf_get(&b), a) == -1 ? RESOLVED_ABSENT :
	    resolve(d->sites, a, there);
}

/* Whether the line leads where R does. */
static bool
leads_there(const struct diff *d, const struct table_file_line *l,
    const struct route *r)
{
	struct address a;
	struct route there;

	if (r->redirect)
		return !strcasecmp(l->value, r->redirect);
	return follow(d, l, r->site->conf->mailer, &a, &there) ==
	    RESOLVED_FOUND && !there.redirect && there.site == r->site &&
	    there.reading.action == r->reading.action &&
	    str_eq(there.reading.list, r->reading.list) &&
	    str_eq(there.reading.domain, r->reading.domain);
}

static void
say_absent(struct diff *d, const struct table_file_line *l,
    const struct address *a)
{
	struct route r;

	if (resolve(d->any, a, &r) == RESOLVED_FOUND) {
		say_lost(d, l, l->key, a, r.domain);
		return;
	}
	if (r.domain && r.domain->dedicated &&
	    !strncmp(l->value, "error:", 6)) {
		d->same++;
		say(d, l->line, "same", l->key, "refused");
		return;
	}
	d->others++;
	say(d, l->line, "not a list's", l->key, l->value);
}

static void
diff_virtuser(struct diff *d, const struct table_file_line *l)
{
	struct address a;
	struct route r;

	if (address_parse(str_from(l->key), &a) == -1) {
		d->others++;
		say(d, l->line, "not a list's", l->key, l->value);
		return;
	}
	switch (resolve(d->sites, &a, &r)) {
	case RESOLVED_FOUND:
		judge(d, l, leads_there(d, l, &r), &r);
		break;
	case RESOLVED_NO_ANSWER:
		d->no_answer++;
		say(d, l->line, "no answer", l->key, r.reason);
		break;
	case RESOLVED_ABSENT:
		say_absent(d, l, &a);
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
		d->others++;
		say(d, l->line, "not a list's", l->key, l->value);
	} else if (str_is_nocase(buf_get(&value), l->value)) {
		d->same++;
		say(d, l->line, "same", l->key, l->value);
	} else {
		d->different++;
		snprintf(detail, sizeof(detail), "listmap: %s; here: %s",
		    buf_cstr(&value), l->value);
		say(d, l->line, "different", l->key, detail);
	}
}

static int
by_key(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
keep_key(void *key)
{
	(void)key; /* the table's */
}

/* Mailman itself never wrote owner-NAME, nor the loop for sendmail.  Of list
 * "owner" owner-owner is the usual form. */
static bool
is_no_loss(struct str address, const struct route *r)
{
	struct str list = r->reading.list;
	size_t at = str_find(address, '@');
	struct str local = at == STR_NONE ? address : str_head(address, at);

	if (r->redirect)
		return false;
	return r->reading.action == ACTION_LOOP ||
	    (r->reading.action == ACTION_OWNER && !str_is(list, "owner") &&
	    str_starts(local, "owner-") &&
	    str_eq(str_tail(local, strlen("owner-")), list));
}

static void
end_group(struct diff *d)
{
	if (*d->group)
		putchar('\n');
	*d->group = '\0';
}

/* One line for all of a list, or they would be most of what is said. */
static void
say_missing(struct diff *d, const char *key, const struct route *r)
{
	char words[512], group[sizeof(d->group)];
	const char *at = strchr(key, '@');

	d->missing++;
	if (r->redirect)
		snprintf(group, sizeof(group), "%s", key);
	else
		snprintf(group, sizeof(group), "%s %.*s%s",
		    r->site->conf->name, (int)r->reading.list.n,
		    r->reading.list.p, at ? at : "");
	if (!strcmp(group, d->group)) {
		printf(", %s", action_name(r->reading.action));
		return;
	}
	end_group(d);
	memcpy(d->group, group, sizeof(group));
	printf("%s: missing: %s: %s", d->file, key,
	    in_words(r, words, sizeof(words)));
}

/* What listmap answers and the table does not have. */
static int
look_for(void *arg, struct str address, const struct route *r)
{
	struct diff *d = arg;
	char key[1024];

	snprintf(key, sizeof(key), "%.*s", (int)address.n, address.p);
	if (!is_no_loss(address, r) && !tfind(key, &d->keys, by_key))
		say_missing(d, key, r);
	return 0;
}

static int
look_for_shared(void *arg, struct str address, const struct route *r)
{
	const struct diff *d = arg;
	struct str at = str_tail(address, str_rfind(address, '@'));
	char domain[1024];

	snprintf(domain, sizeof(domain), "%.*s", (int)at.n, at.p);
	/* A domain that no table names is none of their business. */
	return tfind(domain, &d->domains, by_key) ?
	    look_for(arg, address, r) : 0;
}

static void
diff_lines(struct diff *d)
{
	static void (*const of_kind[])(struct diff *d,
	    const struct table_file_line *l) = {
		[TABLE_FILE_ALIASES] = diff_alias,
		[TABLE_FILE_VIRTUSER] = diff_virtuser,
		[TABLE_FILE_MAILERTABLE] = diff_mailertable,
	};

	for (size_t i = 0; i < d->table->n; i++) {
		const struct table_file_line *l = &d->table->line[i];
		char *domain = strrchr(l->key, '@');

		if (!tsearch(l->key, &d->keys, by_key) ||
		    (domain && !tsearch(domain, &d->domains, by_key)))
			fatal(EX_OSERR, "out of memory");
		of_kind[d->table->kind](d, l);
	}
}

/* The first file of that kind; of an empty one nobody knows its kind. */
static const char *
file_of_kind(const struct diff *d, enum table_file_kind kind)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->tables[i].n && d->tables[i].kind == kind)
			return d->files[i];
	return NULL;
}

/* What none of the files has: several may share the work. */
static void
diff_missing(struct diff *d)
{
	int rc = 0;

	d->file = file_of_kind(d, TABLE_FILE_ALIASES);
	if (d->file)
		rc = resolve_each_local(d->sites, look_for, d);
	end_group(d);
	d->file = file_of_kind(d, TABLE_FILE_VIRTUSER);
	if (d->file && rc == 0)
		rc = resolve_each(d->sites, look_for_shared, d);
	end_group(d);
	if (rc == -1)
		fatal(EX_TEMPFAIL, "the lists cannot be read: is there a cache "
		    "(listmap rebuild)?");
}

static void
diff_file(struct diff *d, const char *file, struct table_file *table)
{
	bool standard = !strcmp(file, "-");
	FILE *f = standard ? stdin : fopen(file, "r");

	if (!f)
		fatal(EX_NOINPUT, "%s: %s", file, strerror(errno));
	if (table_file_read(f, table) == -1)
		fatal(EX_IOERR, "%s: %s", file, strerror(errno));
	if (!standard)
		fclose(f);
	d->file = file;
	d->table = table;
	diff_lines(d);
}

static void
clear(struct diff *d)
{
	if (d->keys)
		tdestroy(d->keys, keep_key);
	if (d->domains)
		tdestroy(d->domains, keep_key);
	for (size_t i = 0; i < d->n; i++)
		table_file_clear(&d->tables[i]);
	free(d->tables);
	sites_free(d->any);
}

static int
run(const char *path, int argc, char **argv)
{
	struct diff d = { 0 };
	struct direct *direct;

	if (argc < 2)
		return cmd_usage(&cmd_diff);
	direct = direct_open(path);
	d.sites = direct_sites(direct);
	d.any = direct_any_host(direct);
	d.files = argv + 1;
	d.n = (size_t)argc - 1;
	d.tables = calloc(d.n, sizeof(*d.tables));
	if (!d.tables)
		fatal(EX_OSERR, "out of memory");
	for (size_t i = 0; i < d.n; i++)
		diff_file(&d, d.files[i], &d.tables[i]);
	diff_missing(&d);
	printf("%zu same, %zu different, %zu not a list's, %zu missing, "
	    "%zu newly refused, %zu left to sendmail, "
	    "%zu without an answer\n", d.same, d.different, d.others,
	    d.missing, d.refused, d.left, d.no_answer);
	program_flush();
	clear(&d);
	direct_close(direct);
	if (d.no_answer)
		return EX_TEMPFAIL;
	return d.different || d.others || d.missing || d.refused || d.left ?
	    EX_DIFFERENT : EX_OK;
}

const struct cmd cmd_diff = {
	.name = "diff",
	.usage = "file ...",
	.help = "compare hand-kept tables with what listmap answers",
	.run = run,
};
