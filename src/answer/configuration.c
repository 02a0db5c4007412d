#include <sysexits.h>

#include "answer/configuration.h"
#include "base/conf_check.h"
#include "base/log.h"
#include "mailman/mailman.h"
#include "maps/maps.h"

/* There will never be more roles. */
#define ROLES_MAX 64

struct conf *
configuration_load(const char *path)
{
	const char *roles[ROLES_MAX] = { NULL };

	for (size_t i = 0; maps[i] && i < ROLES_MAX - 1; i++)
		roles[i] = maps[i]->name;
	return mailman_conf(path, roles);
}

struct conf *
configuration_need(const char *path)
{
	struct conf *c = configuration_load(path);

	if (!c || conf_check_places(c) == -1)
		fatal(EX_CONFIG, "%s: not used", path);
	return c;
}
