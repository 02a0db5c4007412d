/*
 * site_domain: whether a domain is any site's, of the configuration or
 * discovered.  FEATURE(listmap) asks before it refuses in its own words: a
 * domain that is in sendmail.mc alone is a mistake that can be mended, and no
 * reason for mail to bounce.
 */
#include "base/buf.h"
#include "base/str.h"
#include "mailman/address.h"
#include "mailman/sites.h"
#include "maps/maps.h"

static int
lookup_site_domain(const struct sites *s, struct str key, struct buf *value)
{
	const struct domain *d;
	struct address a;

	address_parse_domain(key, &a);
	d = a.too_long ? NULL : sites_domain(s, a.local);
	if (!d || !d->real)
		return 0;
	buf_add(value, "OK");
	return 1;
}

static int
each_site_domain(const struct sites *s, map_emit_fn *emit, void *arg)
{
	for (size_t i = 0; i < s->ndomains; i++) {
		int rc = s->domain[i].real ? emit(arg, s->domain[i].name,
		    STR("OK")) : 0;

		if (rc)
			return rc;
	}
	return 0;
}

const struct map map_site_domain = {
	.name = "site_domain",
	.help = "whether a domain is one of a site, for FEATURE(listmap)",
	.key = MAP_DOMAIN,
	.lookup = lookup_site_domain,
	.each = each_site_domain,
};
