/*
 * redirect: where a role address leads, for Postfix's virtual_alias_maps.
 */
#include "maps/maps.h"
#include "maps/value.h"

static bool
write_value(struct buf *value, const struct route *r)
{
	if (!r->redirect)
		return false;
	buf_add(value, r->redirect);
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

const struct map map_redirect = {
	.name = "redirect",
	.help = "where a role address leads, for Postfix",
	.lookup = lookup,
	.each = each,
};
