/*
 * mailertable: for the stock FEATURE(mailertable), which asks for the domain
 * of every remote address.  The configuration alone answers, and always.
 *
 * A dedicated domain leads to its mailer, and so does a pseudo domain
 * (DOMAIN.mailman) that virtuser made of a shared one.
 */
#include <stdio.h>
#include <string.h>

#include "maps/maps.h"
#include "maps/value.h"

/* The domain that a key is the pseudo domain of, and by which of its sites. */
static const struct domain *
find_pseudo(const struct sites *s, struct str key, const struct site **site)
{
	for (size_t i = 0; i < s->n; i++) {
		const char *mailer = s->site[i].mailman->mailer;
		size_t n = strlen(mailer);
		const struct domain *d;

		if (key.n <= n + 1 || !str_ends(key, mailer) ||
		    key.p[key.n - n - 1] != '.')
			continue;
		d = sites_domain(s, str_head(key, key.n - n - 1));
		for (size_t j = 0; d && d->real == d && j < d->nsites; j++)
			if (d->site[j]->mailman == s->site[i].mailman) {
				*site = d->site[j];
				return d;
			}
	}
	return NULL;
}

static int
lookup(const struct sites *s, struct str key, struct buf *value)
{
	const struct domain *d;
	const struct site *site;
	struct address a;

	address_parse_local(key, &a);
	if (a.too_long)
		return 0;
	d = find_pseudo(s, a.local, &site);
	if (!d) {
		d = sites_domain(s, a.local);
		d = d ? d->real : NULL;
		if (!d || !d->dedicated || !value_mailer(d))
			return 0;
		site = d->site[0];
	}
	value_triple(value, site, d);
	return 1;
}

static int
emit_one(const struct sites *s, struct str key, map_emit_fn *emit, void *arg)
{
	char text[2 * MAP_VALUE_MAX];
	struct buf value;

	buf_over(&value, text, sizeof(text));
	if (lookup(s, key, &value) != 1)
		return 0;
	return emit(arg, key, buf_get(&value));
}

static int
each(const struct sites *s, map_emit_fn *emit, void *arg)
{
	for (size_t i = 0; i < s->ndomains; i++) {
		const struct domain *d = &s->domain[i];
		char last[64] = "";
		int rc = emit_one(s, d->name, emit, arg);

		for (size_t j = 0; rc == 0 && j < d->nsites; j++) {
			const char *mailer = d->site[j]->mailman->mailer;
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
	.lookup = lookup,
	.each = each,
};
