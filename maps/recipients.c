/*
 * recipients: whether an address exists, for Postfix's relay_recipient_maps
 * and for Exim.
 */
#include "maps/maps.h"
#include "maps/value.h"

static bool
write_value(struct buf *value, const struct route *r)
{
	(void)r;
	buf_add(value, "OK");
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

const struct map map_recipients = {
	.name = "recipients",
	.help = "whether an address exists, for Postfix and Exim",
	.lookup = lookup,
	.each = each,
};
