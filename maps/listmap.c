/*
 * listmap: one question per address, for FEATURE(listmap).  The value is what
 * its rules hand to MailerToTriple.
 */
#include "base/buf.h"
#include "mailman/resolve.h"
#include "maps/maps.h"
#include "maps/value.h"

static bool
write_listmap(struct buf *value, const struct route *r)
{
	if (r->redirect)
		buf_printf(value, "redirect:%s", r->redirect);
	else
		value_mailer_host(value, r->site, r->domain);
	return true;
}

const struct map map_listmap = {
	.name = "listmap",
	.help = "mailer and host of a list's address, for FEATURE(listmap)",
	.write = write_listmap,
};
