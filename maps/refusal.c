/*
 * refusal: the text for an address of a dedicated domain that no list has,
 * for FEATURE(listmap), which asks when nobody else claimed the address.
 */
#include "mailman/address.h"
#include "mailman/resolve.h"
#include "maps/maps.h"
#include "maps/value.h"

static int
lookup_refusal(const struct sites *s, struct str key, struct buf *value)
{
	struct address a;
	struct route r;

	if (address_parse(key, &a) == -1)
		return 0;
	switch (resolve(s, &a, &r)) {
	case RESOLVED_FOUND:
		return 0;
	case RESOLVED_NO_ANSWER:
		return value_no_answer(value, &r);
	case RESOLVED_ABSENT:
		break;
	}
	if (!r.domain || !r.domain->dedicated)
		return 0;
	value_refusal(value, s, &a, r.domain);
	return 1;
}

const struct map map_refusal = {
	.name = "refusal",
	.help = "error for an address of a dedicated domain that no list has",
	.lookup = lookup_refusal,
};
