/*
 * standalone - a virtusertable that does without the daemon.
 */
#ifndef MAPS_STANDALONE_H
#define MAPS_STANDALONE_H

#include "maps/maps.h"

/*
 * Enumerates what a table needs so that sendmail's virtusertable rules
 * (cf/m4/proto.m4) find in it what they would be told by the daemon: every
 * address, NAME+*@DOMAIN where a detail may follow or must not, and @DOMAIN
 * with a refusal for dedicated domains.  Beside it, the table of mailertable
 * is needed.
 */
int standalone_each(const struct sites *s, map_emit_fn *emit, void *arg);

#endif
