/*
 * The client against a peer in a child process that takes one connection,
 * and for each request sends the next of some prepared bytes.
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "wire/client.h"
#include "wire/listen.h"
#include "wire/socketmap.h"
#include "tests/patience.h"

#define STEPS 3

static char dir[] = "/tmp/client.XXXXXX";
static char spec[64];

static int
serve(int listener, const char *const *bytes)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	char request[SOCKETMAP_REQUEST_MAX + 8];
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	poll(&p, 1, -1);
	fd = accept(listener, NULL, NULL);
	for (; *bytes; bytes++) {
		size_t n = strlen(*bytes);

		if (recv(fd, request, sizeof(request), 0) <= 0)
			return 0;
		if (n > 0 && send(fd, *bytes, n, MSG_NOSIGNAL) < 0)
			return 0;
	}
	/* Without a reply to the last one, the client's patience decides. */
	if (strcmp(bytes[-1], "") == 0)
		pause();
	return 0;
}

static pid_t
start(const char *const *bytes)
{
	struct listen_options o = { .mode = 0600, .owner = (uid_t)-1,
		.group = (gid_t)-1, .take_over = true };
	struct listener l;
	pid_t pid;

	snprintf(spec, sizeof(spec), "local:%s/socket", dir);
	assert_null(listen_open(spec, &o, &l));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(serve(l.fd, bytes));
	free(l.path);
	l.path = NULL;
	listen_close(&l);
	return pid;
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(unlink(spec + strlen("local:")), 0);
}

static const struct {
	const char *bytes[STEPS + 1];
	struct {
		int r;
		const char *value;
	} results[STEPS];
} rows[] = {
	{ { "4:OK x,", "9:NOTFOUND ,", "8:TEMP why," },
	    { { 1, "x" }, { 0, "" }, { -1, "why" } } },
	{ { "8:NOTFOUND,", "6:PERM p,", "9:TIMEOUT t," },
	    { { 0, "" }, { -1, "p" }, { -1, "t" } } },
	{ { "5:OK y ,", "4:TEMP,", "5:OK z ," },
	    { { 1, "y " }, { -1, "" }, { 1, "z " } } },
	/* From here on the conversation breaks, and stays so. */
	{ { "2:OK,", "4:OK x,", "4:OK x," },
	    { { -1, "not a reply" }, { -1, "not a reply" },
	    { -1, "not a reply" } } },
	{ { "04:OK x,", "4:OK x,", "4:OK x," },
	    { { -1, "leading zero in a length" },
	    { -1, "leading zero in a length" },
	    { -1, "leading zero in a length" } } },
	{ { "4:OK x,4:OK y,", "4:OK x,", "4:OK x," },
	    { { -1, "more than one reply" }, { -1, "more than one reply" },
	    { -1, "more than one reply" } } },
	{ { "100001:", "4:OK x,", "4:OK x," },
	    { { -1, "frame too long" }, { -1, "frame too long" },
	    { -1, "frame too long" } } },
	{ { "4:OK x,", "4:OK" },
	    { { 1, "x" }, { -1, "connection closed by the daemon" },
	    { -1, "connection closed by the daemon" } } },
};

static void
understands(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pid_t pid = start(rows[i].bytes);
		const char *err;
		struct client *c = client_open(spec, PATIENCE, &err);
		struct buf value;

		assert_non_null(c);
		buf_init(&value, 1000);
		for (j = 0; j < STEPS; j++) {
			assert_int_equal(client_ask(c, STR("map"),
			    STR("key"), &value), rows[i].results[j].r);
			assert_string_equal(buf_cstr(&value),
			    rows[i].results[j].value);
		}
		buf_clear(&value);
		client_close(c);
		end(pid);
	}
}

/* A late reply must not become the answer to the next question. */
static void
gives_up(void **state)
{
	static const char *const silence[] = { "", NULL };
	pid_t pid = start(silence);
	const char *err;
	struct client *c = client_open(spec, 0.05, &err);
	struct buf value;
	int i;

	(void)state;
	assert_non_null(c);
	buf_init(&value, 1000);
	for (i = 0; i < 2; i++) {
		assert_int_equal(client_ask(c, STR("map"), STR("key"), &value),
		    -1);
		assert_string_equal(buf_cstr(&value), "timed out");
	}
	buf_clear(&value);
	client_close(c);
	end(pid);
}

static void
limits_the_question(void **state)
{
	static const char *const good[] = { "4:OK x,", NULL };
	static char key[SOCKETMAP_REQUEST_MAX - 1];
	pid_t pid = start(good);
	const char *err;
	struct client *c = client_open(spec, PATIENCE, &err);
	struct buf value;

	(void)state;
	assert_non_null(c);
	memset(key, 'k', sizeof(key));
	buf_init(&value, 1000);
	assert_int_equal(client_ask(c, STR("m"),
	    (struct str){ key, sizeof(key) }, &value), -1);
	assert_string_equal(buf_cstr(&value), "key too long");
	assert_int_equal(client_ask(c, STR("m"),
	    (struct str){ key, sizeof(key) - 1 }, &value), 1);
	buf_clear(&value);
	client_close(c);
	end(pid);
}

static void
tells_why_not(void **state)
{
	char nobody[80];
	const char *err = NULL;

	(void)state;
	assert_null(client_open("bogus", PATIENCE, &err));
	assert_non_null(err);
	snprintf(nobody, sizeof(nobody), "local:%s/nobody", dir);
	assert_null(client_open(nobody, PATIENCE, &err));
	assert_string_equal(err, "No such file or directory");
	client_close(NULL);
}

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int
remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understands),
		cmocka_unit_test(gives_up),
		cmocka_unit_test(limits_the_question),
		cmocka_unit_test(tells_why_not),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
