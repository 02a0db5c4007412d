/*
 * offspring - the wrapper and every process that it started.
 *
 * A process may leave the wrapper's process group and session, and still have
 * the message: it must not see the end of one that was cut, nor store one that
 * sendmail will bring again.  So the orphans of the wrapper become our own
 * children (PR_SET_CHILD_SUBREAPER, prctl(2)), and can be found.
 */
#ifndef MM_HANDLER_OFFSPRING_H
#define MM_HANDLER_OFFSPRING_H

#include <sys/types.h>

/* From now on orphans of what we start become our children. */
void offspring_adopt(void);

/*
 * Kills the wrapper, a child of ours, the process group GROUP that it is in,
 * and what it started, and returns when they have ended.  Whoever has not
 * after two seconds waits for a disk; it does nothing more.  The wrapper's
 * status stays to be waited for.  Children of ours in our own process group
 * are left alone.
 */
void offspring_kill(pid_t wrapper, pid_t group);

#endif
