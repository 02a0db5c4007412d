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

/* One byte as sendmail carries it; at most two bytes come out. */
static void
put_carried(struct buf *b, char c)
{
	if (c == '%')
		buf_add(b, "%%");
	else if (c < ' ' || c > '~' || c == '"' || c == '\\')
		buf_char(b, '?');
	else
		buf_char(b, c);
}

static void
put_field(struct buf *b, struct str s)
{
	size_t n = s.n > FIELD_MAX ? FIELD_MAX - 3 : s.n;

	for (size_t i = 0; i < n; i++)
		put_carried(b, s.p[i]);
	if (n < s.n)
		buf_add(b, "...");
}

/* The name of the list that somebody may have meant. */
static struct str
meant_list(const struct address *a)
{
	size_t plus = str_find(a->local, '+');
	struct str s = plus == STR_NONE ? a->local : str_head(a->local, plus);
	size_t dash = str_rfind(s, '-');

	if (dash != STR_NONE && dash > 0 &&
	    action_find(str_tail(s, dash + 1)) != -1)
		return str_head(s, dash);
	if (str_starts(s, "owner-") && s.n > strlen("owner-"))
		return str_tail(s, strlen("owner-"));
	return s;
}

/* Writes the field that T begins with, if it is one; how long its name is. */
static size_t
put_named_field(struct buf *b, const char *t, const struct address *a,
    const struct domain *d)
{
	if (a->local.n == 0 && !strncmp(t, "{address}", 9)) {
		buf_add(b, "that address");
		return 9;
	}
	if (a->local.n == 0 && !strncmp(t, "{list}", 6)) {
		buf_add(b, "of that name");
		return 6;
	}
	if (!strncmp(t, "{address}", 9)) {
		char text[sizeof(a->text)];
		struct buf whole;

		buf_over(&whole, text, sizeof(text));
		buf_str(&whole, a->local);
		buf_char(&whole, '@');
		buf_str(&whole, a->domain);
		put_field(b, buf_get(&whole));
		return 9;
	}
	if (!strncmp(t, "{list}", 6)) {
		put_field(b, meant_list(a));
		return 6;
	}
	if (!strncmp(t, "{domain}", 8)) {
		put_field(b, d->name);
		return 8;
	}
	if (!strncmp(t, "{url}", 5)) {
		for (size_t i = 0; i < d->url.n; i++)
			put_carried(b, d->url.p[i]);
		return 5;
	}
	return 0;
}

void
value_refusal(struct buf *value, const struct sites *s,
    const struct address *a, const struct domain *d)
{
	const char *t = s->conf->refusal;
	size_t n;

	if (!*t)
		t = d->url.n ? DEFAULT_REFUSAL_URL : DEFAULT_REFUSAL;
	buf_add(value, "error:5.1.1:\"550 5.1.1 ");
	while (*t) {
		size_t field = put_named_field(value, t, a, d);

		if (field == 0)
			put_carried(value, *t);
		t += field ? field : 1;
	}
	/* Cut between characters: half a "%%" would eat the quote. */
	n = value->n;
	if (n > MAP_VALUE_MAX - 1) {
		size_t percents = 0;

		n = MAP_VALUE_MAX - 1;
		while (percents < n && value->p[n - 1 - percents] == '%')
			percents++;
		buf_cut(value, n - percents % 2);
	}
	buf_char(value, '"');
}
