/*
 * patience - how the unit tests wait: until the thing has happened.  They give
 * up only after what no machine needs, however busy it is.
 */
#ifndef TESTS_PATIENCE_H
#define TESTS_PATIENCE_H

#include <time.h>

#define PATIENCE 120 /* seconds */

/* Waits for CONDITION, with STEP between two looks; the test fails where it
 * never comes true. */
#define UNTIL_BY(condition, step)                                             \
	do {                                                                  \
		time_t until_end = time(NULL) + PATIENCE;                     \
                                                                              \
		while (!(condition)) {                                        \
			if (time(NULL) > until_end)                           \
				fail_msg("waited in vain: %s", #condition);   \
			step;                                                 \
		}                                                             \
	} while (0)

#define UNTIL(condition)                                                      \
	UNTIL_BY(condition,                                                   \
	    nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL))

#endif
