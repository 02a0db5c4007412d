#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"
#include "base/privileges.h"
#include "base/str.h"
#include "mm-handler/runas.h"
#include "tests/fixture.h"

/* Ids that nobody has. */
#define ID 54321
#define OTHER 54322

/* An account that is not root; on every system. */
#define ACCOUNT "nobody"

/*
 * What is dropped is dropped for good, so each test has a child, which ends
 * with the line of the first check that fails.
 */
static int failed;

#define CHECK(what)                               \
	do {                                      \
		if (!(what) && failed == 0)       \
			failed = __LINE__;        \
	} while (0)

static void
in_child(void (*test)(void))
{
	int report[2], line = -1, status;
	pid_t pid;

	assert_int_equal(pipe2(report, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		failed = 0;
		test();
		_exit(write(report[1], &failed, sizeof(failed)) !=
		    sizeof(failed));
	}
	close(report[1]);
	assert_int_equal(read(report[0], &line, sizeof(line)), sizeof(line));
	close(report[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	if (line != 0)
		fail_msg("%s:%d", __FILE__, line);
}

static void
in_roots_child(void (*test)(void))
{
	if (!fixture_root()) {
		print_message("# only root can become somebody else\n");
		skip();
	}
	in_child(test);
	fixture_nobody();
}

static bool
ids_are(uid_t uid, gid_t gid)
{
	uid_t ru, eu, su;
	gid_t rg, eg, sg;

	return getresuid(&ru, &eu, &su) == 0 &&
	    getresgid(&rg, &eg, &sg) == 0 && ru == uid && eu == uid &&
	    su == uid && rg == gid && eg == gid && sg == gid;
}

static bool
nothing_comes_back(void)
{
	return setuid(0) == -1 && seteuid(0) == -1 &&
	    setresuid(0, 0, 0) == -1 && setgid(0) == -1 &&
	    setegid(0) == -1 && setgroups(0, NULL) == -1;
}

static int
compare(const void *a, const void *b)
{
	gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;

	return x < y ? -1 : x > y;
}

/* Whether our groups are those; a group may come twice. */
static bool
groups_are(gid_t *want, int n)
{
	gid_t have[256];
	int m = getgroups(256, have);

	qsort(want, (size_t)n, sizeof(*want), compare);
	if (m < 0)
		return false;
	qsort(have, (size_t)m, sizeof(*have), compare);
	return m == n && memcmp(have, want, (size_t)n * sizeof(*have)) == 0;
}

static void
give_groups(void)
{
	const gid_t many[] = { 0, ID + 5, ID + 6 };

	CHECK(setgroups(3, many) == 0);
}

static void
drop_to_ids(void)
{
	const struct account a = { .change = true, .uid = ID, .gid = OTHER };
	gid_t only = OTHER;

	give_groups();
	CHECK(privileges_drop(&a) == 0);
	CHECK(ids_are(ID, OTHER));
	CHECK(groups_are(&only, 1));
	CHECK(nothing_comes_back());
	/* The wrapper has a group of its own (setgid). */
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
}

/* sendmail's flag S leaves the real ids as they were. */
static void
drop_from_effective_ids(void)
{
	const struct account a = { .change = true, .uid = ID, .gid = OTHER };
	gid_t only = OTHER;

	give_groups();
	CHECK(setegid(ID) == 0);
	CHECK(seteuid(ID) == 0);
	CHECK(privileges_drop(&a) == 0);
	CHECK(ids_are(ID, OTHER));
	CHECK(groups_are(&only, 1));
	CHECK(nothing_comes_back());
}

static void
drop_from_a_saved_id(void)
{
	const struct account a = { .change = true, .uid = ID, .gid = OTHER };
	gid_t only = OTHER;

	give_groups();
	CHECK(setresuid(OTHER, OTHER, 0) == 0);
	CHECK(privileges_drop(&a) == 0);
	CHECK(ids_are(ID, OTHER));
	CHECK(groups_are(&only, 1));
	CHECK(nothing_comes_back());
}

static void
drop_to_an_account(void)
{
	const struct passwd *pw = getpwnam(ACCOUNT);
	struct account a = { .change = true, .name = (char *)ACCOUNT };
	gid_t groups[256];
	int n = 256;

	if (!pw) {
		CHECK(false);
		return;
	}
	a.uid = pw->pw_uid;
	a.gid = pw->pw_gid;
	CHECK(getgrouplist(ACCOUNT, a.gid, groups, &n) >= 0);
	give_groups();
	CHECK(privileges_drop(&a) == 0);
	CHECK(ids_are(a.uid, a.gid));
	CHECK(groups_are(groups, n));
	CHECK(nothing_comes_back());
}

/* Without root there is only what one is. */
static void
drop_to_oneself(void)
{
	const struct account a = { .change = true, .uid = ID, .gid = OTHER };
	const struct account other = { .change = true, .uid = ID + 1,
		.gid = OTHER };
	const struct account root = { .change = true, .uid = 0, .gid = OTHER };
	const struct account group = { .change = true, .uid = ID, .gid = ID };
	gid_t kept[] = { 0, ID + 5, ID + 6 };

	give_groups();
	CHECK(setresgid(OTHER, OTHER, OTHER) == 0);
	CHECK(setresuid(ID, ID, ID) == 0);
	CHECK(privileges_drop(&a) == 0);
	CHECK(ids_are(ID, OTHER));
	CHECK(groups_are(kept, 3));
	errno = 0;
	CHECK(privileges_drop(&other) == -1 && errno == EPERM);
	CHECK(privileges_drop(&root) == -1 && errno == EPERM);
	CHECK(privileges_drop(&group) == -1 && errno == EPERM);
	CHECK(ids_are(ID, OTHER));
}

static void
become(void)
{
	struct account a = { .change = false, .uid = ID, .gid = ID };

	CHECK(privileges_become(&a) == 0);
	CHECK(ids_are(0, getgid()));
	a.change = true;
	CHECK(privileges_become(&a) == 0);
	CHECK(ids_are(ID, ID));
	CHECK(nothing_comes_back());
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void
find_as_root(void)
{
	const struct passwd *pw = getpwnam(ACCOUNT);
	struct account a;

	CHECK(privileges_find(ACCOUNT, &a) == NULL);
	CHECK(pw && a.change && a.uid == pw->pw_uid && a.gid == pw->pw_gid);
	CHECK(a.name && !strcmp(a.name, ACCOUNT));
	privileges_clear(&a);
	CHECK(a.name == NULL);
	privileges_clear(&a);
	CHECK(privileges_find("root", &a) == NULL);
	CHECK(!a.change && a.uid == 0);
	privileges_clear(&a);
	CHECK(privileges_find("no such account", &a) != NULL);
	privileges_clear(&a);
}

static void
find_as_oneself(void)
{
	struct account a;

	CHECK(privileges_find("root", &a) == NULL);
	CHECK(!a.change && a.uid == geteuid() && a.gid == getegid());
	CHECK(privileges_find("no such account", &a) == NULL);
	CHECK(!a.change && !a.name);
	privileges_clear(&a);
}

/*
 * Whom the wrapper runs as.
 */

static char lists_dir[1024];

/* As a configuration has it; "" for what it does not. */
static const char *
find(const char *user, const char *group, struct account *a)
{
	const struct conf_site site = { .lists_dir = lists_dir,
		.delivery_user = (char *)user,
		.delivery_group = (char *)group };

	return runas_find(&site, a);
}

static bool
is_refused(const char *user, const char *group, const char *why)
{
	struct account a;
	const char *err = find(user, group, &a);
	bool as_wanted = err && strstr(err, why);

	privileges_clear(&a);
	return as_wanted;
}

/* As the C library has them. */
static bool
has_groups_of(const struct account *a, const char *name)
{
	gid_t want[64];
	int n = sizeof(want) / sizeof(*want);

	if (getgrouplist(name, a->gid, want, &n) == -1 ||
	    a->ngroups != (size_t)n)
		return false;
	for (size_t i = 0; i < a->ngroups; i++) {
		int j = 0;

		while (j < n && want[j] != a->groups[i])
			j++;
		if (j == n)
			return false;
	}
	return true;
}

static void
run_as_named(void)
{
	const struct passwd *pw = getpwnam(ACCOUNT);
	const struct group *gr = getgrnam("daemon");
	struct account a;

	if (!pw || !gr) {
		CHECK(false);
		return;
	}
	CHECK(find(ACCOUNT, "", &a) == NULL);
	CHECK(a.change && a.uid == pw->pw_uid && a.gid == pw->pw_gid);
	CHECK(has_groups_of(&a, ACCOUNT));
	privileges_clear(&a);
	CHECK(find(ACCOUNT, "daemon", &a) == NULL);
	CHECK(a.uid == pw->pw_uid && a.gid == gr->gr_gid);
	CHECK(has_groups_of(&a, ACCOUNT));
	privileges_clear(&a);
	CHECK(is_refused("no such account", "", "no account delivery_user"));
	CHECK(is_refused(ACCOUNT, "no such group", "no group delivery_group"));
	CHECK(is_refused("root", "", "never runs as root"));
	CHECK(is_refused("root", "daemon", "never runs as root"));
}

static void
run_as_owner(void)
{
	const struct group *gr = getgrnam("daemon");
	struct account a;

	run_as_named();
	CHECK(chown(lists_dir, ID, OTHER) == 0);
	CHECK(find("", "", &a) == NULL);
	CHECK(a.change && a.uid == ID && a.gid == OTHER && !a.name);
	CHECK(find("", "daemon", &a) == NULL);
	CHECK(a.uid == ID && gr && a.gid == gr->gr_gid && !a.name);
	CHECK(is_refused("", "no such group", "no group delivery_group"));
	CHECK(chown(lists_dir, 0, OTHER) == 0);
	CHECK(is_refused("", "", "set delivery_user"));
	CHECK(is_refused("", "daemon", "set delivery_user"));
	CHECK(rmdir(lists_dir) == 0);
	CHECK(is_refused("", "", "set delivery_user"));
}

/* sendmail's U= made us what is wanted. */
static void
run_as_effective(void)
{
	struct account a;

	run_as_named();
	CHECK(find("", "", &a) == NULL);
	CHECK(a.change && a.uid == geteuid() && a.gid == getegid());
	CHECK(a.uid != 0 && !a.name);
	/* The directory is nobody's business then. */
	CHECK(rmdir(lists_dir) == 0);
	CHECK(find("", "", &a) == NULL);
	CHECK(a.uid == geteuid());
}

#define AS_ROOT(f)                     \
	static void                    \
	test_##f(void **state)         \
	{                              \
		(void)state;           \
		in_roots_child(f);     \
	}
#define AS_NOBODY(f)                   \
	static void                    \
	test_##f(void **state)         \
	{                              \
		(void)state;           \
		in_child(f);           \
	}

AS_ROOT(drop_to_ids)
AS_ROOT(drop_from_effective_ids)
AS_ROOT(drop_from_a_saved_id)
AS_ROOT(drop_to_an_account)
AS_ROOT(drop_to_oneself)
AS_ROOT(become)
AS_ROOT(find_as_root)
AS_NOBODY(find_as_oneself)
AS_ROOT(run_as_owner)
AS_NOBODY(run_as_effective)

static int
setup(void **state)
{
	int rc = fixture_setup(state);

	snprintf(lists_dir, sizeof(lists_dir), "%s", fixture_path("lists"));
	return rc;
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(test_##f, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(drop_to_ids),
		TEST(drop_from_effective_ids),
		TEST(drop_from_a_saved_id),
		TEST(drop_to_an_account),
		TEST(drop_to_oneself),
		TEST(become),
		TEST(find_as_root),
		TEST(find_as_oneself),
		TEST(run_as_owner),
		TEST(run_as_effective),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
