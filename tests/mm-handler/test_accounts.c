#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/privileges.h"
#include "mm-handler/accounts.h"

#define MANY 200

static bool
has_group(const struct account *a, gid_t gid)
{
	for (size_t i = 0; i < a->ngroups; i++)
		if (a->groups[i] == gid)
			return true;
	return false;
}

static void
check_groups(const char *name, gid_t gid)
{
	struct account a = { .gid = gid };
	gid_t want[MANY];
	int n = MANY;

	assert_true(getgrouplist(name, gid, want, &n) >= 0);
	assert_null(accounts_find_groups(name, &a));
	assert_int_equal(a.ngroups, n);
	for (int i = 0; i < n; i++)
		assert_true(has_group(&a, want[i]));
	privileges_clear(&a);
}

/* The C library knows the same of them. */
static void
test_every_user(void **state)
{
	char name[ACCOUNTS_NAME_MAX];
	struct account a;
	struct passwd *pw;
	int seen = 0;

	(void)state;
	setpwent();
	while (seen < MANY && (pw = getpwent())) {
		char *user = strdup(pw->pw_name);

		a = (struct account){ 0 };
		assert_null(accounts_find_user(user, &a));
		assert_int_equal(a.uid, pw->pw_uid);
		assert_int_equal(a.gid, pw->pw_gid);
		accounts_user_name(a.uid, name);
		/* Two may have the same number. */
		assert_int_equal(getpwnam(name)->pw_uid, a.uid);
		check_groups(user, a.gid);
		check_groups(user, a.gid + 1);
		free(user);
		seen++;
	}
	endpwent();
	assert_true(seen > 0);
}

static void
test_every_group(void **state)
{
	char name[ACCOUNTS_NAME_MAX];
	struct group *gr;
	int seen = 0;
	gid_t gid;

	(void)state;
	setgrent();
	while (seen < MANY && (gr = getgrent())) {
		assert_null(accounts_find_group(gr->gr_name, &gid));
		assert_int_equal(gid, gr->gr_gid);
		accounts_group_name(gid, name);
		assert_int_equal(getgrnam(name)->gr_gid, gid);
		seen++;
	}
	endgrent();
	assert_true(seen > 0);
}

static void
test_nobody(void **state)
{
	static const char *const names[] = { "no such name", "", ":", "-x",
		"root:x", "#", "0" };
	char name[ACCOUNTS_NAME_MAX];
	struct account a = { .uid = 1 };
	gid_t gid = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_non_null(accounts_find_user(names[i], &a));
		assert_non_null(accounts_find_group(names[i], &gid));
	}
	assert_int_equal(a.uid, 1);
	assert_int_equal(gid, 1);
	accounts_user_name(3999999999, name);
	assert_string_equal(name, "?");
	accounts_group_name(3999999999, name);
	assert_string_equal(name, "?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_user),
		cmocka_unit_test(test_every_group),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
