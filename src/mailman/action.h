/*
 * action - what an address of a list asks for.
 */
#ifndef MAILMAN_ACTION_H
#define MAILMAN_ACTION_H

#include "base/str.h"

enum action {
	ACTION_POST,
	ACTION_ADMIN,
	ACTION_BOUNCES,
	ACTION_CONFIRM,
	ACTION_JOIN,
	ACTION_LEAVE,
	ACTION_OWNER,
	ACTION_REQUEST,
	ACTION_SUBSCRIBE,
	ACTION_UNSUBSCRIBE,
	ACTION_LOOP, /* mailman-loop: Mailman's own bounces, a mailbox file */
	ACTIONS
};

#define ACTION_BIT(a) (1u << (a))
#define ACTION_ALL (ACTION_BIT(ACTIONS) - 1)

/* Mailman's word for it ("post"). */
const char *action_name(enum action a);
/* The action of that name, or -1. */
int action_find(struct str name);
/* Those that a configuration may name; ends with NULL. */
extern const char *const action_names[];

#endif
