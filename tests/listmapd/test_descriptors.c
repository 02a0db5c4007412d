#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"
#include "base/log.h"
#include "listmapd/descriptors.h"

/* A kernel of the test's own. */
static struct {
	struct rlimit limit;
	rlim_t most; /* that the hard limit may be raised to; 0: it may not */
	int lines;
	char line[512];
} at;

/* A sanitizer asks the real one, for other limits, before a test begins. */
static bool is_test;

/* glibc takes an enum. */
int
getrlimit(__rlimit_resource_t resource, struct rlimit *l)
{
	if (!is_test)
		return (int)syscall(SYS_prlimit64, 0, resource, NULL, l);
	assert_int_equal(resource, RLIMIT_NOFILE);
	*l = at.limit;
	return 0;
}

int
setrlimit(__rlimit_resource_t resource, const struct rlimit *l)
{
	if (!is_test)
		return (int)syscall(SYS_prlimit64, 0, resource, l, NULL);
	assert_int_equal(resource, RLIMIT_NOFILE);
	assert_true(l->rlim_cur <= l->rlim_max);
	if (l->rlim_max > at.limit.rlim_max && l->rlim_max > at.most) {
		errno = EPERM;
		return -1;
	}
	at.limit = *l;
	return 0;
}

static void
sink(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	assert_int_equal(level, LEVEL_WARN);
	at.lines++;
	snprintf(at.line, sizeof(at.line), "%s", line);
}

static const struct {
	rlim_t soft, hard, most;
	long clients;   /* that are wanted */
	size_t sites;
	rlim_t after;   /* the limit then */
	size_t served;
} rows[] = {
	/* It is enough, and is never lowered. */
	{ 1024, 1024, 0, 5, 1, 1024, 5 },
	{ 1024, 1024, 0, 768, 1, 1024, 768 },
	/* Up to the hard limit. */
	{ 1024, 4096, 0, 769, 1, 1025, 769 },
	{ 64, 4096, 0, 3840, 1, 4096, 3840 },
	{ 64, 4096, 0, 3841, 1, 4096, 3840 },
	{ 64, 4096, 0, 10000, 1, 4096, 3840 },
	/* And beyond, for root. */
	{ 64, 4096, 1000000, 10000, 1, 10256, 10000 },
	{ 64, 4096, 5000, 10000, 1, 4096, 3840 },
	/* Many sites need many themselves. */
	{ 64, 4096, 0, 10000, 500, 4096, 1024 },
	{ 64, 4096, 0, 10000, 400, 4096, 4096 - 128 - 2400 },
	/* With few, a quarter of them. */
	{ 64, 64, 0, 100, 1, 64, 16 },
	{ 64, 64, 0, 16, 1, 64, 16 },
	{ 64, 64, 0, 17, 1, 64, 16 },
	{ 341, 341, 0, 1000, 1, 341, 85 },
	{ 512, 512, 0, 1000, 1, 512, 256 },
	{ 513, 513, 0, 1000, 1, 513, 257 },
};

static void
raises_what_it_may(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct conf c = { .max_connections = rows[i].clients,
			.nsites = rows[i].sites };
		char words[64];
		size_t served;

		memset(&at, 0, sizeof(at));
		at.limit = (struct rlimit){ rows[i].soft, rows[i].hard };
		at.most = rows[i].most;
		served = descriptors_raise(&c);
		if (served != rows[i].served ||
		    at.limit.rlim_cur != rows[i].after)
			fail_msg("row %zu: %zu are served, limit %llu", i,
			    served, (unsigned long long)at.limit.rlim_cur);
		assert_int_equal(at.lines, served < (size_t)rows[i].clients);
		snprintf(words, sizeof(words), ": %zu are served", served);
		assert_true(at.lines == 0 || strstr(at.line, words));
	}
}

static void
prepares_for_reloads(void **state)
{
	const struct conf few = { .max_connections = 1000, .nsites = 1 };
	const struct conf all = { .max_connections = 1000000, .nsites = 1 };
	/* What the kernel allows, and the hard limit then. */
	static const rlim_t kernels[][2] = {
		{ 1048576, 1006128 },
		{ 500000, 251532 },
		{ 1300, 1256 }, /* what is needed now */
		{ 1255, 982 },
		{ 0, 128 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels); i++) {
		memset(&at, 0, sizeof(at));
		at.limit = (struct rlimit){ 64, 128 };
		at.most = kernels[i][0];
		descriptors_prepare(&few);
		if (at.limit.rlim_max != kernels[i][1])
			fail_msg("row %zu: %llu", i,
			    (unsigned long long)at.limit.rlim_max);
		assert_int_equal(at.lines, 0);
		/* As another account. */
		at.most = 0;
		assert_int_equal(descriptors_raise(&all) == 1000000, i == 0);
		assert_int_equal(descriptors_raise(&few) == 1000, i < 3);
	}
	/* A higher one stays. */
	at.limit = (struct rlimit){ 64, RLIM_INFINITY };
	descriptors_prepare(&all);
	assert_true(at.limit.rlim_max == RLIM_INFINITY);
}

static int
set_sink(void **state)
{
	(void)state;
	log_sink(sink, NULL);
	is_test = true;
	return 0;
}

static int
end_test(void **state)
{
	(void)state;
	is_test = false;
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_sink, end_test)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(raises_what_it_may),
		TEST(prepares_for_reloads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
