#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"
#include "mailman/address.h"
#include "mailman/entry_facts.h"
#include "mailman/mailman.h"
#include "mailman/resolve.h"
#include "mailman/sites.h"
#include "cache/cache.h"
#include "cache/cached_lists.h"
#include "cache/cdbfile.h"
#include "cache/rebuild.h"
#include "cache/snapshot.h"
#include "tests/fixture.h"
#include "tests/patience.h"
#include "tests/sample.h"

/* Some 600 rebuilds would wait for the disk most of the time. */
int
fsync(int fd)
{
	(void)fd;
	return 0;
}

/* A write at this offset finds the disk full. */
static off_t no_room_at = -1;

ssize_t
write(int fd, const void *p, size_t n)
{
	if (no_room_at != -1 && lseek(fd, 0, SEEK_CUR) == no_room_at) {
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_write, fd, p, n);
}

/* Half of the lists are at a dedicated domain, half at a shared one. */
static const struct {
	const char *name, *host;
} known[] = {
	{ "announce", "lists.test" },
	{ "club", "shared.test" },
	{ "dev-users", "lists.test" },
	{ "mailman", "shared.test" },
	{ "news", "lists.test" },
	{ "staff", "shared.test" },
	{ "test", "lists.test" },
	{ "x", "shared.test" },
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

static struct conf *conf;
static struct buf good;

static void
make_lists(void)
{
	char text[1024];

	for (size_t i = 0; i < KNOWN; i++) {
		fixture_list("lists", known[i].name);
		snprintf(text, sizeof(text), "}(S'host_name'\nS'%s'\nu.",
		    known[i].host);
		fixture_file(fixture_path("lists/%s/config.pck", known[i].name),
		    text);
	}
	snprintf(text, sizeof(text), "cache_dir = \"%s\"\n"
	    "site \"s\" { lists_dir = \"%s\"\n"
	    "  domain \"lists.test\" { dedicated = true }\n"
	    "  domain \"shared.test\" {} }\n",
	    fixture_path("cache"), fixture_path("lists"));
	conf = sample_conf(text);
}

static void
rebuild_with(struct cache *known_to_daemon)
{
	struct rebuild_order o = rebuild_order(&conf->sites[0], &mailman2,
	    conf->cache_dir);
	struct rebuild_result r;

	o.known = known_to_daemon;
	rebuild(&o, &r);
	assert_int_equal(r.status, REBUILD_WRITTEN);
	assert_int_equal(r.lists, KNOWN);
}

/* Flips one to four bits of the cache in its place.  The same one twice is
 * none: then another follows. */
static void
damage(void)
{
	struct buf bad = fixture_content(fixture_path("cache/s.cdb"));
	int n = 1 + rand() % 4;
	FILE *f;

	while (n-- > 0 || str_eq(buf_get(&bad), buf_get(&good))) {
		size_t bit = (size_t)rand() % (8 * bad.n);

		bad.p[bit / 8] = (char)(bad.p[bit / 8] ^ 1 << bit % 8);
	}
	f = fopen(fixture_path("cache/s.cdb"), "r+e");
	assert_non_null(f);
	assert_int_equal(fwrite(bad.p, 1, bad.n, f), bad.n);
	assert_int_equal(fclose(f), 0);
	buf_clear(&bad);
}

/* Asks for each list at its domain.  ALL: each is found, and what is no list is
 * absent. */
static void
ask(struct cached_lists *s, bool all)
{
	const struct lists *lists = &s->lists;
	struct sites *sites = sample_sites(conf, &lists);
	struct address a;
	struct route route;
	char key[128];

	for (size_t i = 0; i < KNOWN; i++) {
		enum resolved found;

		snprintf(key, sizeof(key), "%s@%s", known[i].name,
		    known[i].host);
		assert_int_equal(address_parse(str_from(key), &a), 0);
		found = resolve(sites, &a, &route);
		assert_int_not_equal(found, RESOLVED_ABSENT);
		if (all)
			assert_int_equal(found, RESOLVED_FOUND);
	}
	assert_int_equal(address_parse(STR("nosuch@lists.test"), &a), 0);
	assert_int_equal(resolve(sites, &a, &route),
	    all ? RESOLVED_ABSENT : RESOLVED_NO_ANSWER);
	sites_free(sites);
}

static int
tell(void *arg, struct str name, struct entry_facts *f)
{
	(void)arg;
	entry_facts_take(&mailman2, conf->sites[0].lists_dir, NULL, name, f);
	return 1;
}

static void
init_lists(struct cached_lists *s, bool verify)
{
	cached_lists_init(s, &mailman2, verify);
	s->facts = tell;
	s->fresh.trusted = true;
}

static void
expect_mended(void)
{
	struct buf now = fixture_content(fixture_path("cache/s.cdb"));

	assert_true(str_eq(buf_get(&now), buf_get(&good)));
	buf_clear(&now);
}

/* A process that starts finds the damaged file. */
static void
try_cold(bool verify)
{
	struct cached_lists s;
	const char *err;

	damage();
	init_lists(&s, verify);
	assert_int_equal(cached_lists_reopen(&s, fixture_path("cache/s.cdb"),
	                     &err),
	    -1);
	ask(&s, false);
	rebuild_with(NULL);
	expect_mended();
	assert_int_equal(cached_lists_reopen(&s, fixture_path("cache/s.cdb"),
	                     &err),
	    1);
	ask(&s, true);
	cached_lists_clear(&s);
}

/* The file is damaged while a process has it open. */
static void
try_running(bool verify)
{
	struct cached_lists s;
	const char *err;

	init_lists(&s, verify);
	assert_int_equal(cached_lists_reopen(&s, fixture_path("cache/s.cdb"),
	                     &err),
	    1);
	damage();
	ask(&s, true);
	assert_int_equal(cached_lists_reopen(&s, fixture_path("cache/s.cdb"),
	                     &err),
	    -1);
	ask(&s, true);
	rebuild_with(s.cache);
	expect_mended();
	assert_int_equal(cached_lists_reopen(&s, fixture_path("cache/s.cdb"),
	                     &err),
	    1);
	ask(&s, true);
	cached_lists_clear(&s);
}

/* Once the lists are old enough, each snapshot of them is the same. */
static bool
makes_lasting_snapshot(void)
{
	const char *err, *path = fixture_path("cache/s.cdb");
	struct cache *c;
	bool lasts;

	(void)unlink(path);
	rebuild_with(NULL);
	c = cache_open(path, &err);
	assert_non_null(c);
	lasts = cache_head(c)->ctime != 0;
	cache_close(c);
	return lasts;
}

static void
test_600_damaged_caches(void **state)
{
	(void)state;
	make_lists();
	UNTIL(makes_lasting_snapshot());
	good = fixture_content(fixture_path("cache/s.cdb"));
	srand(1);
	for (int i = 0; i < 150; i++)
		for (int verify = 0; verify < 2; verify++) {
			try_cold(verify);
			try_running(verify);
		}
	buf_clear(&good);
	conf_free(conf);
}

/* The checksum is the last that is written. */
static void
test_disk_that_ends_before_the_checksum(void **state)
{
	const char *err = NULL, *path = fixture_path("cache/s.cdb");
	struct cdbmake *m;

	(void)state;
	m = cdbmake_new(path, 0644, &err);
	assert_non_null(m);
	assert_int_equal(cdbmake_put(m, STR(":listmap"),
	                     STR("3\t" SNAPSHOT_UNSEALED "\t0\t1\t1\t0\t0\t\ts")),
	    0);
	no_room_at = 2066;
	assert_int_equal(snapshot_commit(m, &err), -1);
	no_room_at = -1;
	assert_string_equal(err, "No space left on device");
	assert_int_equal(fixture_count(fixture_path("cache"), "s.cdb"), 0);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_600_damaged_caches),
		TEST(test_disk_that_ends_before_the_checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
