#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache/cache.h"
#include "cache/cdbfile.h"
#include "cache/snapshot.h"
#include "tests/fixture.h"

#define HEAD "2\t" SNAPSHOT_UNSEALED "\t"

struct pair {
	const char *key, *value;
};

static void
make(const struct pair *pairs, size_t n)
{
	const char *err;
	struct cdbmake *m;
	size_t i;

	m = cdbmake_new(fixture_path("s.cdb"), 0644, &err);
	assert_non_null(m);
	for (i = 0; i < n; i++)
		assert_int_equal(cdbmake_put(m, str_from(pairs[i].key),
		                     str_from(pairs[i].value)), 0);
	/* What has no place for a checksum gets none. */
	if (strncmp(pairs[0].value, HEAD, strlen(HEAD)) == 0)
		assert_int_equal(snapshot_commit(m, &err), 0);
	else
		assert_int_equal(cdbmake_commit(m, &err), 0);
}

#define MAKE(...)                                                             \
	do {                                                                  \
		static const struct pair pairs[] = { __VA_ARGS__ };           \
		make(pairs, sizeof(pairs) / sizeof(pairs[0]));                \
	} while (0)

static int
count_list(void *arg, struct str name, const struct record *r)
{
	assert_true(name.n > 0 && name.p[0] != ':');
	assert_true(r->size == 3);
	++*(int *)arg;
	return 0;
}

static void
test_good(void **state)
{
	struct record r;
	struct cache *c;
	const char *err;
	int n = 0;

	(void)state;
	MAKE({ ":listmap", HEAD "2\t64\t99" }, { "bar", "1\t2\t3\ta.test" },
	    { "foo", "4\t5\t3\t\tfurther" });
	c = cache_open(fixture_path("s.cdb"), &err);
	assert_non_null(c);
	assert_true(cache_head(c)->count == 2 && cache_head(c)->dev == 64 &&
	    cache_head(c)->ino == 99);
	assert_int_equal(cache_find(c, STR("foo"), &r), 1);
	assert_true(r.ino == 4 && r.mtime == 5 && r.host.n == 0);
	assert_int_equal(cache_find(c, STR("bar"), &r), 1);
	assert_true(str_is(r.host, "a.test"));
	assert_int_equal(cache_find(c, STR("nosuch"), &r), 0);
	assert_int_equal(cache_find(c, STR(""), &r), 0);
	assert_int_equal(cache_find(c, STR(":listmap"), &r), 0);
	assert_int_equal(cache_each(c, count_list, &n), 0);
	assert_int_equal(n, 2);
	assert_true(cache_written(c) > 0);
	cache_close(c);
}

struct seen {
	char text[512];
	int stop_at;
};

static int
note_host(void *arg, struct str host, const struct record_host *r)
{
	struct seen *s = arg;
	size_t n = strlen(s->text);

	snprintf(s->text + n, sizeof(s->text) - n, "<%.*s %d %.*s>",
	    (int)host.n, host.p, (int)r->count, (int)r->url.n, r->url.p);
	return --s->stop_at == 0 ? 7 : 0;
}

static void
test_each_host(void **state)
{
	struct seen s = { "", 0 };
	struct cache *c;
	const char *err;
	struct record r;

	(void)state;
	MAKE({ ":listmap", HEAD "1\t64\t99" }, { ":host:a.test", "2\thttp://a" },
	    { ":later", "whatever" }, { ":host:", "1\t" },
	    { "foo", "4\t5\t3\ta.test" }, { "host:x", "4\t5\t3\t" });
	c = cache_open(fixture_path("s.cdb"), &err);
	assert_non_null(c);
	assert_int_equal(cache_each_host(c, note_host, &s), 0);
	assert_string_equal(s.text, "<a.test 2 http://a>< 1 >");
	s = (struct seen){ "", 1 };
	assert_int_equal(cache_each_host(c, note_host, &s), 7);
	assert_string_equal(s.text, "<a.test 2 http://a>");
	/* Its key is no list's. */
	assert_int_equal(cache_find(c, STR(":host:a.test"), &r), 0);
	cache_close(c);
	/* None at all. */
	MAKE({ ":listmap", HEAD "0\t64\t99" });
	c = cache_open(fixture_path("s.cdb"), &err);
	assert_non_null(c);
	s = (struct seen){ "", 0 };
	assert_int_equal(cache_each_host(c, note_host, &s), 0);
	assert_string_equal(s.text, "");
	cache_close(c);
}

static void
test_replaced(void **state)
{
	struct cache *c;
	const char *err, *path = fixture_path("s.cdb");

	(void)state;
	MAKE({ ":listmap", HEAD "0\t64\t99" });
	c = cache_open(path, &err);
	assert_non_null(c);
	assert_false(cache_replaced(c, path));
	MAKE({ ":listmap", HEAD "0\t64\t99" });
	assert_true(cache_replaced(c, path));
	assert_int_equal(unlink(path), 0);
	assert_true(cache_replaced(c, path));
	cache_close(c);
	cache_close(NULL);
}

static void
expect_error(const char *expected)
{
	const char *err = NULL;

	assert_null(cache_open(fixture_path("s.cdb"), &err));
	assert_string_equal(err, expected);
}

static void
test_errors(void **state)
{
	(void)state;
	expect_error("No such file or directory");
	assert_int_equal(errno, ENOENT);
	fixture_file(fixture_path("s.cdb"), "");
	expect_error("no CDB");
	assert_int_not_equal(errno, ENOENT);
	MAKE({ "foo", "1\t2\t3" });
	expect_error("no snapshot of listmap");
	assert_int_not_equal(errno, ENOENT);
	MAKE({ ":listmap", "7\t0\tand\tmore" });
	expect_error("another version (7, not 2)");
	MAKE({ ":listmap", HEAD "0\tand\tmore" });
	expect_error("no snapshot of listmap");
	MAKE({ ":listmap", "" });
	expect_error("no snapshot of listmap");
	MAKE({ ":listmap", HEAD "1000000\t64\t99" });
	expect_error("wrong count");
	MAKE({ ":listmap", HEAD "18446744073709551615\t64\t99" });
	expect_error("wrong count");
	/* Whoever makes domains of them must be able to trust them. */
	MAKE({ ":listmap", HEAD "0\t64\t99" }, { ":host:a.test", "nonsense" });
	expect_error("broken hosts");
	assert_int_equal(errno, EPROTO);
}

static void
test_broken_record_is_no_answer(void **state)
{
	struct record r;
	struct cache *c;
	const char *err;
	int n = 0;

	(void)state;
	MAKE({ ":listmap", HEAD "1\t64\t99" }, { "foo", "nonsense" });
	c = cache_open(fixture_path("s.cdb"), &err);
	assert_non_null(c);
	assert_int_equal(cache_find(c, STR("foo"), &r), -1);
	assert_int_equal(cache_each(c, count_list, &n), -1);
	cache_close(c);
}

static void
test_path(void **state)
{
	char *path = cache_path("/var/cache", "lists", "cdb");

	(void)state;
	assert_string_equal(path, "/var/cache/lists.cdb");
	free(path);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_good),
		TEST(test_each_host),
		TEST(test_replaced),
		TEST(test_errors),
		TEST(test_broken_record_is_no_answer),
		TEST(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
