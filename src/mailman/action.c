#include <stddef.h>

#include "mailman/action.h"
#include "base/str.h"

/* Mailman's own words: its wrapper's VALID_COMMANDS (src/mail-wrapper.c). */
static const struct str names[ACTIONS] = {
	[ACTION_POST] = STR("post"),
	[ACTION_ADMIN] = STR("admin"),
	[ACTION_BOUNCES] = STR("bounces"),
	[ACTION_CONFIRM] = STR("confirm"),
	[ACTION_JOIN] = STR("join"),
	[ACTION_LEAVE] = STR("leave"),
	[ACTION_OWNER] = STR("owner"),
	[ACTION_REQUEST] = STR("request"),
	[ACTION_SUBSCRIBE] = STR("subscribe"),
	[ACTION_UNSUBSCRIBE] = STR("unsubscribe"),
	[ACTION_LOOP] = STR("loop"),
};

const char *const action_names[] = { "post", "admin", "bounces", "confirm",
	"join", "leave", "owner", "request", "subscribe", "unsubscribe", NULL };

const char *
action_name(enum action a)
{
	return names[a].p;
}

int
action_find(struct str name)
{
	for (int a = 0; a < ACTIONS; a++)
		if (str_eq(name, names[a]))
			return a;
	return -1;
}
