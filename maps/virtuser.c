/*
 * virtuser: for the stock FEATURE(virtusertable).
 *
 * sendmail asks for user+detail@domain, then for the fall-back forms user++@,
 * user+*@, user@, ++@, +*@ and @domain (cf/m4/proto.m4).  The forms without a
 * user come only after the address itself was not found: whatever they said
 * would hide what comes after them, so they are always absent.
 *
 * On a dedicated domain a list is absent here, too: mailertable routes it,
 * detail and all.  Unless only the address tells which mailer it is; or the
 * list has a '+' in its name: after an absent a+b@ sendmail asks for a++@ and
 * a@, which would be refused.
 */
#include "base/buf.h"
#include "base/str.h"
#include "mailman/address.h"
#include "mailman/resolve.h"
#include "maps/maps.h"
#include "maps/standalone.h"
#include "maps/value.h"

/* A true 451 at RCPT; TEMP from virtusertable means "250, will queue". */
#define BUSY "error:4.3.0:\"451 4.3.0 List lookup failed, " \
	     "please try again later\""

static bool
is_fallback(struct str local)
{
	return local.n == 0 || str_is(local, "++") || str_is(local, "+*");
}

static bool
write_virtuser(struct buf *value, const struct route *r)
{
	if (r->redirect) {
		buf_add(value, r->redirect);
		return true;
	}
	if (r->domain->dedicated && value_mailer(r->domain) &&
	    str_find(r->reading.list, '+') == STR_NONE)
		return false;
	value_pseudo(value, r->site, r->domain);
	return true;
}

static int
lookup_virtuser(const struct sites *s, struct str key, struct buf *value)
{
	struct address a;
	struct route r;

	if (address_parse(key, &a) == -1 || is_fallback(a.local))
		return 0;
	switch (resolve(s, &a, &r)) {
	case RESOLVED_FOUND:
		return write_virtuser(value, &r);
	case RESOLVED_NO_ANSWER:
		if (!r.domain->dedicated)
			return value_no_answer(value, &r);
		buf_add(value, BUSY);
		return 1;
	case RESOLVED_ABSENT:
		break;
	}
	if (!r.domain || !r.domain->dedicated)
		return 0;
	value_refusal(value, s, &a, r.domain);
	return 1;
}

const struct map map_virtuser = {
	.name = "virtuser",
	.help = "what a virtusertable holds for a list's address",
	.write = write_virtuser,
	.lookup = lookup_virtuser,
	.each_standalone = standalone_each,
};
