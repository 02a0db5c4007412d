#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "listmap/lead.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/str.h"
#include "mailman/action.h"
#include "mailman/address.h"
#include "mailman/mailman.h"
#include "mailman/resolve.h"
#include "mailman/sites.h"
#include "listmap/diff.h"
#include "listmap/table_file.h"
#include "listmap/table_value.h"

/* All recipients that one line leads to, one by one. */
#define STEPS_MAX 5000
#define INCLUDE_MAX (1 << 20)
#define KEY_MAX 2048
/* A virtusertable has one recipient in a value; this is for several. */
#define FILLED_MAX (1 << 16)
/* What stands in the place of a detail of which only the form is known. */
#define ANY_DETAIL "x"

static table_value_fn take_recipient;

static void
set_broken(struct lead *lead, const char *why, const char *what)
{
	if (!*lead->broken)
		snprintf(lead->broken, sizeof(lead->broken), "%s%.240s", why,
		    what);
}

static bool
is_equal_end(const struct lead_end *a, const struct lead_end *b)
{
	return a->kind == b->kind && a->site == b->site &&
	    a->action == b->action && !strcmp(a->name, b->name) &&
	    !strcmp(a->domain, b->domain);
}

static void
add_end(struct lead *lead, const struct lead_end *e)
{
	for (size_t i = 0; i < lead->n; i++)
		if (is_equal_end(&lead->end[i], e))
			return;
	if (lead->n == LEAD_ENDS)
		set_broken(lead, "and more", "");
	else
		lead->end[lead->n++] = *e;
}

static void
add_elsewhere(struct lead *lead, const char *prefix, struct str what)
{
	struct lead_end e = { .kind = LEAD_ELSEWHERE };

	snprintf(e.name, sizeof(e.name), "%s%.*s", prefix, (int)what.n,
	    what.p);
	add_end(lead, &e);
}

static void
add_route(struct lead *lead, const struct route *r)
{
	struct lead_end e = { .kind = LEAD_LIST };

	if (r->redirect) {
		add_elsewhere(lead, "", str_from(r->redirect));
		return;
	}
	e.site = r->site->conf;
	e.action = r->reading.action;
	snprintf(e.name, sizeof(e.name), "%.*s", (int)r->reading.list.n,
	    r->reading.list.p);
	snprintf(e.domain, sizeof(e.domain), "%.*s",
	    (int)r->reading.domain.n, r->reading.domain.p);
	add_end(lead, &e);
}

/* Whether both are one file, under whatever name. */
static bool
is_one_file(const char *a, const char *b)
{
	struct stat x, y;

	return !strcmp(a, b) || (stat(a, &x) == 0 && stat(b, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* WRAPPER ACTION LIST. */
static void
follow_command(struct lead *lead, struct str command)
{
	const struct sites *s = lead->d->sites;
	struct lead_end e = { .kind = LEAD_OTHER_WRAPPER };
	char memory[KEY_MAX + 4096], *word[3];
	int action = -1;

	if (command.n < sizeof(memory) &&
	    table_value_words(command, memory, word, 3) == 3)
		action = action_find(str_from(word[1]));
	if (action == -1 || action == ACTION_LOOP) {
		add_elsewhere(lead, "|", command);
		return;
	}
	e.action = (enum action)action;
	snprintf(e.name, sizeof(e.name), "%s", word[2]);
	for (size_t i = 0; i < s->n; i++)
		if (s->site[i].mailman->wrapped &&
		    is_one_file(word[0], s->site[i].conf->wrapper)) {
			e.kind = LEAD_LIST;
			e.by_wrapper = true;
			e.site = s->site[i].conf;
			break;
		}
	add_end(lead, &e);
}

/* The mailbox of mailman-loop, or any other file. */
static void
follow_file(struct lead *lead, struct str file)
{
	const struct sites *s = lead->d->sites;
	char path[KEY_MAX], loop[KEY_MAX + 32];

	snprintf(path, sizeof(path), "%.*s", (int)file.n, file.p);
	for (size_t i = 0; i < s->n; i++) {
		struct lead_end e = { .kind = LEAD_LIST,
			.site = s->site[i].conf, .action = ACTION_LOOP,
			.name = "mailman" };

		snprintf(loop, sizeof(loop), "%s/owner-bounces.mbox",
		    e.site->data_dir);
		if (s->site[i].mailman->wrapped && is_one_file(path, loop)) {
			add_end(lead, &e);
			return;
		}
	}
	add_elsewhere(lead, "", file);
}

/* A file with recipients, some in each line. */
static void
follow_include(struct lead *lead, struct str file)
{
	char path[KEY_MAX], line[KEY_MAX];
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "%.*s", (int)file.n, file.p);
	f = lead->includes < LEAD_DEPTH && stat(path, &st) == 0 &&
	    S_ISREG(st.st_mode) && st.st_size <= INCLUDE_MAX ?
	    fopen(path, "r") : NULL;
	if (!f) {
		set_broken(lead, "cannot read ", path);
		add_elsewhere(lead, ":include:", file);
		return;
	}
	lead->followed = true;
	lead->includes++;
	while (fgets(line, sizeof(line), f))
		if (*line != '#')
			(void)table_value_each(str_from(line), take_recipient,
			    lead);
	lead->includes--;
	fclose(f);
}

void
lead_key(const struct table_file_line *l, struct buf *key)
{
	struct str s = str_from(l->key);
	size_t at = str_rfind(s, '@');
	struct str local = at == STR_NONE ? s : str_head(s, at);
	bool form = str_ends(local, "+*") || str_ends(local, "++");

	buf_str(key, form ? str_head(local, local.n - 1) : local);
	buf_add(key, form ? ANY_DETAIL : "");
	buf_str(key, str_tail(s, local.n));
}

/* Puts the value of L to B with %1 (the user), %2 (the detail) and %3 (that
 * with its '+') filled in; cf/README of sendmail, virtusertable. */
static void
fill_in(const struct table_file_line *l, struct buf *b)
{
	char memory[KEY_MAX];
	struct str key, local, detail = STR("");
	struct buf k;
	size_t at, plus;

	buf_over(&k, memory, sizeof(memory));
	lead_key(l, &k);
	key = buf_get(&k);
	at = str_rfind(key, '@');
	local = at == STR_NONE ? key : str_head(key, at);
	plus = local.n ? str_find(str_tail(local, 1), '+') : STR_NONE;
	if (plus != STR_NONE) {
		detail = str_tail(local, plus + 1);
		local = str_head(local, plus + 1);
	}
	for (const char *p = l->value; *p; p++) {
		if (at == STR_NONE || *p != '%' || !strchr("123", p[1]) ||
		    !p[1]) {
			buf_char(b, *p);
			continue;
		}
		p++;
		if (*p == '1')
			buf_str(b, local);
		else if (detail.n)
			buf_str(b, str_tail(detail, *p == '2'));
	}
}

static void
follow_line(struct lead *lead, const struct table_file_line *l)
{
	struct buf value;

	for (size_t i = 0; i < lead->depth; i++)
		if (lead->path[i] == l) {
			set_broken(lead, "a circle: ", l->key);
			return;
		}
	if (lead->depth > LEAD_DEPTH) {
		set_broken(lead, "more than 10 aliases deep", "");
		return;
	}
	lead->followed = lead->depth > 0 || lead->followed;
	lead->path[lead->depth++] = l;
	buf_init(&value, FILLED_MAX);
	if (strchr(l->value, '%'))
		fill_in(l, &value);
	(void)table_value_each(value.n ? buf_get(&value) : str_from(l->value),
	    take_recipient, lead);
	buf_clear(&value);
	lead->depth--;
}

/* The line of the alias files that sendmail takes for NAME, or NULL. */
static const struct table_file_line *
find_alias(const struct diff *d, struct str name)
{
	size_t plus = name.n ? str_find(str_tail(name, 1), '+') : STR_NONE;
	const struct table_file_line *l;
	char key[KEY_MAX];

	snprintf(key, sizeof(key), "%.*s", (int)name.n, name.p);
	l = diff_find(d, TABLE_FILE_ALIASES, key);
	if (l || plus == STR_NONE)
		return l;
	snprintf(key, sizeof(key), "%.*s+*", (int)plus + 1, name.p);
	l = diff_find(d, TABLE_FILE_ALIASES, key);
	if (l)
		return l;
	key[plus + 1] = '\0';
	return diff_find(d, TABLE_FILE_ALIASES, key);
}

static void
follow_name(struct lead *lead, struct str name)
{
	struct address a;
	struct route r;
	enum resolved found;
	const struct table_file_line *l;

	address_parse_local(name, &a);
	found = resolve_local(lead->d->sites, &a, &r);
	/* A line that is not read by a file of its own. */
	if (lead->depth == 1 && found == RESOLVED_FOUND && !*lead->bare &&
	    a.local.n < sizeof(lead->bare))
		snprintf(lead->bare, sizeof(lead->bare), "%.*s",
		    (int)a.local.n, a.local.p);
	l = find_alias(lead->d, a.local);
	if (l)
		follow_line(lead, l);
	else if (found == RESOLVED_FOUND)
		add_route(lead, &r);
	else if (found == RESOLVED_NO_ANSWER)
		lead->no_answer = r.reason;
	else
		add_elsewhere(lead, "", name);
}

/* Whether DOMAIN is this host's, for which sendmail asks the aliases. */
static bool
is_this_host(struct str domain)
{
	char host[256] = "";

	if (str_is_nocase(domain, "localhost") ||
	    str_is_nocase(domain, "localhost.localdomain"))
		return true;
	return gethostname(host, sizeof(host) - 1) == 0 && *host &&
	    str_is_nocase(domain, host);
}

/* Without the name of a mailer, which ends a pseudo domain. */
static struct str
real_domain(const struct diff *d, struct str domain)
{
	for (size_t i = 0; i < d->sites->n; i++) {
		struct str mailer = str_from(d->sites->site[i].conf->mailer);
		size_t n = domain.n - mailer.n;

		if (domain.n > mailer.n + 1 && domain.p[n - 1] == '.' &&
		    str_is_nocase(str_tail(domain, n),
		    d->sites->site[i].conf->mailer))
			return str_head(domain, n - 1);
	}
	return domain;
}

/* An address that is no list's. */
static void
follow_other(struct lead *lead, const struct address *a,
    const struct route *r)
{
	const struct table_file_line *l;
	char key[KEY_MAX];

	snprintf(key, sizeof(key), "%.*s@%.*s", (int)a->local.n, a->local.p,
	    (int)a->domain.n, a->domain.p);
	l = diff_find(lead->d, TABLE_FILE_VIRTUSER, key);
	if (!l)
		l = diff_find(lead->d, TABLE_FILE_ALIASES, key);
	if (!l && r->domain && !r->domain->dedicated)
		l = find_alias(lead->d, a->local);
	if (l)
		follow_line(lead, l);
	else
		add_elsewhere(lead, "", str_from(key));
}

static void
follow_address(struct lead *lead, struct str text)
{
	size_t at = str_rfind(text, '@');
	struct str domain = str_tail(text, at + 1);
	struct address a;
	struct route r;
	char memory[KEY_MAX];
	struct buf b;

	if (is_this_host(domain)) {
		follow_name(lead, str_head(text, at));
		return;
	}
	buf_over(&b, memory, sizeof(memory));
	buf_str(&b, str_head(text, at + 1));
	buf_str(&b, real_domain(lead->d, domain));
	if (address_parse(buf_get(&b), &a) == -1) {
		add_elsewhere(lead, "", text);
		return;
	}
	switch (resolve(lead->d->sites, &a, &r)) {
	case RESOLVED_FOUND:
		add_route(lead, &r);
		break;
	case RESOLVED_NO_ANSWER:
		lead->no_answer = r.reason;
		break;
	case RESOLVED_ABSENT:
		follow_other(lead, &a, &r);
		break;
	}
}

static int
take_recipient(void *arg, enum table_value_kind kind, struct str text)
{
	struct lead *lead = arg;

	if (++lead->steps > STEPS_MAX) {
		set_broken(lead, "too many recipients", "");
		return 1;
	}
	switch (kind) {
	case TABLE_VALUE_ADDRESS:
		follow_address(lead, text);
		break;
	case TABLE_VALUE_NAME:
		follow_name(lead, text);
		break;
	case TABLE_VALUE_USER:
		add_elsewhere(lead, "user ", text);
		break;
	case TABLE_VALUE_COMMAND:
		follow_command(lead, text);
		break;
	case TABLE_VALUE_FILE:
		follow_file(lead, text);
		break;
	case TABLE_VALUE_INCLUDE:
		follow_include(lead, text);
		break;
	case TABLE_VALUE_ERROR:
		add_elsewhere(lead, "", text);
		break;
	}
	return 0;
}

void
lead_follow(struct lead *lead, const struct diff *d,
    const struct table_file_line *l)
{
	memset(lead, 0, sizeof(*lead));
	lead->d = d;
	follow_line(lead, l);
}

/* Whether it has one end of that KIND, with the list and action of R. */
static bool
has_one_end(const struct lead *lead, enum lead_kind kind,
    const struct route *r)
{
	const struct lead_end *e = &lead->end[0];

	return lead->n == 1 && !*lead->broken && !lead->no_answer &&
	    !r->redirect && e->kind == kind && e->action == r->reading.action &&
	    (e->action == ACTION_LOOP ||
	    (str_is(r->reading.list, e->name) &&
	    str_is(r->reading.domain, e->domain)));
}

bool
lead_is(const struct lead *lead, const struct route *r)
{
	if (r->redirect)
		return lead->n == 1 && !*lead->broken &&
		    lead->end[0].kind == LEAD_ELSEWHERE &&
		    !strcasecmp(lead->end[0].name, r->redirect);
	return has_one_end(lead, LEAD_LIST, r) &&
	    (lead->end[0].site == r->site->conf ||
	    (lead->end[0].by_wrapper &&
	    is_one_file(lead->end[0].site->wrapper,
	    r->site->conf->wrapper)));
}

bool
lead_is_by_other_wrapper(const struct lead *lead, const struct route *r)
{
	return has_one_end(lead, LEAD_OTHER_WRAPPER, r);
}

const char *
lead_words(const struct lead *lead, char *text, size_t size)
{
	struct buf b;

	buf_over(&b, text, size - 1);
	for (size_t i = 0; i < lead->n; i++) {
		const struct lead_end *e = &lead->end[i];

		buf_add(&b, i ? "; " : "");
		if (e->kind == LEAD_ELSEWHERE)
			buf_add(&b, e->name);
		else
			buf_printf(&b, "list %s, %s%s", e->name,
			    action_name(e->action),
			    e->kind == LEAD_LIST ? "" :
			    ", by another wrapper");
	}
	if (*lead->broken)
		buf_printf(&b, "%s%s", lead->n ? "; " : "", lead->broken);
	text[b.n] = '\0';
	return text;
}
