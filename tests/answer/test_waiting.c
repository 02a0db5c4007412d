#include <ev.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "mailman/entry_facts.h"
#include "mailman/mailman.h"
#include "cache/inquiry.h"
#include "cache/questions.h"
#include "answer/answer.h"
#include "answer/waiting.h"
#include "tests/fixture.h"
#include "tests/patience.h"
#include "tests/sample.h"
#include "tests/slow_mailman.h"

#define WAIT(condition) UNTIL_BY(condition, ev_run(loop, EVRUN_ONCE))

#define LONG 600.0 /* seconds */

static struct ev_loop *loop;
static struct ev_timer heartbeat; /* so that WAIT looks again */
static struct questions *questions;
static struct asking asking;
static struct waiting waiting;
static struct conf *conf;
static struct sample sample;
static char lists_dir[1024];
static struct buf out;

/* One client, as a connection has it. */
struct client {
	struct conn_waiter waiter; /* the first member */
	int woken;
};

static void
on_heartbeat(struct ev_loop *l, struct ev_timer *w, int events)
{
	(void)l, (void)w, (void)events;
}

/* Somebody deep below an answer: the key is the names of entries, with commas
 * between them, and all of them must be known. */
static int
write_entries(void *arg, struct str key, struct buf *b)
{
	int rc = 0;

	(void)arg;
	while (key.n > 0) {
		size_t n = str_find(key, ',');
		struct str name = n == STR_NONE ? key : str_head(key, n);
		struct entry_facts f;

		key = str_tail(key, n == STR_NONE ? key.n : n + 1);
		if (inquiry_facts(&asking, questions, name, &f) != 1)
			rc = -1;
		else
			buf_printf(b, "%.*s=%d ", (int)name.n, name.p,
			    (int)f.found);
	}
	return rc;
}

static int
setup(void **state)
{
	const struct lists *lists[] = { &sample.lists };
	const struct questions_options o = { .mailman = &slow_mailman,
		.site = "s", .lists_dir = lists_dir, .deadline = LONG,
		.inotify = -1 };
	static const char *const none[] = { NULL };

	if (fixture_setup(state) != 0)
		return -1;
	slow_mailman_reset();
	loop = ev_default_loop(0);
	ev_timer_init(&heartbeat, on_heartbeat, 0.005, 0.005);
	ev_timer_start(loop, &heartbeat);
	snprintf(lists_dir, sizeof(lists_dir), "%s", fixture_path("lists"));
	fixture_list("lists", "foo");
	fixture_list("lists", "bar");
	conf = sample_conf("site \"s\" { lists_dir = \"/s\"\n"
	    "  domain \"s.test\" {} }\n");
	sample_lists(&sample, none);
	questions = questions_new(loop, &o);
	asking = (struct asking){ .loop = loop, .deadline = LONG };
	waiting.answer = answer_new(conf, lists, write_entries, NULL);
	waiting.asking = &asking;
	buf_init(&out, 100000);
	return 0;
}

static int
teardown(void **state)
{
	slow->hangs = false;
	buf_clear(&out);
	answer_free(waiting.answer);
	questions_free(questions);
	conf_free(conf);
	ev_timer_stop(loop, &heartbeat);
	while (waitpid(-1, NULL, 0) > 0)
		;
	return fixture_teardown(state);
}

static void
wake_client(struct conn_waiter *w)
{
	/* `waiter' is its first member. */
	((struct client *)w)->woken++;
}

static struct client
new_client(void)
{
	return (struct client){ .waiter = { .since = clock_seconds(),
	    .wake = wake_client } };
}

static enum conn_reply
answer(struct client *c, const char *request)
{
	enum conn_reply r = waiting_answer(&waiting, str_from(request),
	    &c->waiter, &out);

	/* Nobody else asks in the name of this client. */
	assert_false(asking.can_wait || asking.put);
	assert_null(asking.inquiry);
	assert_int_equal(r == CONN_LATER, c->waiter.question != NULL);
	return r;
}

/* The replies so far, and they are forgotten. */
static void
expect(const char *replies)
{
	assert_string_equal(buf_cstr(&out), replies);
	buf_reset(&out);
}

static void
test_nothing_to_wait_for(void **state)
{
	struct client c = new_client();

	(void)state;
	assert_int_equal(answer(&c, "domains s.test"), CONN_REPLIED);
	expect("5:OK OK,");
	assert_int_equal(answer(&c, "nonsense"), CONN_REPLIED);
	assert_true(out.n > 0);
}

static void
test_waits(void **state)
{
	struct client c = new_client(), other = new_client();

	(void)state;
	slow->hangs = true;
	assert_int_equal(answer(&c, "domains s.test"), CONN_REPLIED);
	assert_int_equal(answer(&c, ".status foo,nosuch"), CONN_LATER);
	/* Nobody else waits, and what did not count leaves nothing. */
	assert_int_equal(answer(&other, "domains s.test"), CONN_REPLIED);
	expect("5:OK OK,5:OK OK,");
	/* Too early. */
	assert_int_equal(answer(&c, ".status foo,nosuch"), CONN_LATER);
	slow->hangs = false;
	WAIT(c.woken);
	assert_int_equal(answer(&c, ".status foo,nosuch"), CONN_REPLIED);
	expect("18:OK foo=1 nosuch=0 ,");
	assert_int_equal(c.woken, 1);
	assert_int_equal(other.woken, 0);
	/* The next request of the same client knows nothing of that. */
	assert_int_equal(answer(&c, ".status foo"), CONN_LATER);
	WAIT(c.woken == 2);
	assert_int_equal(slow->looks, 2);
	assert_int_equal(answer(&c, ".status foo"), CONN_REPLIED);
	expect("9:OK foo=1 ,");
}

/* Clients that wait at the same time have each their own. */
static void
test_two_clients(void **state)
{
	struct client a = new_client(), b = new_client();

	(void)state;
	assert_int_equal(answer(&a, ".status foo"), CONN_LATER);
	assert_int_equal(answer(&b, ".status bar,foo"), CONN_LATER);
	WAIT(a.woken && b.woken);
	assert_int_equal(answer(&b, ".status bar,foo"), CONN_REPLIED);
	assert_int_equal(answer(&a, ".status foo"), CONN_REPLIED);
	expect("15:OK bar=1 foo=1 ,9:OK foo=1 ,");
	assert_int_equal(slow->looks, 3);
}

static void
test_deadline(void **state)
{
	struct client c = new_client();

	(void)state;
	asking.deadline = 0.05;
	slow->hangs = true;
	assert_int_equal(answer(&c, ".status foo"), CONN_LATER);
	WAIT(c.woken);
	assert_int_equal(answer(&c, ".status foo"), CONN_REPLIED);
	expect("5:TEMP ,");
}

/* Its buffer is as it was, also where the answer that did not count was too
 * long for it. */
static void
test_output_is_restored(void **state)
{
	struct client c = new_client();
	char memory[8];

	(void)state;
	assert_int_equal(answer(&c, ".status foo"), CONN_LATER);
	WAIT(c.woken);
	buf_clear(&out);
	buf_over(&out, memory, sizeof(memory));
	assert_int_equal(answer(&c, ".status foo,bar"), CONN_LATER);
	assert_true(out.n == 0 && !out.failed);
	waiting_forget(&waiting, &c.waiter);
	assert_null(c.waiter.question);
}

static void
test_forget(void **state)
{
	struct client c = new_client(), d = new_client();

	(void)state;
	slow->hangs = true;
	assert_int_equal(answer(&c, ".status foo"), CONN_LATER);
	waiting_forget(&waiting, &c.waiter);
	assert_null(c.waiter.question);
	slow->hangs = false;
	assert_int_equal(answer(&d, ".status bar"), CONN_LATER);
	WAIT(d.woken);
	assert_int_equal(c.woken, 0);
	waiting_forget(&waiting, &d.waiter);
}

/* After a reload another answerer goes on with what the first one asked. */
static void
test_another_answerer(void **state)
{
	const struct lists *lists[] = { &sample.lists };
	struct client c = new_client();

	(void)state;
	assert_int_equal(answer(&c, ".status foo"), CONN_LATER);
	answer_free(waiting.answer);
	waiting.answer = answer_new(conf, lists, write_entries, NULL);
	WAIT(c.woken);
	assert_int_equal(answer(&c, ".status foo"), CONN_REPLIED);
	expect("9:OK foo=1 ,");
}

static void
test_turn(void **state)
{
	const unsigned long before = asking.turn;

	(void)state;
	waiting_turn(&waiting);
	assert_true(asking.turn == before + 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_to_wait_for),
		TEST(test_waits),
		TEST(test_two_clients),
		TEST(test_deadline),
		TEST(test_output_is_restored),
		TEST(test_forget),
		TEST(test_another_answerer),
		TEST(test_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
