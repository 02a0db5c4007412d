/*
 * mailertable: for the stock FEATURE(mailertable), which asks for the domain
 * of every remote address.  No list is looked up, so it can always answer.
 *
 * A dedicated domain leads to its mailer, and so does a pseudo domain
 * (DOMAIN.mailman) that virtuser made of a shared one.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/conf_value.h"
#include "base/str.h"
#include "mailman/address.h"
#include "mailman/sites.h"
#include "maps/maps.h"
#include "maps/value.h"

static bool
has_mailer(const struct domain *d, const char *mailer)
{
	for (size_t i = 0; d && d->real == d && i < d->nsites; i++)
		if (!strcmp(d->site[i]->conf->mailer, mailer))
			return true;
	return false;
}

/* What comes from outside goes into the value. */
static bool
is_domain_name(struct str name)
{
	char text[ADDRESS_DOMAIN_MAX + 1];
	struct buf b;

	buf_over(&b, text, sizeof(text));
	buf_str(&b, name);
	return strlen(buf_cstr(&b)) == name.n &&
	    !conf_value_domain_name(text);
}

/*
 * DOMAIN.mailman.  Where the hosts of lists are domains, too, any domain may
 * have been one when virtuser made its pseudo domain, and the message may have
 * been in the queue since: none is refused.  It is no domain that anybody is
 * relayed for.
 */
static bool
write_pseudo(const struct sites *s, struct str key, struct buf *value)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct site *site = &s->site[i];
		size_t n = strlen(site->conf->mailer);
		struct domain d = { 0 };
		const struct domain *real;

		if (key.n <= n + 1 || !str_ends(key, site->conf->mailer) ||
		    key.p[key.n - n - 1] != '.')
			continue;
		d.name = str_head(key, key.n - n - 1);
		real = sites_domain(s, d.name);
		/* Another site with that mailer may be the one. */
		if (has_mailer(real, site->conf->mailer) ?
		    !domain_has_site(real, site) :
		    !site->takes_hosts || !is_domain_name(d.name))
			continue;
		value_mailer_host(value, site, &d);
		return true;
	}
	return false;
}

static int
lookup_mailertable(const struct sites *s, struct str key, struct buf *value)
{
	const struct domain *d;
	struct address a;

	address_parse_domain(key, &a);
	if (a.local.n > ADDRESS_DOMAIN_MAX)
		return 0;
	if (write_pseudo(s, a.local, value))
		return 1;
	d = sites_domain(s, a.local);
	d = d ? d->real : NULL;
	if (!d || !d->dedicated || !value_mailer(d))
		return 0;
	value_mailer_host(value, d->site[0], d);
	return 1;
}

static int
emit_one(const struct sites *s, struct str key, map_emit_fn *emit, void *arg)
{
	char text[2 * MAP_VALUE_MAX];
	struct buf value;

	buf_over(&value, text, sizeof(text));
	if (lookup_mailertable(s, key, &value) != 1)
		return 0;
	return emit(arg, key, buf_get(&value));
}

static int
each_mailertable(const struct sites *s, map_emit_fn *emit, void *arg)
{
	for (size_t i = 0; i < s->ndomains; i++) {
		const struct domain *d = &s->domain[i];
		char last[64] = "";
		int rc = emit_one(s, d->name, emit, arg);

		for (size_t j = 0; rc == 0 && j < d->nsites; j++) {
			const char *mailer = d->site[j]->conf->mailer;
			char text[2 * MAP_VALUE_MAX];
			struct buf key;

			if (!strcmp(mailer, last))
				continue;
			snprintf(last, sizeof(last), "%s", mailer);
			buf_over(&key, text, sizeof(text));
			buf_str(&key, d->name);
			buf_printf(&key, ".%s", mailer);
			rc = emit_one(s, buf_get(&key), emit, arg);
		}
		if (rc)
			return rc;
	}
	return 0;
}

const struct map map_mailertable = {
	.name = "mailertable",
	.help = "mailer and host of a list domain",
	.key = MAP_DOMAIN,
	.lookup = lookup_mailertable,
	.each = each_mailertable,
};
