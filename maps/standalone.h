/*
 * standalone - a virtusertable that does without the daemon.
 */
#ifndef MAPS_STANDALONE_H
#define MAPS_STANDALONE_H

#include "maps/maps.h"

/*
 * Calls EMIT for every line that a table needs so that sendmail's
 * virtusertable rules (cf/m4/proto.m4) find in it what the daemon would tell
 * them: every address, NAME+*@DOMAIN if a detail may follow or must not, and
 * @DOMAIN with a refusal for dedicated domains.  Mail needs the table of
 * mailertable beside it.  Returns what map_each() does.
 */
int standalone_each(const struct sites *s, map_emit_fn *emit, void *arg);

#endif
