/*
 * sendmail asks for user+detail@domain, user++@, user+*@, user@ and @domain,
 * one after the other, and takes the first that there is.  So an address
 * without detail needs an entry that stops user+detail@ from reaching it, on a
 * domain that the daemon would refuse it for.
 *
 * What cannot be said in a table: the detail of a list that has a '+' in its
 * name, for sendmail splits at the first one (behind the first character).
 */
#include "maps/standalone.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/str.h"
#include "mailman/address.h"
#include "mailman/resolve.h"
#include "mailman/sites.h"
#include "maps/maps.h"
#include "maps/value.h"

/* Room for NAME-unsubscribe+*@DOMAIN. */
#define KEY_MAX 1024

struct table {
	const struct sites *sites;
	map_emit_fn *emit;
	void *arg;
};

static int
emit_value(const struct table *t, struct str key, const struct buf *value)
{
	return value->failed ? -1 : t->emit(t->arg, key, buf_get(value));
}

/* LOCAL, AND, @DOMAIN of an address. */
static void
put_key(struct buf *key, struct str address, const char *and)
{
	size_t at = str_rfind(address, '@');

	buf_str(key, str_head(address, at));
	buf_add(key, and);
	buf_str(key, str_tail(address, at));
}

/*
 * Whether a detail may follow, and where that leads: the daemon's own answer.
 * It may be another list's (foo's VERP bounces, beside a list foo-bounces).
 */
static bool
takes_detail(const struct table *t, struct str address, struct address *a,
    struct route *with)
{
	char text[KEY_MAX];
	struct buf key;

	buf_over(&key, text, sizeof(text));
	put_key(&key, address, "+x");
	return address_parse(buf_get(&key), a) == 0 &&
	    resolve(t->sites, a, with) == RESOLVED_FOUND;
}

static void
put_refusal(const struct table *t, struct str domain, struct buf *value)
{
	char text[KEY_MAX];
	struct address any;
	struct buf key;

	buf_over(&key, text, sizeof(text));
	buf_char(&key, '@');
	buf_str(&key, domain);
	if (address_parse(buf_get(&key), &any) == 0)
		value_refusal(value, t->sites, &any,
		    sites_domain(t->sites, any.domain)->real);
}

/* %1 is the user, %3 the '+' and what follows it. */
static void
put_route(struct buf *value, const struct route *r, const char *user)
{
	if (r->redirect) {
		buf_add(value, r->redirect);
		return;
	}
	buf_add(value, user);
	buf_char(value, '@');
	buf_str(value, r->domain->name);
	buf_char(value, '.');
	buf_add(value, r->site->conf->mailer);
}

static int
emit_entries(void *arg, struct str address, const struct route *r)
{
	const struct table *t = arg;
	size_t at = str_rfind(address, '@');
	char k[KEY_MAX], v[2 * MAP_VALUE_MAX];
	struct buf key, value;
	struct address a;
	struct route with;
	int rc;

	buf_over(&value, v, sizeof(v));
	put_route(&value, r, "%1");
	rc = emit_value(t, address, &value);
	if (rc || str_find(str_tail(str_head(address, at), 1), '+') !=
	    STR_NONE)
		return rc;
	buf_reset(&value);
	if (takes_detail(t, address, &a, &with))
		put_route(&value, &with, "%1%3");
	else if (r->domain->dedicated)
		put_refusal(t, str_tail(address, at + 1), &value);
	else
		return 0;
	buf_over(&key, k, sizeof(k));
	put_key(&key, address, "+*");
	return key.failed ? -1 : emit_value(t, buf_get(&key), &value);
}

static int
refuse_the_rest(const struct table *t, struct str domain)
{
	char k[KEY_MAX], v[2 * MAP_VALUE_MAX];
	struct buf key, value;

	buf_over(&key, k, sizeof(k));
	buf_char(&key, '@');
	buf_str(&key, domain);
	buf_over(&value, v, sizeof(v));
	put_refusal(t, domain, &value);
	return emit_value(t, buf_get(&key), &value);
}

int
standalone_each(const struct sites *s, map_emit_fn *emit, void *arg)
{
	struct table t = { s, emit, arg };
	int rc = resolve_each(s, emit_entries, &t);

	for (size_t i = 0; rc == 0 && i < s->ndomains; i++) {
		const struct domain *d = &s->domain[i];

		if (d->real && d->real->dedicated)
			rc = refuse_the_rest(&t, d->name);
	}
	return rc;
}
