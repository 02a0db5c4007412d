#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailman/address.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	struct str key, local, domain;
} good[] = {
	{ { "a@b", 3 }, { "a", 1 }, { "b", 1 } },
	{ { "Foo-BAR@Lists.Example.ORG", 25 }, { "foo-bar", 7 },
	    { "lists.example.org", 17 } },
	{ { "a@b.", 4 }, { "a", 1 }, { "b", 1 } },
	{ { "a@b..", 5 }, { "a", 1 }, { "b.", 2 } },
	{ { "@b", 2 }, { "", 0 }, { "b", 1 } },
	{ { "a@b@c", 5 }, { "a@b", 3 }, { "c", 1 } },
	{ { "\"a b\"@c", 7 }, { "\"a b\"", 5 }, { "c", 1 } },
	{ { "a\0B@C", 5 }, { "a\0b", 3 }, { "c", 1 } },
	/* Only ASCII is folded, whatever the locale. */
	{ { "\303\204@b", 4 }, { "\303\204", 2 }, { "b", 1 } },
	{ { "[Z`@b", 5 }, { "[z`", 3 }, { "b", 1 } },
	{ { "foo+x=Y@b", 9 }, { "foo+x=y", 7 }, { "b", 1 } },
};

static void
splits(void **state)
{
	struct address a;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(address_parse(good[i].key, &a), 0);
		assert_true(str_eq(a.local, good[i].local));
		assert_true(str_eq(a.domain, good[i].domain));
		assert_false(a.too_long);
	}
}

static void
refuses(void **state)
{
	static const char *const bad[] = { "", "a", "a@", "@", "a@.", "@.",
		"a.b" };
	struct address a;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(address_parse(str_from(bad[i]), &a), -1);
	assert_int_equal(address_parse((struct str){ NULL, 0 }, &a), -1);
}

/* LOCAL times 'L', '@', DOMAIN times 'D', then TAIL. */
static int
parse_long(size_t local, size_t domain, const char *tail, struct address *a)
{
	size_t n = local + 1 + domain + strlen(tail);
	char *key = malloc(n);
	int rc;

	memset(key, 'L', local);
	key[local] = '@';
	memset(key + local + 1, 'D', domain);
	memcpy(key + local + 1 + domain, tail, strlen(tail));
	rc = address_parse((struct str){ key, n }, a);
	free(key);
	return rc;
}

static void
bounds_lengths(void **state)
{
	struct address a;

	(void)state;
	assert_int_equal(parse_long(ADDRESS_LOCAL_MAX, ADDRESS_DOMAIN_MAX, "",
	    &a), 0);
	assert_false(a.too_long);
	assert_int_equal(a.local.n, ADDRESS_LOCAL_MAX);
	assert_int_equal(a.domain.n, ADDRESS_DOMAIN_MAX);
	assert_int_equal(a.local.p[ADDRESS_LOCAL_MAX - 1], 'l');
	assert_int_equal(a.domain.p[ADDRESS_DOMAIN_MAX - 1], 'd');

	assert_int_equal(parse_long(ADDRESS_LOCAL_MAX + 1, 3, "", &a), 0);
	assert_true(a.too_long);
	assert_int_equal(a.local.n, ADDRESS_LOCAL_MAX);
	assert_true(str_is(a.domain, "ddd"));

	assert_int_equal(parse_long(1, ADDRESS_DOMAIN_MAX, ".", &a), 0);
	assert_int_equal(parse_long(1, ADDRESS_DOMAIN_MAX + 1, "", &a), -1);
	assert_int_equal(parse_long(1, ADDRESS_DOMAIN_MAX, "..", &a), -1);
}

static void
takes_local_parts_alone(void **state)
{
	char wide[ADDRESS_LOCAL_MAX + 1];
	struct address a;

	(void)state;
	address_parse_local(STR("Foo@Bar"), &a);
	assert_true(str_is(a.local, "foo@bar"));
	assert_int_equal(a.domain.n, 0);
	assert_false(a.too_long);
	address_parse_local((struct str){ NULL, 0 }, &a);
	assert_int_equal(a.local.n, 0);
	memset(wide, 'W', sizeof(wide));
	address_parse_local((struct str){ wide, sizeof(wide) }, &a);
	assert_true(a.too_long);
	assert_int_equal(a.local.n, ADDRESS_LOCAL_MAX);
	address_parse_local((struct str){ wide, sizeof(wide) - 1 }, &a);
	assert_false(a.too_long);
}

static void
folds(void **state)
{
	char text[] = "@AZ[`az{\301";

	(void)state;
	address_fold(text, 3);
	assert_string_equal(text, "@az[`az{\301");
	address_fold(text, sizeof(text) - 1);
	assert_string_equal(text, "@az[`az{\301");
}

/* Each byte at each place of texts that are shorter and longer than what is
 * folded at a time. */
static void
folds_every_byte_everywhere(void **state)
{
	char text[70];

	(void)state;
	for (size_t n = 1; n < sizeof(text); n++)
		for (int c = 0; c < 256; c++) {
			bool upper = c >= 'A' && c <= 'Z';
			size_t at = (size_t)c % n;

			memset(text, 'Q', sizeof(text));
			text[at] = (char)c;
			address_fold(text, n);
			for (size_t i = 0; i < sizeof(text); i++) {
				char want = i >= n ? 'Q' : i != at ? 'q' :
				    (char)(upper ? c + 'a' - 'A' : c);

				if (text[i] != want)
					fail_msg("byte %d of %zu, n %zu", c,
					    i, n);
			}
		}
}

/* The local part and the domain lie side by side. */
static void
folds_both_parts(void **state)
{
	char key[2 * 40 + 1];
	struct address a;

	(void)state;
	for (size_t local = 0; local < 40; local++)
		for (size_t domain = 1; domain < 40; domain++) {
			memset(key, 'Q', sizeof(key));
			key[local] = '@';
			assert_int_equal(address_parse((struct str){ key,
			    local + 1 + domain }, &a), 0);
			assert_int_equal(a.local.n, local);
			assert_int_equal(a.domain.n, domain);
			for (size_t i = 0; i < local; i++)
				assert_int_equal(a.local.p[i], 'q');
			for (size_t i = 0; i < domain; i++)
				assert_int_equal(a.domain.p[i], 'q');
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits),
		cmocka_unit_test(refuses),
		cmocka_unit_test(bounds_lengths),
		cmocka_unit_test(takes_local_parts_alone),
		cmocka_unit_test(folds),
		cmocka_unit_test(folds_every_byte_everywhere),
		cmocka_unit_test(folds_both_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
