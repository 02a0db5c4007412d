#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/nearest.h"
#include "base/str.h"

static void
distances(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} rows[] = {
		{ "", "", 0 },
		{ "", "abc", 3 },
		{ "abc", "", 3 },
		{ "query", "query", 0 },
		{ "qurey", "query", 1 },
		{ "quer", "query", 1 },
		{ "queery", "query", 1 },
		{ "quary", "query", 1 },
		{ "ba", "ab", 1 },
		{ "kitten", "sitting", 3 },
		{ "abcd", "dcba", 3 },
	};
	char wide[NEAREST_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(nearest_distance(str_from(rows[i].a),
		    str_from(rows[i].b)), rows[i].distance);
		assert_int_equal(nearest_distance(str_from(rows[i].b),
		    str_from(rows[i].a)), rows[i].distance);
	}
	memset(wide, 'w', sizeof(wide));
	assert_int_equal(nearest_distance((struct str){ wide, NEAREST_MAX },
	    (struct str){ wide, NEAREST_MAX }), 0);
	assert_int_equal(nearest_distance((struct str){ wide, NEAREST_MAX + 1 },
	    STR("w")), NEAREST_MAX);
}

static void
words_that_were_meant(void **state)
{
	static const char *const words[] = { "virtuser", "recipients",
		"redirect", "refusal", "aliases", NULL };
	static const struct {
		const char *wrong, *meant;
	} rows[] = {
		{ "recipient", "recipients" },
		{ "recipeints", "recipients" },
		{ "virtusertable", "virtuser" },
		{ "vir", "virtuser" },
		{ "redirects", "redirect" },
		{ "alias", "aliases" },
		{ "re", NULL },
		{ "", NULL },
		{ "nonsense", NULL },
		{ "dev@lists.example.org", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *meant = nearest_word(str_from(rows[i].wrong),
		    words);

		if (rows[i].meant)
			assert_string_equal(meant, rows[i].meant);
		else
			assert_null(meant);
	}
	assert_null(nearest_word(STR("x"), words + 5));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances),
		cmocka_unit_test(words_that_were_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
