#include <stddef.h>

#include "mailman/action.h"
#include "base/str.h"

/* Mailman's own words: its wrapper's VALID_COMMANDS (src/mail-wrapper.c). */
static const char *const names[ACTIONS] = {
	[ACTION_POST] = "post",
	[ACTION_ADMIN] = "admin",
	[ACTION_BOUNCES] = "bounces",
	[ACTION_CONFIRM] = "confirm",
	[ACTION_JOIN] = "join",
	[ACTION_LEAVE] = "leave",
	[ACTION_OWNER] = "owner",
	[ACTION_REQUEST] = "request",
	[ACTION_SUBSCRIBE] = "subscribe",
	[ACTION_UNSUBSCRIBE] = "unsubscribe",
	[ACTION_LOOP] = "loop",
};

const char *const action_names[] = { "post", "admin", "bounces", "confirm",
	"join", "leave", "owner", "request", "subscribe", "unsubscribe", NULL };

const char *
action_name(enum action a)
{
	return names[a];
}

int
action_find(struct str name)
{
	for (int a = 0; a < ACTIONS; a++)
		if (str_is(name, names[a]))
			return a;
	return -1;
}
