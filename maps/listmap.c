/*
 * listmap: one question per address, for FEATURE(listmap).  The value is what
 * its rules hand to MailerToTriple.
 */
#include "maps/maps.h"
#include "maps/value.h"

static bool
write_value(struct buf *value, const struct route *r)
{
	if (r->redirect)
		buf_printf(value, "redirect:%s", r->redirect);
	else
		value_triple(value, r->site, r->domain);
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

const struct map map_listmap = {
	.name = "listmap",
	.help = "mailer and host of a list's address, for FEATURE(listmap)",
	.lookup = lookup,
	.each = each,
};
