/*
 * transport: how a list's address is delivered, for Postfix's transport_maps.
 * A redirect is delivered where it leads, so it has no transport here.
 */
#include "base/buf.h"
#include "mailman/resolve.h"
#include "mailman/sites.h"
#include "maps/maps.h"

static bool
write_transport(struct buf *value, const struct route *r)
{
	if (r->redirect)
		return false;
	buf_str(value, r->site->transport);
	return true;
}

const struct map map_transport = {
	.name = "transport",
	.help = "transport of a list's address, for Postfix",
	.write = write_transport,
};
