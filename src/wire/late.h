/*
 * late - whether an answer would come too late, and what prevents it.
 *
 * sendmail takes a reply that comes after its time-out for the answer to its
 * next question.  A process cannot know when waiting bytes came, only that it
 * was not before the previous return from poll, which would have shown them.
 * So the age of everything that is read in a turn of the loop is counted from
 * that moment.
 */
#ifndef WIRE_LATE_H
#define WIRE_LATE_H

#include <stdbool.h>

struct late {
	double previous; /* seconds of CLOCK_MONOTONIC, at a poll's return */
	double current;
};

void late_init(struct late *l);

/*
 * To be called at each return from poll.  Returns whether that took longer
 * than DEADLINE seconds since the last one: whatever waits now may be too old.
 * The caller gets rid of it before it reads anything else, and what comes
 * after that is fresh.
 */
bool late_turn(struct late *l, double deadline);

/*
 * Whether something is now too old to answer that came not before SINCE: for
 * what was read in this turn that is l->previous.
 */
bool late_now(double since, double deadline);

/*
 * The process may be stopped (SIGSTOP) between late_now() and the write.
 * After late_answering() the handler of SIGCONT shuts FD down if an answer is
 * too old by then, by the same rule as late_now(), so that the write fails.
 * late_answered() ends this.
 */
void late_answering(double since, double deadline, int fd);
void late_answered(void);
/* Catches SIGCONT, for the whole process. */
void late_catch(void);

#endif
