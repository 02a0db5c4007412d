#include <string.h>

#include "mailman/refusal.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/str.h"
#include "mailman/action.h"
#include "mailman/address.h"
#include "mailman/resolve.h"

/* The longest field of a refusal, in bytes; it came from outside. */
#define FIELD_MAX 60

#define DEFAULT_REFUSAL "No mailing list {list} here"
#define DEFAULT_REFUSAL_URL DEFAULT_REFUSAL ", see {url}"

static bool
needs_escape(char c)
{
	return c < ' ' || c > '~' || c == '"' || c == '\\';
}

/* Writes S as printable ASCII that needs no escape, as far as there is room. */
static void
put_safe_text(struct buf *b, struct str s)
{
	size_t from = b->n, room = REFUSAL_TEXT_MAX - from;
	const char *end;

	buf_str(b, str_head(s, s.n < room ? s.n : room));
	end = b->p + b->n;
	for (char *p = b->p + from; p < end; p++)
		if (needs_escape(*p))
			*p = '?';
}

static void
put_field(struct buf *b, struct str s)
{
	if (s.n <= FIELD_MAX) {
		put_safe_text(b, s);
		return;
	}
	put_safe_text(b, str_head(s, FIELD_MAX - 3));
	put_safe_text(b, STR("..."));
}

/* Whether NAME is a list at D: then not the list is what does not exist. */
static bool
has_list_named(const struct sites *s, struct str name, const struct domain *d)
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

/* The name of the list that the sender may have meant. */
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
	return name.n != whole.n && has_list_named(s, name, d) ? whole : name;
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

/* If T begins with the name of a field, writes that field and returns the
 * length of the name; else 0. */
static size_t
put_named_field(struct buf *b, struct str t, const struct sites *s,
    const struct address *a, const struct domain *d)
{
	if (str_starts(t, "{address}")) {
		if (a->local.n)
			put_address(b, a);
		else
			put_safe_text(b, STR("that address"));
		return strlen("{address}");
	}
	if (str_starts(t, "{list}")) {
		if (a->local.n)
			put_field(b, meant_list(s, a, d));
		else
			put_safe_text(b, STR("of that name"));
		return strlen("{list}");
	}
	if (str_starts(t, "{domain}")) {
		put_field(b, d->name);
		return strlen("{domain}");
	}
	if (str_starts(t, "{url}")) {
		put_safe_text(b, d->url);
		return strlen("{url}");
	}
	return 0;
}

/* How many bytes of T, which begins with no field's name, stand before the next
 * brace. */
static size_t
text_before_field(struct str t)
{
	size_t brace = str_find(str_tail(t, 1), '{');

	return brace == STR_NONE ? t.n : 1 + brace;
}

void
refusal_text(struct buf *text, const struct sites *s,
    const struct address *a, const struct domain *d)
{
	struct str t = str_from(s->conf->refusal);

	if (t.n == 0)
		t = str_from(d->url.n ? DEFAULT_REFUSAL_URL : DEFAULT_REFUSAL);
	while (t.n) {
		size_t n = put_named_field(text, t, s, a, d);

		if (n == 0) {
			n = text_before_field(t);
			put_safe_text(text, str_head(t, n));
		}
		t = str_tail(t, n);
	}
}
