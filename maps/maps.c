#include <stddef.h>
#include <string.h>

#include "maps/maps.h"

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
	&map_served,
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
