#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cache/hosts.h"

static void
test_each_name_once(void **state)
{
	struct hosts h = { 0 };
	struct host *a, *b, *none;

	(void)state;
	a = hosts_add(&h, STR("a.test"));
	assert_non_null(a);
	assert_string_equal(a->name, "a.test");
	assert_null(a->url);
	assert_true(a->count == 0);
	b = hosts_add(&h, STR("b.test"));
	none = hosts_add(&h, STR(""));
	assert_non_null(none);
	assert_string_equal(none->name, "");
	a->count = 7;
	assert_ptr_equal(hosts_add(&h, STR("a.test")), a);
	assert_ptr_equal(hosts_add(&h, STR("b.test")), b);
	assert_ptr_equal(hosts_add(&h, (struct str){ NULL, 0 }), none);
	/* Slices of something longer. */
	assert_ptr_equal(hosts_add(&h, str_head(STR("a.testing"), 6)), a);
	assert_ptr_not_equal(hosts_add(&h, STR("a.tes")), a);
	assert_true(h.n == 4 && h.host[0] == a && h.host[1] == b &&
	    h.host[2] == none);
	assert_true(a->count == 7);
	hosts_clear(&h);
	assert_true(h.n == 0 && h.tree == NULL);
	hosts_clear(&h);
}

static void
test_url(void **state)
{
	struct hosts h = { 0 };
	struct host *a = hosts_add(&h, STR("a.test"));

	(void)state;
	assert_int_equal(hosts_set_url(a, STR("")), 0);
	assert_null(a->url);
	assert_int_equal(hosts_set_url(a, STR("http://1/")), 0);
	assert_string_equal(a->url, "http://1/");
	assert_int_equal(hosts_set_url(a, STR("")), 0);
	assert_string_equal(a->url, "http://1/");
	assert_int_equal(hosts_set_url(a, str_from(a->url)), 0);
	assert_int_equal(hosts_set_url(a, STR("http://2/")), 0);
	assert_string_equal(a->url, "http://2/");
	hosts_clear(&h);
}

static void
test_many(void **state)
{
	struct hosts h = { 0 };
	struct host *first = hosts_add(&h, STR("0.test"));
	char name[300];

	(void)state;
	for (int turn = 0; turn < 2; turn++)
		for (int i = 0; i < 20000; i++) {
			struct host *host;

			snprintf(name, sizeof(name), "%d.test", i);
			host = hosts_add(&h, str_from(name));
			assert_non_null(host);
			host->count++;
		}
	assert_int_equal(h.n, 20000);
	for (size_t i = 0; i < h.n; i++)
		assert_int_equal(h.host[i]->count, 2);
	/* It stayed where it was. */
	assert_string_equal(first->name, "0.test");
	assert_int_equal(first->count, 2);
	memset(name, 'a', 255);
	name[255] = '\0';
	assert_ptr_equal(hosts_add(&h, str_from(name)),
	    hosts_add(&h, str_from(name)));
	hosts_clear(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_name_once),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
