/*
 * tally - what a load generator counted, and its latencies in buckets that
 * grow with them.
 */
#ifndef TESTS_BENCH_TALLY_H
#define TESTS_BENCH_TALLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ask.h"

/* 32 buckets an octave: a bucket is at most 3 % wide. */
#define TALLY_SUB_BITS 5
#define TALLY_BUCKETS (64 << TALLY_SUB_BITS)

/* Of one process, in memory that it shares with its parent. */
struct tally {
	atomic_bool ready;   /* connected */
	bool watched;        /* the server's processor time is known */
	unsigned long rated; /* answered in the time that counts */
	unsigned long word[ASK_FAILED + 1];
	unsigned long wrong, connects, errors;
	uint64_t max;        /* nanoseconds, as the following ones */
	uint64_t span;
	uint64_t own[2];     /* it ran, it waited for a processor */
	uint64_t server[2];
	unsigned long latency[TALLY_BUCKETS];
};

void tally_latency(struct tally *t, uint64_t nanoseconds);

/* Adds to the first of N tallies what the others counted. */
void tally_merge(struct tally *t, unsigned long n);

/* Prints lines of NAME VALUE. */
void tally_print(const struct tally *t);

#endif
