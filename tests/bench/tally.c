#include <stdio.h>

#include "tally.h"

static unsigned
bucket_of(uint64_t v)
{
	unsigned shift;

	if (v < (1u << TALLY_SUB_BITS))
		return (unsigned)v;
	shift = (unsigned)(63 - __builtin_clzll(v)) - TALLY_SUB_BITS;
	return (shift << TALLY_SUB_BITS) + (unsigned)(v >> shift);
}

/* The middle of a bucket. */
static double
bucket_value(unsigned b)
{
	unsigned shift = b >> TALLY_SUB_BITS;

	if (shift < 2)
		return b;
	shift--;
	return ((double)(b - (shift << TALLY_SUB_BITS)) + 0.5) *
	    (double)(1ull << shift);
}

void
tally_latency(struct tally *t, uint64_t nanoseconds)
{
	t->latency[bucket_of(nanoseconds)]++;
	if (nanoseconds > t->max)
		t->max = nanoseconds;
}

static void
tally_add(struct tally *t, const struct tally *more)
{
	unsigned i;

	t->rated += more->rated;
	for (i = 0; i <= ASK_FAILED; i++)
		t->word[i] += more->word[i];
	t->wrong += more->wrong;
	t->connects += more->connects;
	t->errors += more->errors;
	t->own[0] += more->own[0];
	t->own[1] += more->own[1];
	if (more->max > t->max)
		t->max = more->max;
	for (i = 0; i < TALLY_BUCKETS; i++)
		t->latency[i] += more->latency[i];
}

void
tally_merge(struct tally *t, unsigned long n)
{
	unsigned long i;

	for (i = 1; i < n; i++)
		tally_add(t, &t[i]);
}

/* In microseconds. */
static double
tally_quantile(const struct tally *t, double q)
{
	unsigned long n = 0;
	unsigned long seen = 0;
	unsigned b;

	for (b = 0; b < TALLY_BUCKETS; b++)
		n += t->latency[b];
	for (b = 0; b < TALLY_BUCKETS; b++) {
		seen += t->latency[b];
		if (seen > 0 && (double)seen >= q * (double)n)
			return bucket_value(b) / 1000;
	}
	return 0;
}

void
tally_print(const struct tally *t)
{
	double span = (double)t->span;
	double rated = t->rated > 0 ? (double)t->rated : 1;

	printf("seconds %.3f\n", span / 1e9);
	printf("lookups %lu\n", t->rated);
	printf("rate %.0f\n", (double)t->rated / span * 1e9);
	printf("connects %.0f\n", (double)t->connects / span * 1e9);
	printf("p50 %.1f\n", tally_quantile(t, 0.50));
	printf("p99 %.1f\n", tally_quantile(t, 0.99));
	printf("max %.1f\n", (double)t->max / 1000);
	printf("found %lu\n", t->word[ASK_OK] + t->word[ASK_OTHER_OK]);
	printf("notfound %lu\n", t->word[ASK_NOTFOUND]);
	printf("temp %lu\n", t->word[ASK_TEMP]);
	printf("wrong %lu\n", t->wrong);
	printf("errors %lu\n", t->errors);
	printf("load_busy %.3f\n", (double)t->own[0] / span);
	printf("load_wait %.3f\n", (double)t->own[1] / span);
	if (t->watched) {
		printf("server_busy %.3f\n", (double)t->server[0] / span);
		printf("server_wait %.3f\n", (double)t->server[1] / span);
		printf("server_cpu %.3f\n",
		    (double)t->server[0] / 1000 / rated);
	}
}
