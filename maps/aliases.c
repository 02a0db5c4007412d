/*
 * aliases: what an alias file would say, for sites that route by aliases.
 * The key is a local part alone, the value what Mailman's own genaliases
 * writes (Mailman/MTA/Utils.py, makealiases; MTA/Postfix.py for the loop).
 * Lists whose names mean something to a shell have none; to ask for one has no
 * answer, for the list is there.
 */
#include "base/buf.h"
#include "base/conf.h"
#include "mailman/action.h"
#include "mailman/address.h"
#include "mailman/entry.h"
#include "mailman/resolve.h"
#include "maps/maps.h"
#include "maps/value.h"

/* A path, an action and a list name of 255 bytes. */
#define ALIAS_MAX 4608

static void
write_alias(struct buf *value, const struct route *r)
{
	const struct conf_site *site = r->site->conf;

	if (r->reading.action == ACTION_LOOP) {
		buf_printf(value, "%s/owner-bounces.mbox", site->data_dir);
		return;
	}
	buf_printf(value, "\"|%s %s ", site->wrapper,
	    action_name(r->reading.action));
	buf_str(value, r->reading.list);
	buf_char(value, '"');
}

/* A shell runs what an alias says, and the name of a list may be a command. */
static bool
has_alias(const struct route *r)
{
	return entry_name_is_plain(r->reading.list);
}

static int
lookup_aliases(const struct sites *s, struct str key, struct buf *value)
{
	struct address a;
	struct route r;

	address_parse_local(key, &a);
	switch (resolve_local(s, &a, &r)) {
	case RESOLVED_FOUND:
		if (!has_alias(&r)) {
			buf_add(value, "the list's name is none for a shell");
			return -1;
		}
		write_alias(value, &r);
		return 1;
	case RESOLVED_NO_ANSWER:
		return value_no_answer(value, &r);
	case RESOLVED_ABSENT:
		break;
	}
	return 0;
}

struct dump {
	map_emit_fn *emit;
	void *arg;
};

static int
emit_alias(void *arg, struct str local, const struct route *r)
{
	const struct dump *t = arg;
	struct buf value;
	int rc;

	/* Once for the list, not for each of its addresses. */
	if (!has_alias(r))
		return r->reading.action == ACTION_POST ?
		    t->emit(t->arg, local, (struct str){ NULL, 0 }) : 0;
	buf_init(&value, ALIAS_MAX);
	write_alias(&value, r);
	rc = value.failed ? -1 : t->emit(t->arg, local, buf_get(&value));
	buf_clear(&value);
	return rc;
}

static int
each_aliases(const struct sites *s, map_emit_fn *emit, void *arg)
{
	struct dump t = { emit, arg };

	return resolve_each_local(s, emit_alias, &t);
}

const struct map map_aliases = {
	.name = "aliases",
	.help = "alias of a list's local part: the wrapper and its arguments",
	.key = MAP_LOCAL_PART,
	.lookup = lookup_aliases,
	.each = each_aliases,
};
