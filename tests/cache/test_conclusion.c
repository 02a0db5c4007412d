#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "mailman/entry_facts.h"
#include "mailman/lists.h"
#include "cache/freshness.h"
#include "cache/record.h"
#include "cache/conclusion.h"

#define SECOND ((int64_t)1000000000)
#define NOW (1000 * SECOND)
#define SETTLE 2.0

/* What the snapshot has; the last three are no basis. */
enum has {
	DIR = LISTS_BY_DIRECTORY,
	PHANTOM = LISTS_PHANTOM,
	GONE = LISTS_GONE,
	UNREAD = LISTS_UNREAD,
	DOUBT = LISTS_DOUBTFUL,
	NONE = LISTS_NONE,
	NOTHING = LISTS_BASES,
	NO_SNAPSHOT
};

/* What else is so. */
#define AWAY 1         /* the last scan did not believe the directory */
#define OTHER_DIR 2    /* the disk has another directory there */
#define SAME_FILE 4    /* the file is that of the record */
#define YOUNG 8        /* it is younger than `settle' */
#define YOUNG_ENTRY 16 /* the entry changed less than `settle' ago */
#define NEW_FILES 32   /* Mailman's files changed */
#define DUE 64         /* an entry changed since the last scan began */
#define UNREADABLE 128 /* the configuration cannot be read */
#define SAME_HOST 256  /* it names the host of the record */

struct cell {
	enum has has;
	enum lists_found disk;
	unsigned is;
	enum lists_found found, differs;
	bool host_on_disk;
};

#define F LISTS_FOUND
#define A LISTS_ABSENT
#define N LISTS_NO_ANSWER
#define W LISTS_AWAY

static const struct cell names[] = {
	/* The snapshot has nothing for it. */
	{ NOTHING, F, 0, F, F, true },
	{ NOTHING, F, AWAY, F, F, true },
	{ NOTHING, F, YOUNG, N, F, false },
	{ NOTHING, F, YOUNG | DUE, N, A, false },
	{ NOTHING, F, DUE, F, F, true },
	{ NOTHING, F, OTHER_DIR, N, A, true },
	{ NOTHING, A, 0, A, A, false },
	{ NOTHING, A, AWAY, W, A, false },
	{ NOTHING, A, OTHER_DIR, W, W, false },
	{ NOTHING, A, NEW_FILES, N, F, false },
	{ NOTHING, A, NEW_FILES | AWAY, W, A, false },
	{ NOTHING, N, 0, N, A, true },
	{ NOTHING, W, 0, W, W, false },
	/* An entry that was no list. */
	{ NONE, F, 0, F, F, true },
	{ NONE, F, YOUNG, N, F, false },
	{ NONE, F, OTHER_DIR, N, A, true },
	{ NONE, A, 0, A, A, false },
	{ NONE, A, AWAY, W, A, false },
	{ NONE, A, NEW_FILES, N, F, false },
	{ NONE, N, 0, N, A, true },
	{ NONE, W, 0, W, W, false },
	/* There is no snapshot. */
	{ NO_SNAPSHOT, F, 0, F, F, true },
	{ NO_SNAPSHOT, F, OTHER_DIR, F, F, true },
	{ NO_SNAPSHOT, F, YOUNG, N, F, false },
	{ NO_SNAPSHOT, A, 0, W, A, false },
	{ NO_SNAPSHOT, A, NEW_FILES, W, A, false },
	{ NO_SNAPSHOT, N, 0, N, A, true },
	{ NO_SNAPSHOT, W, 0, W, W, false },
	/* A directory that Mailman's files lack. */
	{ PHANTOM, F, SAME_FILE, A, A, false },
	{ PHANTOM, F, SAME_FILE | AWAY, W, A, false },
	{ PHANTOM, F, SAME_FILE | NEW_FILES, N, F, false },
	{ PHANTOM, F, SAME_FILE | YOUNG_ENTRY, N, F, false },
	{ PHANTOM, F, 0, F, F, true },
	{ PHANTOM, F, YOUNG, N, F, false },
	{ PHANTOM, F, OTHER_DIR, N, A, false },
	{ PHANTOM, A, 0, A, A, false },
	{ PHANTOM, A, AWAY, W, A, false },
	{ PHANTOM, A, NEW_FILES, N, F, false },
	{ PHANTOM, N, 0, N, A, false },
	{ PHANTOM, W, 0, W, A, false },
	/* A list whose directory went. */
	{ GONE, F, 0, F, F, true },
	{ GONE, F, SAME_FILE, F, F, true },
	{ GONE, F, YOUNG, N, F, false },
	{ GONE, A, 0, A, A, false },
	{ GONE, A, AWAY, W, A, false },
	{ GONE, A, NEW_FILES, N, F, false },
	{ GONE, N, 0, N, A, false },
	{ GONE, W, 0, W, A, false },
	/* An entry that could not be looked into. */
	{ DOUBT, F, SAME_FILE, F, F, false },
	{ DOUBT, F, 0, F, F, true },
	{ DOUBT, F, YOUNG, N, F, false },
	{ DOUBT, F, OTHER_DIR, N, A, false },
	{ DOUBT, A, 0, A, A, false },
	{ DOUBT, A, AWAY, N, A, false },
	{ DOUBT, A, OTHER_DIR, N, A, false },
	{ DOUBT, N, 0, N, A, false },
	{ DOUBT, W, 0, N, A, false },
	/* A list, which may have been made anew. */
	{ DIR, F, YOUNG, N, A, false },
	{ DIR, F, YOUNG | SAME_FILE, F, A, false },
	{ DIR, F, 0, F, A, false },
	{ DIR, F, OTHER_DIR | YOUNG, F, A, false },
	{ DIR, A, 0, F, A, false },
	{ DIR, N, 0, F, A, false },
	{ DIR, W, 0, F, A, false },
};

static const struct cell hosts[] = {
	{ DIR, F, SAME_FILE, A, A, false },
	{ DIR, F, 0, F, F, true },
	{ DIR, F, SAME_HOST, F, F, true },
	{ DIR, F, UNREADABLE, N, F, true },
	{ DIR, F, NEW_FILES, N, F, false },
	{ DIR, F, OTHER_DIR, N, A, true },
	{ DIR, F, OTHER_DIR | SAME_HOST, W, A, true },
	{ DIR, A, 0, A, A, false },
	{ DIR, A, AWAY, W, A, false },
	{ DIR, A, OTHER_DIR, W, A, false },
	{ DIR, N, 0, N, A, true },
	{ DIR, N, SAME_HOST, W, A, true },
	{ DIR, N, SAME_HOST | UNREADABLE, N, A, true },
	{ DIR, W, 0, W, A, false },
	{ UNREAD, F, 0, F, F, true },
	{ UNREAD, F, UNREADABLE, A, A, false },
	{ UNREAD, A, 0, A, A, false },
	{ UNREAD, N, 0, A, A, false },
	{ UNREAD, W, 0, A, A, false },
};

static void
check(const struct cell *c, size_t row,
    struct conclusion (*conclusion)(const struct evidence *e))
{
	const struct record_head head = { .dev = 1, .ino = 2, .stamp = 3 };
	const struct record record = { .ino = 10, .mtime = 20, .size = 30,
		.host = STR("a.test"), .basis = (enum lists_basis)c->has };
	const struct freshness fresh = { .away = c->is & AWAY,
		.changed = c->is & DUE };
	struct entry_facts f = { .found = c->disk, .dev = 1,
		.ino = c->is & OTHER_DIR ? 5 : 2, .file_ino = 11,
		.file_mtime = NOW - (c->is & YOUNG ? SECOND : 3 * SECOND),
		.file_ctime = NOW - (c->is & YOUNG_ENTRY ? SECOND : 3 * SECOND),
		.file_size = 30, .unread = c->is & UNREADABLE,
		.stamp = c->is & NEW_FILES ? 4 : 3 };
	struct evidence e = { &head, &record, &f, &fresh, SETTLE, NOW };
	struct record same;
	struct conclusion v;

	snprintf(f.info.host, sizeof(f.info.host), "%s",
	    c->is & SAME_HOST ? "a.test" : "b.test");
	if (c->is & SAME_FILE) {
		same = record;
		same.ino = f.file_ino;
		same.mtime = f.file_mtime;
		e.record = &same;
	}
	if (c->has == NOTHING || c->has == NO_SNAPSHOT)
		e.record = NULL;
	if (c->has == NO_SNAPSHOT)
		e.head = NULL;
	v = conclusion(&e);
	if (v.found != c->found || v.differs != c->differs ||
	    v.host_on_disk != c->host_on_disk)
		fail_msg("row %zu: %d, differs %d, host %d", row, v.found,
		    v.differs, v.host_on_disk);
}

static void
test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		check(&names[i], i, conclude_name);
}

static void
test_hosts_of_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++)
		check(&hosts[i], i, conclude_host);
}

/* Such a time tells nothing, and must not make an entry young for ever. */
static void
test_a_time_in_the_future(void **state)
{
	const struct record_head head = { .dev = 1, .ino = 2 };
	const struct freshness fresh = { 0 };
	struct entry_facts f = { .found = F, .dev = 1, .ino = 2,
		.file_mtime = INT64_MAX };
	struct evidence e = { &head, NULL, &f, &fresh, SETTLE, NOW };

	(void)state;
	assert_int_equal(conclude_name(&e).found, LISTS_FOUND);
	f.file_mtime = NOW + SECOND;
	assert_int_equal(conclude_name(&e).found, LISTS_NO_ANSWER);
	f.file_mtime = INT64_MIN;
	assert_int_equal(conclude_name(&e).found, LISTS_FOUND);
}

/* An account that does not see Mailman's files sees no change of them. */
static void
test_files_that_nobody_sees(void **state)
{
	const struct record_head head = { .dev = 1, .ino = 2, .stamp = 3 };
	const struct freshness fresh = { 0 };
	const struct entry_facts f = { .found = A, .dev = 1, .ino = 2 };
	const struct evidence e = { &head, NULL, &f, &fresh, SETTLE, NOW };

	(void)state;
	assert_int_equal(conclude_name(&e).found, LISTS_ABSENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_hosts_of_lists),
		cmocka_unit_test(test_a_time_in_the_future),
		cmocka_unit_test(test_files_that_nobody_sees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
