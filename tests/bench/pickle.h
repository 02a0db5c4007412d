/*
 * pickle - the config.pck of a new list, for the lists directories of the
 * bench.
 */
#ifndef TESTS_BENCH_PICKLE_H
#define TESTS_BENCH_PICKLE_H

#include <stddef.h>

#define PICKLE_SIZE 4096

/*
 * Writes what Mailman 2.1 writes for a list that was made just now, at the
 * host ASK_HOST, and returns how many bytes it has: nearly PICKLE_SIZE.
 */
size_t pickle_fresh(char bytes[PICKLE_SIZE]);

#endif
