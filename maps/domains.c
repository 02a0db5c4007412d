/*
 * domains: whether the configuration names a domain, for Postfix's
 * relay_domains; its dump is made for sendmail's class files, so dedicated and
 * shared domains are told apart there.  A look-up never finds a discovered
 * domain; `dump --shared' has them.
 */
#include "base/buf.h"
#include "base/str.h"
#include "mailman/address.h"
#include "mailman/sites.h"
#include "maps/maps.h"

static int
lookup_domains(const struct sites *s, struct str key, struct buf *value)
{
	const struct domain *d;
	struct address a;

	address_parse_domain(key, &a);
	d = a.too_long ? NULL : sites_domain(s, a.local);
	if (!d || !d->real || d->discovered)
		return 0;
	buf_add(value, "OK");
	return 1;
}

static int
each_of_kind(const struct sites *s, bool dedicated, map_emit_fn *emit,
    void *arg)
{
	for (size_t i = 0; i < s->ndomains; i++) {
		const struct domain *d = &s->domain[i];
		int rc;

		if (!d->real || d->real->dedicated != dedicated)
			continue;
		rc = emit(arg, d->name, STR("OK"));
		if (rc)
			return rc;
	}
	return 0;
}

static int
each_dedicated_domain(const struct sites *s, map_emit_fn *emit, void *arg)
{
	return each_of_kind(s, true, emit, arg);
}

static int
each_shared_domain(const struct sites *s, map_emit_fn *emit, void *arg)
{
	return each_of_kind(s, false, emit, arg);
}

const struct map map_domains = {
	.name = "domains",
	.help = "whether a domain is one of the configuration",
	.key = MAP_DOMAIN,
	.lookup = lookup_domains,
	.each = each_dedicated_domain,
	.each_shared = each_shared_domain,
	.keys_only = true,
};
