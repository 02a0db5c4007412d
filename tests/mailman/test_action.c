#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mailman/action.h"

static const struct {
	enum action action;
	struct str name;
} rows[] = {
	{ ACTION_POST, STR("post") },
	{ ACTION_ADMIN, STR("admin") },
	{ ACTION_BOUNCES, STR("bounces") },
	{ ACTION_CONFIRM, STR("confirm") },
	{ ACTION_JOIN, STR("join") },
	{ ACTION_LEAVE, STR("leave") },
	{ ACTION_OWNER, STR("owner") },
	{ ACTION_REQUEST, STR("request") },
	{ ACTION_SUBSCRIBE, STR("subscribe") },
	{ ACTION_UNSUBSCRIBE, STR("unsubscribe") },
	{ ACTION_LOOP, STR("loop") },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void
knows_all(void **state)
{
	(void)state;
	assert_int_equal(ROWS, ACTIONS);
	for (size_t i = 0; i < ROWS; i++) {
		assert_int_equal(action_find(rows[i].name), rows[i].action);
		assert_string_equal(action_name(rows[i].action),
		    rows[i].name.p);
	}
}

/* All but loop, which is ours. */
static void
names_those_of_the_option(void **state)
{
	size_t n = 0;

	(void)state;
	for (; action_names[n]; n++)
		assert_int_equal(action_find(str_from(action_names[n])), n);
	assert_int_equal(n, ACTIONS - 1);
}

/* One byte less, more, or other, at each place. */
static void
knows_no_near_miss(void **state)
{
	char text[32];

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		const struct str name = rows[i].name;

		for (size_t n = 0; n < name.n; n++)
			assert_int_equal(action_find(str_head(name, n)), -1);
		for (size_t n = 1; n < name.n; n++)
			if (str_is(str_tail(name, n), "subscribe"))
				assert_int_equal(rows[i].action,
				    ACTION_UNSUBSCRIBE);
			else
				assert_int_equal(
				    action_find(str_tail(name, n)), -1);
		for (int c = 0; c < 256; c++) {
			memcpy(text, name.p, name.n);
			text[name.n] = (char)c;
			assert_int_equal(action_find((struct str){ text,
			    name.n + 1 }), -1);
			for (size_t at = 0; at < name.n; at++) {
				memcpy(text, name.p, name.n);
				text[at] = (char)c;
				if (text[at] != name.p[at])
					assert_int_equal(action_find(
					    (struct str){ text, name.n }), -1);
			}
		}
	}
	assert_int_equal(action_find((struct str){ NULL, 0 }), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_all),
		cmocka_unit_test(names_those_of_the_option),
		cmocka_unit_test(knows_no_near_miss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
