/*
 * redirect: where a role address leads, for Postfix's virtual_alias_maps.
 */
#include "base/buf.h"
#include "mailman/resolve.h"
#include "maps/maps.h"

static bool
write_redirect(struct buf *value, const struct route *r)
{
	if (!r->redirect)
		return false;
	buf_add(value, r->redirect);
	return true;
}

const struct map map_redirect = {
	.name = "redirect",
	.help = "where a role address leads, for Postfix",
	.write = write_redirect,
};
