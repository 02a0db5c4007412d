#include <stddef.h>
#include <string.h>

#include "maps/maps.h"
#include "base/buf.h"
#include "mailman/address.h"
#include "mailman/resolve.h"
#include "maps/value.h"

const struct map *const maps[] = {
	&map_listmap,
	&map_refusal,
	&map_virtuser,
	&map_mailertable,
	&map_aliases,
	&map_domains,
	&map_recipients,
	&map_transport,
	&map_redirect,
	&map_site_domain,
	NULL,
};

const struct map *
map_find(const char *role)
{
	for (size_t i = 0; maps[i]; i++)
		if (!strcmp(maps[i]->name, role))
			return maps[i];
	return NULL;
}

int
map_lookup(const struct map *map, const struct sites *s, struct str key,
    struct buf *value)
{
	struct address a;
	struct route r;

	if (map->lookup)
		return map->lookup(s, key, value);
	if (address_parse(key, &a) == -1)
		return 0;
	switch (resolve(s, &a, &r)) {
	case RESOLVED_FOUND:
		return map->write(value, &r);
	case RESOLVED_NO_ANSWER:
		return value_no_answer(value, &r);
	case RESOLVED_ABSENT:
		break;
	}
	return 0;
}

static map_each_fn *
own_each(const struct map *map, enum map_form form)
{
	map_each_fn *const each[] = {
		[MAP_DUMP] = map->each,
		[MAP_SHARED] = map->each_shared,
		[MAP_STANDALONE] = map->each_standalone,
	};

	return each[form];
}

bool
map_has(const struct map *map, enum map_form form)
{
	return own_each(map, form) || (form == MAP_DUMP && map->write);
}

struct dump {
	const struct map *map;
	map_emit_fn *emit;
	void *arg;
};

static int
emit_address(void *arg, struct str address, const struct route *r)
{
	const struct dump *d = arg;
	struct buf value;
	int rc = 0;

	buf_init(&value, 2 * MAP_VALUE_MAX);
	if (d->map->write(&value, r))
		rc = value.failed ? -1 : d->emit(d->arg, address,
		    buf_get(&value));
	buf_clear(&value);
	return rc;
}

int
map_each(const struct map *map, enum map_form form, const struct sites *s,
    map_emit_fn *emit, void *arg)
{
	struct dump d = { map, emit, arg };
	map_each_fn *each = own_each(map, form);

	return each ? each(s, emit, arg) : resolve_each(s, emit_address, &d);
}
