#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mailman/mailman.h"
#include "mailman/odd_names.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool
is_domain(const void *arg, struct str name)
{
	return str_is(name, arg) || str_is(name, "b_c.test");
}

static void
directories_that_no_address_leads_to(void **state)
{
	static const struct {
		const struct mailman *mailman;
		const char *name, *why; /* NULL: one does */
	} rows[] = {
		{ &mailman2, "foo", NULL },
		{ &mailman2, "art&artists", NULL },
		{ &mailman2, "foo.d.test", NULL },
		{ &mailman2, "foo_bar", NULL },
		{ &mailman2, "foo_e.test", NULL },
		{ &mailman2, "foo_", NULL },
		{ &mailman2, "foo@d.test", "what stands before" },
		{ &mailman2, "foo_d.test", "hosting panel" },
		{ &mailman2, "foo_bar_d.test", "hosting panel" },
		{ &mailman2, "a_b_c.test", "hosting panel" },
		{ &mailman2, "foo:bar", "no address has one of" },
		{ &mailman3, "f,oo.d.test", "no address has one of" },
		{ &mailman3, "foo.d.test", NULL },
		{ &mailman3, "foo.bar.d.test", NULL },
		{ &mailman3, "foo_d.test", "no domain of the site" },
		{ &mailman3, "foo@d.test", "with a dot for the @" },
		{ &mailman3, "foo.e.test", "no domain of the site" },
		{ &mailman3, "foo", "no domain of the site" },
		{ &mailman3, "d.test", "no domain of the site" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *why = rows[i].mailman->misnamed(
		    str_from(rows[i].name), is_domain, "d.test");

		if (!why != !rows[i].why || (why && !strstr(why, rows[i].why)))
			fail_msg("%s: %s", rows[i].name, why ? why : "fine");
	}
}

static void
names_and_counts(void **state)
{
	struct odd_names o = { 0 };

	(void)state;
	odd_names_misnamed(&o, STR("Foo"), "rename it");
	odd_names_misnamed(&o, STR("a@b"), "say so");
	odd_names_misnamed(&o, STR("Bar\n"), "rename it");
	assert_int_equal(o.misnamed, 3);
	assert_string_equal(o.misnamed_text,
	    "Foo (rename it), a@b (say so), Bar\\x0A");
	odd_names_unaliased(&o, STR("a&b"));
	odd_names_unaliased(&o, STR("f\366o"));
	assert_int_equal(o.unaliased, 2);
	assert_string_equal(o.unaliased_text, "a&b, f\\xF6o");
}

/* Many are counted, the first are named, none is cut. */
static void
has_an_end(void **state)
{
	struct odd_names o = { 0 };
	char name[256];

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "List%04zu", i);
		odd_names_misnamed(&o, str_from(name), "rename it");
		odd_names_unaliased(&o, str_from(name));
	}
	memset(name, 'A', sizeof(name));
	odd_names_misnamed(&o, (struct str){ name, 255 }, "rename it");
	assert_int_equal(o.misnamed, 1001);
	assert_int_equal(o.unaliased, 1000);
	assert_true(strlen(o.misnamed_text) < sizeof(o.misnamed_text));
	assert_non_null(strstr(o.misnamed_text, "List0000 (rename it), List"));
	assert_null(strstr(o.misnamed_text, "List0100"));
	assert_null(strstr(o.misnamed_text, "AAA"));
	assert_non_null(strstr(o.unaliased_text, "List0000, List0001"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories_that_no_address_leads_to),
		cmocka_unit_test(names_and_counts),
		cmocka_unit_test(has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
