/*
 * recipients: whether an address exists, for Postfix's relay_recipient_maps
 * and for Exim.
 */
#include "base/buf.h"
#include "maps/maps.h"

static bool
write_recipients(struct buf *value, const struct route *r)
{
	(void)r;
	buf_add(value, "OK");
	return true;
}

const struct map map_recipients = {
	.name = "recipients",
	.help = "whether an address exists, for Postfix and Exim",
	.write = write_recipients,
};
