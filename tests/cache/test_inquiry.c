#include <errno.h>
#include <ev.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "mailman/entry_facts.h"
#include "mailman/mailman.h"
#include "cache/inquiry.h"
#include "cache/questions.h"
#include "tests/fixture.h"
#include "tests/patience.h"
#include "tests/slow_mailman.h"

#define WAIT(condition) UNTIL_BY(condition, ev_run(loop, EVRUN_ONCE))

/* Seconds. */
#define LONG 600.0
#define SHORT 0.2

static struct ev_loop *loop;
static struct ev_timer heartbeat; /* so that WAIT looks again */
static struct questions *near, *far;
static struct asking asking;
static char lists_dir[1024], far_dir[1024];
static int woken;

static void
on_heartbeat(struct ev_loop *l, struct ev_timer *w, int events)
{
	(void)l, (void)w, (void)events;
}

static void
count_wake(void *arg)
{
	(*(int *)arg)++;
}

static struct questions *
new_questions(const struct mailman *m, const char *dir)
{
	const struct questions_options o = { .mailman = m, .site = "s",
		.lists_dir = dir, .deadline = LONG, .inotify = -1 };

	return questions_new(loop, &o);
}

static int
setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	slow_mailman_reset();
	loop = ev_default_loop(0);
	ev_timer_init(&heartbeat, on_heartbeat, 0.005, 0.005);
	ev_timer_start(loop, &heartbeat);
	fixture_mkdir(fixture_path("far"));
	snprintf(lists_dir, sizeof(lists_dir), "%s", fixture_path("lists"));
	snprintf(far_dir, sizeof(far_dir), "%s", fixture_path("far"));
	fixture_list("lists", "foo");
	fixture_list("far", "foo");
	fixture_file(fixture_path("far/foo/config.pck"),
	    "}(S'host_name'\nS'far.test'\nu.");
	near = new_questions(&mailman2, lists_dir);
	far = new_questions(&slow_mailman, far_dir);
	woken = 0;
	asking = (struct asking){ .loop = loop, .deadline = LONG };
	return 0;
}

static int
teardown(void **state)
{
	slow->hangs = false;
	inquiry_free(asking.inquiry);
	questions_free(near);
	questions_free(far);
	ev_timer_stop(loop, &heartbeat);
	while (waitpid(-1, NULL, 0) > 0)
		;
	return fixture_teardown(state);
}

/* A request was received now. */
static void
receive(double deadline)
{
	asking.deadline = deadline;
	asking.since = clock_seconds();
	asking.can_wait = true;
	asking.wake = count_wake;
	asking.arg = &woken;
}

/* It is answered, for the first time or anew. */
static int
answer(struct questions *qs, const char *name, struct entry_facts *f)
{
	asking.put = false;
	return inquiry_facts(&asking, qs, str_from(name), f);
}

static void
test_facts_come(void **state)
{
	struct entry_facts f;

	(void)state;
	receive(LONG);
	assert_int_equal(answer(far, "foo", &f), 0);
	assert_true(asking.put);
	/* It may be asked for twice, and is under way once. */
	assert_int_equal(answer(far, "foo", &f), 0);
	WAIT(woken);
	assert_int_equal(slow->looks, 1);
	assert_int_equal(answer(far, "foo", &f), 1);
	assert_false(asking.put);
	assert_int_equal(f.found, LISTS_FOUND);
	assert_string_equal(f.info.host, "far.test");
	/* Sites and names differ; what is absent says nothing of itself. */
	assert_int_equal(answer(near, "foo", &f), 0);
	assert_int_equal(inquiry_facts(&asking, far, STR("fo"), &f), 0);
	WAIT(woken == 2);
	memset(&f, 0xa5, sizeof(f));
	assert_int_equal(answer(far, "fo", &f), 1);
	assert_int_equal(f.found, LISTS_ABSENT);
	assert_string_equal(f.info.host, "");
	assert_int_equal(answer(near, "foo", &f), 1);
	assert_string_equal(f.info.host, "");
	assert_int_equal(answer(far, "foo", &f), 1);
	assert_string_equal(f.info.host, "far.test");
	assert_int_equal(woken, 2);
}

/* It is woken when all that is under way is there. */
static void
test_woken_once(void **state)
{
	struct entry_facts f;

	(void)state;
	receive(LONG);
	slow->hangs = true;
	assert_int_equal(answer(far, "foo", &f), 0);
	assert_int_equal(inquiry_facts(&asking, near, STR("foo"), &f), 0);
	assert_int_equal(inquiry_facts(&asking, near, STR("bar"), &f), 0);
	WAIT(slow->looks == 1);
	/* The near ones are there by now. */
	WAIT(inquiry_facts(&asking, near, STR("bar"), &f) == 1);
	assert_int_equal(woken, 0);
	slow->hangs = false;
	WAIT(woken);
	assert_int_equal(woken, 1);
	assert_int_equal(answer(far, "foo", &f), 1);
	assert_int_equal(answer(near, "foo", &f), 1);
}

/* Waits until the deadline is over; false where that was before the near site
 * had answered. */
static bool
is_over_with_near_facts(double deadline)
{
	struct entry_facts f;

	woken = 0;
	receive(deadline);
	if (answer(far, "foo", &f) != 0 ||
	    inquiry_facts(&asking, near, STR("foo"), &f) != 0)
		return false;
	WAIT(woken);
	assert_true(clock_seconds() - asking.since >= deadline);
	return answer(near, "foo", &f) == 1;
}

static void
test_deadline(void **state)
{
	double deadline = SHORT;
	struct entry_facts f;

	(void)state;
	slow->hangs = true;
	while (!is_over_with_near_facts(deadline)) {
		inquiry_free(asking.inquiry);
		asking.inquiry = NULL;
		deadline *= 2;
	}
	/* What is there counts; nothing more is asked. */
	assert_int_equal(answer(far, "foo", &f), -1);
	assert_int_equal(answer(near, "foo", &f), 1);
	assert_int_equal(answer(near, "bar", &f), -1);
	assert_false(asking.put);
	assert_int_equal(woken, 1);
	/* Another request has a time of its own. */
	inquiry_free(asking.inquiry);
	asking.inquiry = NULL;
	slow->hangs = false;
	receive(LONG);
	assert_int_equal(answer(far, "foo", &f), 0);
	WAIT(woken == 2);
	assert_int_equal(answer(far, "foo", &f), 1);
	/* One that comes late is not asked about at all. */
	inquiry_free(asking.inquiry);
	asking.inquiry = NULL;
	receive(SHORT);
	asking.since -= SHORT;
	assert_int_equal(answer(near, "foo", &f), -1);
	assert_false(asking.put);
}

static void
test_nobody_can_wait(void **state)
{
	struct entry_facts f;

	(void)state;
	assert_int_equal(answer(near, "foo", &f), -1);
	assert_false(asking.put);
	assert_null(asking.inquiry);
}

static void
test_names_are_bounded(void **state)
{
	struct entry_facts f;
	char name[16];

	(void)state;
	receive(LONG);
	for (int i = 0; i < INQUIRY_NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(answer(near, name, &f), 0);
	}
	assert_int_equal(answer(near, "one-more", &f), -1);
	assert_false(asking.put);
	assert_int_equal(answer(near, "", &f), -1);
	WAIT(woken);
	assert_int_equal(woken, 1);
	for (int i = 0; i < INQUIRY_NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(answer(near, name, &f), 1);
	}
}

/* The budget of a site is over: nobody can tell now, and perhaps later. */
static void
test_budget(void **state)
{
	static struct inquiry *others[QUESTIONS_MAX];
	struct entry_facts f;

	(void)state;
	receive(LONG);
	slow->hangs = true;
	for (int i = 0; i < QUESTIONS_MAX; i++) {
		assert_int_equal(answer(far, "foo", &f), 0);
		others[i] = asking.inquiry;
		asking.inquiry = NULL;
	}
	assert_int_equal(answer(far, "foo", &f), -1);
	assert_false(asking.put);
	assert_int_equal(answer(near, "foo", &f), 0);
	/* One of them goes, and its question with it. */
	inquiry_free(others[QUESTIONS_MAX - 1]);
	assert_int_equal(answer(far, "foo", &f), 0);
	for (int i = 0; i < QUESTIONS_MAX - 1; i++)
		inquiry_free(others[i]);
	slow->hangs = false;
	WAIT(woken);
	assert_int_equal(answer(far, "foo", &f), 1);
}

/* The client goes, with questions at the worker and before it. */
static void
test_forgotten(void **state)
{
	struct entry_facts f;

	(void)state;
	receive(SHORT);
	slow->hangs = true;
	assert_int_equal(answer(far, "foo", &f), 0);
	assert_int_equal(answer(near, "foo", &f), 0);
	WAIT(slow->looks == 1);
	inquiry_free(asking.inquiry);
	asking.inquiry = NULL;
	inquiry_free(NULL);
	slow->hangs = false;
	receive(LONG);
	assert_int_equal(answer(far, "foo", &f), 0);
	WAIT(woken);
	assert_int_equal(woken, 1);
}

/* Nobody can tell, and that is kept for this request. */
static void
test_who_looks_dies(void **state)
{
	struct entry_facts f;

	(void)state;
	fixture_list("far", "die");
	receive(LONG);
	assert_int_equal(answer(far, "die", &f), 0);
	WAIT(woken);
	assert_int_equal(answer(far, "die", &f), -1);
	assert_false(asking.put);
	assert_int_equal(slow->looks, 2);
}

/* A reload takes the site away, or gives it another directory. */
static void
test_site_goes(void **state)
{
	const struct questions_options o = { .mailman = &mailman2,
		.site = "s", .lists_dir = far_dir, .deadline = LONG,
		.inotify = -1 };
	struct entry_facts f;

	(void)state;
	receive(LONG);
	slow->hangs = true;
	assert_int_equal(answer(far, "foo", &f), 0);
	assert_int_equal(inquiry_facts(&asking, near, STR("foo"), &f), 0);
	WAIT(inquiry_facts(&asking, near, STR("foo"), &f) == 1);
	questions_free(far);
	assert_int_equal(woken, 1);
	/* Another site at its address in memory is another site. */
	far = new_questions(&mailman2, lists_dir);
	assert_int_equal(answer(far, "foo", &f), 0);
	WAIT(woken == 2);
	assert_int_equal(answer(far, "foo", &f), 1);
	assert_string_equal(f.info.host, "");
	questions_configure(near, &o);
	assert_int_equal(answer(near, "foo", &f), 0);
	WAIT(woken == 3);
	assert_int_equal(answer(near, "foo", &f), 1);
	assert_string_equal(f.info.host, "far.test");
}

/* Whoever is woken may answer on the spot, and be done with the inquiry. */
static void
finish(void *arg)
{
	struct entry_facts *f = arg;

	if (answer(near, "foo", f) == 1)
		woken++;
	inquiry_free(asking.inquiry);
	asking.inquiry = NULL;
}

static void
test_answered_at_once(void **state)
{
	struct entry_facts f;

	(void)state;
	receive(LONG);
	asking.wake = finish;
	asking.arg = &f;
	assert_int_equal(answer(near, "foo", &f), 0);
	WAIT(woken);
	assert_null(asking.inquiry);
	assert_int_equal(f.found, LISTS_FOUND);
	/* The same where it is the end that wakes. */
	assert_int_equal(answer(near, "foo", &f), 0);
	questions_free(near);
	near = NULL;
	assert_null(asking.inquiry);
	assert_int_equal(woken, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_facts_come),
		TEST(test_woken_once),
		TEST(test_deadline),
		TEST(test_nobody_can_wait),
		TEST(test_names_are_bounded),
		TEST(test_budget),
		TEST(test_forgotten),
		TEST(test_who_looks_dies),
		TEST(test_site_goes),
		TEST(test_answered_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
