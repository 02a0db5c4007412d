#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cache/checksum.h"

#define OWN "0123456789abcdef"

/* What xxHash's own program says of the bytes without OWN. */
static const struct {
	struct str file;
	size_t at;
	const char *sum;
} cases[] = {
	{ STR(OWN), 0, "ef46db3751d8e999" },
	{ STR(OWN "abc"), 0, "44bc2cf5ad770999" },
	{ STR("abc" OWN), 3, "44bc2cf5ad770999" },
	{ STR("a" OWN "bc"), 1, "44bc2cf5ad770999" },
	{ STR("a\0" OWN "bc"), 2, "3293bdc2cfb086a7" },
};

static void
test_known_sums(void **state)
{
	char text[CHECKSUM_LENGTH + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(checksum_of(cases[i].file, cases[i].at, text),
		    0);
		assert_string_equal(text, cases[i].sum);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
