#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cache/cdbfile.h"
#include "cache/source.h"
#include "fixture.h"
#include "mailman/directory.h"

static enum lists_found told;

static void
note(void *arg, enum lists_found found)
{
	(void)arg;
	told = found;
}

/* A snapshot with the list "old" that came from the directory DIR. */
static void
make_snapshot(const char *dir, const char *record)
{
	struct directory_id id;
	const char *err;
	struct cdbmake *m;
	char head[96];

	assert_int_equal(directory_identify(dir, &id), 0);
	snprintf(head, sizeof(head), "1\t1\t%ju\t%ju", (uintmax_t)id.dev,
	    (uintmax_t)id.ino);
	m = cdbmake_new(fixture_path("cache/s.cdb"), 0644, &err);
	assert_non_null(m);
	assert_int_equal(cdbmake_put(m, STR(":listmap"), str_from(head)), 0);
	assert_int_equal(cdbmake_put(m, STR("old"), str_from(record)), 0);
	assert_int_equal(cdbmake_commit(m, &err), 0);
}

enum snapshot { NONE, GOOD, OTHER, BROKEN };

/* The directory holds "new" and no "old"; "none" is nowhere. */
static void
test_what_a_miss_means(void **state)
{
	static const struct {
		enum snapshot snapshot;
		bool verify, away;
		const char *name;
		enum lists_effort effort;
		enum lists_found found;
	} cases[] = {
		{ GOOD, true, false, "old", LISTS_THOROUGH, LISTS_FOUND },
		{ GOOD, true, true, "old", LISTS_THOROUGH, LISTS_FOUND },
		{ OTHER, true, false, "old", LISTS_THOROUGH, LISTS_FOUND },
		{ GOOD, true, false, "new", LISTS_KNOWN, LISTS_ABSENT },
		{ GOOD, true, false, "new", LISTS_THOROUGH, LISTS_FOUND },
		{ GOOD, true, true, "new", LISTS_THOROUGH, LISTS_FOUND },
		{ GOOD, true, false, "none", LISTS_THOROUGH, LISTS_ABSENT },
		{ GOOD, true, true, "none", LISTS_THOROUGH, LISTS_AWAY },
		{ OTHER, true, false, "new", LISTS_THOROUGH, LISTS_AWAY },
		{ OTHER, true, false, "none", LISTS_THOROUGH, LISTS_AWAY },
		{ NONE, true, false, "new", LISTS_KNOWN, LISTS_FOUND },
		{ NONE, true, false, "none", LISTS_KNOWN, LISTS_AWAY },
		{ NONE, true, false, "none", LISTS_THOROUGH, LISTS_AWAY },
		{ NONE, false, false, "new", LISTS_THOROUGH, LISTS_AWAY },
		{ GOOD, false, false, "new", LISTS_THOROUGH, LISTS_ABSENT },
		{ GOOD, false, true, "new", LISTS_THOROUGH, LISTS_AWAY },
		{ BROKEN, true, false, "old", LISTS_KNOWN, LISTS_AWAY },
		{ BROKEN, false, false, "old", LISTS_THOROUGH, LISTS_AWAY },
	};
	char dir[1024];
	const char *err;
	struct source s;
	struct list list;

	(void)state;
	snprintf(dir, sizeof(dir), "%s", fixture_path("lists"));
	fixture_list("lists", "new");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		source_init(&s, &mailman2, dir, cases[i].verify);
		s.differs = note;
		s.away = cases[i].away;
		told = LISTS_ABSENT;
		if (cases[i].snapshot != NONE) {
			make_snapshot(cases[i].snapshot == OTHER ?
			        fixture_path("cache") : dir,
			    cases[i].snapshot == BROKEN ? "x" : "1\t2\t3");
			assert_int_equal(source_reopen(&s,
			                     fixture_path("cache/s.cdb"),
			                     &err), 1);
		}
		if (s.lists.find(&s.lists, str_from(cases[i].name),
		        cases[i].effort, &list) != cases[i].found)
			fail_msg("case %zu is not %d", i, cases[i].found);
		assert_true(str_is(list.name, cases[i].name));
		if (str_is(list.name, "new") &&
		    cases[i].found == LISTS_FOUND)
			assert_int_equal(told, LISTS_FOUND);
		if (cases[i].snapshot == OTHER && !str_is(list.name, "old"))
			assert_int_equal(told, LISTS_AWAY);
		source_clear(&s);
	}
}

static void
test_reopen(void **state)
{
	const char *err, *path = fixture_path("cache/s.cdb");
	struct source s;

	(void)state;
	source_init(&s, &mailman2, "/nonexistent", true);
	assert_int_equal(source_reopen(&s, path, &err), -1);
	assert_null(s.cache);
	s.settled = true;
	assert_false(s.lists.complete(&s.lists));
	make_snapshot(fixture_path("lists"), "1\t2\t3");
	assert_int_equal(source_reopen(&s, path, &err), 1);
	assert_int_equal(source_reopen(&s, path, &err), 0);
	assert_true(s.lists.complete(&s.lists));
	make_snapshot(fixture_path("lists"), "1\t2\t3");
	assert_int_equal(source_reopen(&s, path, &err), 1);
	assert_int_equal(rename(path, fixture_path("cache/gone")), 0);
	assert_int_equal(source_reopen(&s, path, &err), -1);
	assert_non_null(s.cache);
	source_clear(&s);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_a_miss_means),
		TEST(test_reopen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
