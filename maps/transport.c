/*
 * transport: how a list's address is delivered, for Postfix's transport_maps.
 * A redirect is delivered where it leads, so it has no transport here.
 */
#include "maps/maps.h"
#include "maps/value.h"

static bool
write_value(struct buf *value, const struct route *r)
{
	if (r->redirect)
		return false;
	r->site->mailman->put_transport(value, r->site->conf);
	return true;
}

static int
lookup(const struct sites *s, struct str key, struct buf *value)
{
	return value_lookup(s, key, value, write_value);
}

static int
each(const struct sites *s, map_emit_fn *emit, void *arg)
{
	return value_each(s, emit, arg, write_value);
}

const struct map map_transport = {
	.name = "transport",
	.help = "transport of a list's address, for Postfix",
	.lookup = lookup,
	.each = each,
};
