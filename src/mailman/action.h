/*
 * action - what an address of a list asks for: to post, to subscribe, to reach
 * the owner, ...
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
/* The suffixes of Mailman 3 (mailman/runners/lmtp.py).  Its files for Postfix
 * have a line for each of them. */
#define ACTION_SUFFIXES_3                                                     \
	(ACTION_BIT(ACTION_BOUNCES) | ACTION_BIT(ACTION_CONFIRM) |            \
	    ACTION_BIT(ACTION_JOIN) | ACTION_BIT(ACTION_LEAVE) |              \
	    ACTION_BIT(ACTION_OWNER) | ACTION_BIT(ACTION_REQUEST) |           \
	    ACTION_BIT(ACTION_SUBSCRIBE) | ACTION_BIT(ACTION_UNSUBSCRIBE))

/* Mailman's word for A ("post"); "loop" is ours. */
const char *action_name(enum action a);
/* The action that has NAME, or -1. */
int action_find(struct str name);
/* The words that the option `actions' may hold; ends with NULL. */
extern const char *const action_names[];

#endif
