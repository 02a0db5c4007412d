#include <string.h>

#include "maps/value.h"

/* Longest field of a refusal that came from outside. */
#define FIELD_MAX 60

#define DEFAULT_REFUSAL "No mailing list {list} here"
#define DEFAULT_REFUSAL_URL DEFAULT_REFUSAL ", see {url}"

int
value_lookup(const struct sites *s, struct str key, struct buf *value,
    value_write_fn *write)
{
	struct address a;
	struct route r;

	if (address_parse(key, &a) == -1)
		return 0;
	switch (resolve(s, &a, &r)) {
	case RESOLVED_FOUND:
		return write(value, &r);
	case RESOLVED_NO_ANSWER:
		return value_no_answer(value, &r);
	case RESOLVED_ABSENT:
		break;
	}
	return 0;
}

struct tour {
	map_emit_fn *emit;
	void *arg;
	value_write_fn *write;
};

static int
visit(void *arg, struct str address, const struct route *r)
{
	const struct tour *t = arg;
	struct buf value;
	int rc = 0;

	buf_init(&value, 2 * MAP_VALUE_MAX);
	if (t->write(&value, r))
		rc = value.failed ? -1 : t->emit(t->arg, address,
		    buf_get(&value));
	buf_clear(&value);
	return rc;
}

int
value_each(const struct sites *s, map_emit_fn *emit, void *arg,
    value_write_fn *write)
{
	struct tour t = { emit, arg, write };

	return resolve_each(s, visit, &t);
}

int
value_no_answer(struct buf *value, const struct route *r)
{
	buf_add(value, r->reason);
	return -1;
}

const char *
value_mailer(const struct domain *d)
{
	const char *mailer = d->nsites ? d->site[0]->conf->mailer : NULL;

	for (size_t i = 1; i < d->nsites; i++)
		if (strcmp(d->site[i]->conf->mailer, mailer))
			return NULL;
	return mailer;
}

void
value_triple(struct buf *value, const struct site *site,
    const struct domain *d)
{
	buf_add(value, site->conf->mailer);
	buf_char(value, ':');
	site->mailman->put_host(value, site->conf, d->name);
}

void
value_pseudo(struct buf *value, const struct site *site,
    const struct domain *d)
{
	buf_add(value, "%1@");
	buf_str(value, d->name);
	buf_char(value, '.');
	buf_add(value, site->conf->mailer);
}

/* Printable ASCII that needs no escape; what is too long is left out. */
static void
put_text(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n && b->n < MAP_VALUE_MAX; i++) {
		char c = s.p[i];

		buf_char(b, c < ' ' || c > '~' || c == '"' || c == '\\' ? '?' :
		    c);
	}
}

static void
put_field(struct buf *b, struct str s)
{
	if (s.n <= FIELD_MAX) {
		put_text(b, s);
		return;
	}
	put_text(b, str_head(s, FIELD_MAX - 3));
	put_text(b, STR("..."));
}

/* Whether there is a list of that name: then it is another word that fails. */
static bool
is_list(const struct sites *s, struct str name, const struct domain *d)
{
	char text[ADDRESS_LOCAL_MAX + ADDRESS_DOMAIN_MAX + 2];
	struct address a;
	struct route r;
	struct buf b;

	buf_over(&b, text, sizeof(text));
	buf_str(&b, name);
	buf_char(&b, '@');
	buf_str(&b, d->name);
	return address_parse(buf_get(&b), &a) == 0 &&
	    resolve(s, &a, &r) == RESOLVED_FOUND;
}

/* The name of the list that somebody may have meant. */
static struct str
meant_list(const struct sites *s, const struct address *a,
    const struct domain *d)
{
	size_t plus = str_find(a->local, '+');
	struct str whole = plus == STR_NONE ? a->local :
	    str_head(a->local, plus);
	size_t dash = str_rfind(whole, '-');
	struct str name = whole;

	if (dash != STR_NONE && dash > 0 &&
	    action_find(str_tail(whole, dash + 1)) != -1)
		name = str_head(whole, dash);
	else if (str_starts(whole, "owner-") && whole.n > strlen("owner-"))
		name = str_tail(whole, strlen("owner-"));
	return name.n != whole.n && is_list(s, name, d) ? whole : name;
}

static void
put_address(struct buf *b, const struct address *a)
{
	char text[sizeof(a->text)];
	struct buf whole;

	buf_over(&whole, text, sizeof(text));
	buf_str(&whole, a->local);
	buf_char(&whole, '@');
	buf_str(&whole, a->domain);
	put_field(b, buf_get(&whole));
}

/* Writes the field that T begins with, if it is one; how long its name is. */
static size_t
put_named_field(struct buf *b, struct str t, const struct sites *s,
    const struct address *a, const struct domain *d)
{
	if (str_starts(t, "{address}")) {
		if (a->local.n)
			put_address(b, a);
		else
			put_text(b, STR("that address"));
		return strlen("{address}");
	}
	if (str_starts(t, "{list}")) {
		if (a->local.n)
			put_field(b, meant_list(s, a, d));
		else
			put_text(b, STR("of that name"));
		return strlen("{list}");
	}
	if (str_starts(t, "{domain}")) {
		put_field(b, d->name);
		return strlen("{domain}");
	}
	if (str_starts(t, "{url}")) {
		put_text(b, d->url);
		return strlen("{url}");
	}
	return 0;
}

void
value_refusal_text(struct buf *text, const struct sites *s,
    const struct address *a, const struct domain *d)
{
	struct str t = str_from(s->conf->refusal);

	if (t.n == 0)
		t = str_from(d->url.n ? DEFAULT_REFUSAL_URL : DEFAULT_REFUSAL);
	while (t.n) {
		size_t n = put_named_field(text, t, s, a, d);

		if (n == 0) {
			n = 1;
			put_text(text, str_head(t, n));
		}
		t = str_tail(t, n);
	}
}

void
value_refusal(struct buf *value, const struct sites *s,
    const struct address *a, const struct domain *d)
{
	char memory[MAP_VALUE_MAX];
	struct buf text;

	buf_over(&text, memory, sizeof(memory));
	value_refusal_text(&text, s, a, d);
	buf_add(value, "error:5.1.1:\"550 5.1.1 ");
	for (size_t i = 0; i < text.n; i++) {
		/* Half a "%%" would eat the quote. */
		bool percent = text.p[i] == '%';

		if (value->n + percent + 2 > MAP_VALUE_MAX)
			break;
		buf_add(value, percent ? "%" : "");
		buf_char(value, text.p[i]);
	}
	buf_char(value, '"');
}
