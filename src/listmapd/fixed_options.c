#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "listmapd/fixed_options.h"
#include "base/conf.h"
#include "base/log.h"

static bool
have_same_words(const struct conf_words *a, const struct conf_words *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->word[i], b->word[i]))
			return false;
	return true;
}

static void
warn_of_restart(const struct conf *old, const struct conf *new)
{
	const struct {
		const char *option;
		bool same;
	} fixed[] = {
		{ "listen", have_same_words(&old->listen, &new->listen) },
		{ "socket_mode", old->socket_mode == new->socket_mode },
		{ "socket_owner",
		    !strcmp(old->socket_owner, new->socket_owner) },
		{ "socket_group",
		    !strcmp(old->socket_group, new->socket_group) },
		{ "cache_dir", !strcmp(old->cache_dir, new->cache_dir) },
		{ "user", !strcmp(old->user, new->user) },
		{ "pidfile", !strcmp(old->pidfile, new->pidfile) },
		{ "log", !strcmp(old->log, new->log) },
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		if (!fixed[i].same)
			log_warn("daemon: option '%s' takes effect at the next "
			    "start", fixed[i].option);
}

static void
keep_old_value(const char *old, char **new)
{
	char *same = strdup(old);

	if (!same)
		return;
	free(*new);
	*new = same;
}

void
fixed_options_keep(const struct conf *old, struct conf *new)
{
	warn_of_restart(old, new);
	keep_old_value(old->cache_dir, &new->cache_dir);
	keep_old_value(old->pidfile, &new->pidfile);
}
