#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache/cache.h"
#include "cache/cdbfile.h"
#include "cache/snapshot.h"
#include "tests/fixture.h"

#define HEAD "3\t" SNAPSHOT_UNSEALED "\t"
/* No time, no stamp, no census; the site that the file is named after. */
#define REST "\t0\t0\t\ts"

/* No site has a longer name. */
#define LONGEST SIXTEEN SIXTEEN SIXTEEN SIXTEEN
#define SIXTEEN "0123456789abcdef"

struct pair {
	const char *key, *value;
};

static void
make(const struct pair *pairs, size_t n)
{
	const char *err;
	struct cdbmake *m;
	size_t i;

	m = cdbmake_new(fixture_path("s.cdb"), 0644, &err);
	assert_non_null(m);
	for (i = 0; i < n; i++)
		assert_int_equal(cdbmake_put(m, str_from(pairs[i].key),
		                     str_from(pairs[i].value)), 0);
	/* What has no place for a checksum gets none. */
	if (strncmp(pairs[0].value, HEAD, strlen(HEAD)) == 0)
		assert_int_equal(snapshot_commit(m, &err), 0);
	else
		assert_int_equal(cdbmake_commit(m, &err), 0);
}

#define MAKE(...)                                                             \
	do {                                                                  \
		static const struct pair pairs[] = { __VA_ARGS__ };           \
		make(pairs, sizeof(pairs) / sizeof(pairs[0]));                \
	} while (0)

static int
count_list(void *arg, struct str name, const struct record *r)
{
	assert_true(name.n > 0 && name.p[0] != ':');
	assert_true(r->size == 3);
	++*(int *)arg;
	return 0;
}

static void
test_good(void **state)
{
	struct record r;
	struct cache *c;
	const char *err;
	int n = 0;

	(void)state;
	MAKE({ ":listmap", HEAD "2\t64\t99" REST }, { "bar", "d\ta.test\t1\t2\t3" },
	    { "foo", "d\t\t4\t5\t3\tfurther" });
	c = cache_open(fixture_path("s.cdb"), &err);
	assert_non_null(c);
	assert_true(cache_head(c)->count == 2 && cache_head(c)->dev == 64 &&
	    cache_head(c)->ino == 99);
	assert_int_equal(cache_find(c, STR("foo"), &r), 1);
	assert_true(r.ino == 4 && r.mtime == 5 && r.host.n == 0);
	assert_int_equal(cache_find(c, STR("bar"), &r), 1);
	assert_true(str_is(r.host, "a.test"));
	assert_int_equal(cache_find(c, STR("nosuch"), &r), 0);
	assert_int_equal(cache_find(c, STR(""), &r), 0);
	assert_int_equal(cache_find(c, STR(":listmap"), &r), 0);
	assert_int_equal(cache_each(c, count_list, &n), 0);
	assert_int_equal(n, 2);
	assert_true(cache_written(c) > 0);
	cache_close(c);
}

struct seen {
	char text[512];
	int stop_at;
};

static int
note_host(void *arg, struct str host, const struct record_host *r)
{
	struct seen *s = arg;
	size_t n = strlen(s->text);

	snprintf(s->text + n, sizeof(s->text) - n, "<%.*s %d %.*s>",
	    (int)host.n, host.p, (int)r->count, (int)r->url.n, r->url.p);
	return --s->stop_at == 0 ? 7 : 0;
}

static void
test_each_host(void **state)
{
	struct seen s = { "", 0 };
	struct cache *c;
	const char *err;
	struct record r;

	(void)state;
	MAKE({ ":listmap", HEAD "1\t64\t99" REST }, { ":host:a.test", "2\thttp://a" },
	    { ":later", "whatever" }, { ":host:", "1\t" },
	    { "foo", "d\ta.test\t4\t5\t3" }, { "host:x", "d\t\t4\t5\t3" });
	c = cache_open(fixture_path("s.cdb"), &err);
	assert_non_null(c);
	assert_int_equal(cache_each_host(c, note_host, &s), 0);
	assert_string_equal(s.text, "<a.test 2 http://a>< 1 >");
	s = (struct seen){ "", 1 };
	assert_int_equal(cache_each_host(c, note_host, &s), 7);
	assert_string_equal(s.text, "<a.test 2 http://a>");
	/* Its key is no list's. */
	assert_int_equal(cache_find(c, STR(":host:a.test"), &r), 0);
	cache_close(c);
	/* None at all. */
	MAKE({ ":listmap", HEAD "0\t64\t99" REST });
	c = cache_open(fixture_path("s.cdb"), &err);
	assert_non_null(c);
	s = (struct seen){ "", 0 };
	assert_int_equal(cache_each_host(c, note_host, &s), 0);
	assert_string_equal(s.text, "");
	cache_close(c);
}

static struct cache *
open_made(const struct pair *pairs, size_t n)
{
	struct cache *c;
	const char *err;

	make(pairs, n);
	c = cache_open(fixture_path("s.cdb"), &err);
	assert_non_null(c);
	return c;
}

static void
test_same_hosts(void **state)
{
	static const struct {
		struct pair pairs[5];
		bool same;
	} cases[] = {
		/* Other counts, a gap, other lists. */
		{ { { ":listmap", HEAD "7\t64\t9" REST }, { ":gap:broken",
		    "1\tx" }, { ":host:a.test", "7\thttp://a" },
		    { ":host:b.test", "0\t\tc.test" },
		    { "bar", "u\ta.test\t0\t0\t0" } }, true },
		{ { { ":listmap", HEAD "1\t64\t99" REST },
		    { ":host:a.test", "0\thttp://a" },
		    { ":host:b.test", "0\t\tc.test" } }, false },
		{ { { ":listmap", HEAD "1\t64\t99" REST },
		    { ":host:a.test", "1\thttp://b" },
		    { ":host:b.test", "0\t\tc.test" } }, false },
		{ { { ":listmap", HEAD "1\t64\t99" REST },
		    { ":host:a.test", "1\thttp://a" },
		    { ":host:b.test", "0\t\td.test" } }, false },
		{ { { ":listmap", HEAD "1\t64\t99" REST },
		    { ":host:a.test", "1\thttp://a" },
		    { ":host:b.test", "1\t\tc.test" } }, false },
		{ { { ":listmap", HEAD "1\t64\t99" REST },
		    { ":host:a.test", "1\thttp://a" } }, false },
		{ { { ":listmap", HEAD "1\t64\t99" REST },
		    { ":host:b.test", "0\t\tc.test" },
		    { ":host:a.test", "1\thttp://a" } }, false },
		{ { { ":listmap", HEAD "1\t64\t99" REST },
		    { ":host:a.test", "1\thttp://a" },
		    { ":host:b.test", "0\t\tc.test" },
		    { ":host:", "1\t" } }, false },
	};
	static const struct pair base[] = {
		{ ":listmap", HEAD "1\t64\t99" REST },
		{ ":host:a.test", "1\thttp://a" },
		{ ":host:b.test", "0\t\tc.test" },
		{ "foo", "d\ta.test\t1\t2\t3" },
	};
	struct cache *a = open_made(base, 4), *b = open_made(base, 4);

	(void)state;
	assert_true(cache_same_hosts(a, b));
	cache_close(b);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = 0;

		while (n < 5 && cases[i].pairs[n].key != NULL)
			n++;
		b = open_made(cases[i].pairs, n);
		if (cache_same_hosts(a, b) != cases[i].same ||
		    cache_same_hosts(b, a) != cases[i].same)
			fail_msg("case %zu", i);
		cache_close(b);
	}
	cache_close(a);
}

static struct cache *now;
static struct cache_refused refused;

static int
reopen(void)
{
	const char *err;

	return cache_reopen(&now, &refused, fixture_path("s.cdb"), &err);
}

static void
test_reopen(void **state)
{
	struct cache *before;

	(void)state;
	now = NULL;
	refused = (struct cache_refused){ 0 };
	assert_int_equal(reopen(), -1);
	assert_int_equal(errno, ENOENT);
	MAKE({ ":listmap", HEAD "0\t64\t1" REST });
	assert_int_equal(reopen(), 1);
	assert_int_equal(reopen(), 0);
	MAKE({ ":listmap", HEAD "0\t64\t2" REST });
	assert_int_equal(reopen(), 1);
	assert_int_equal(cache_head(now)->ino, 2);
	before = now;
	assert_int_equal(unlink(fixture_path("s.cdb")), 0);
	assert_int_equal(reopen(), -1);
	assert_ptr_equal(now, before);
	MAKE({ ":listmap", HEAD "0\t64\t2" REST });
	assert_int_equal(reopen(), 1);
	cache_close(now);
	cache_close(NULL);
}

/* Writes a byte into the file; its times stay what they were, but for that of
 * the change itself. */
static void
flip(off_t at)
{
	const char *path = fixture_path("s.cdb");
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct timespec times[2], before;
	struct stat st;
	char byte;

	assert_int_not_equal(fd, -1);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	/* However coarse the clock of the filesystem is. */
	do {
		assert_int_equal(futimens(fd, times), 0);
		before = st.st_ctim;
		assert_int_equal(fstat(fd, &st), 0);
	} while (st.st_ctim.tv_sec == before.tv_sec &&
	    st.st_ctim.tv_nsec == before.tv_nsec);
	close(fd);
}

/* How often the file was read. */
static int reads;

ssize_t
pread(int fd, void *p, size_t n, off_t at)
{
	reads++;
	return syscall(SYS_pread64, fd, p, n, at);
}

static void
test_damaged_while_open(void **state)
{
	struct record r;
	const char *err;

	(void)state;
	now = NULL;
	refused = (struct cache_refused){ 0 };
	MAKE({ ":listmap", HEAD "1\t64\t1" REST }, { "foo", "d\ta.test\t1\t2\t3" });
	assert_int_equal(reopen(), 1);
	flip(2120);
	/* It is seen, and read once. */
	assert_int_equal(reopen(), -1);
	assert_int_equal(errno, EPROTO);
	reads = 0;
	err = "";
	errno = 0;
	assert_int_equal(cache_reopen(&now, &refused, fixture_path("s.cdb"),
	                     &err),
	    -1);
	assert_string_equal(err, "wrong checksum");
	assert_int_equal(errno, EPROTO);
	assert_int_equal(reads, 0);
	/* What was read before is what it was. */
	assert_int_equal(cache_find(now, STR("foo"), &r), 1);
	assert_true(str_is(r.host, "a.test"));
	assert_int_equal(truncate(fixture_path("s.cdb"), 0), 0);
	assert_int_equal(cache_find(now, STR("foo"), &r), 1);
	assert_true(str_is(r.host, "a.test"));
	assert_int_equal(reopen(), -1);
	MAKE({ ":listmap", HEAD "0\t64\t1" REST });
	assert_int_equal(reopen(), 1);
	cache_close(now);
}

static void
expect_error(const char *expected)
{
	const char *err = NULL;

	assert_null(cache_open(fixture_path("s.cdb"), &err));
	assert_string_equal(err, expected);
}

static void
test_errors(void **state)
{
	(void)state;
	expect_error("No such file or directory");
	assert_int_equal(errno, ENOENT);
	fixture_file(fixture_path("s.cdb"), "");
	expect_error("no CDB");
	assert_int_not_equal(errno, ENOENT);
	MAKE({ "foo", "d\t\t1\t2\t3" });
	expect_error("no snapshot of listmap");
	assert_int_not_equal(errno, ENOENT);
	MAKE({ ":listmap", "7\t0\tand\tmore" });
	expect_error("another version (7, not 3)");
	assert_int_equal(errno, EPROTONOSUPPORT);
	MAKE({ ":listmap", "2\t" SNAPSHOT_UNSEALED "\t0\t64\t1" });
	expect_error("another version (2, not 3)");
	assert_int_equal(errno, EPROTONOSUPPORT);
	MAKE({ ":listmap", "1\t4\t45\t3" });
	expect_error("another version (1, not 3)");
	assert_int_equal(errno, EPROTONOSUPPORT);
	MAKE({ ":listmap", HEAD "0\tand\tmore" });
	expect_error("no snapshot of listmap");
	MAKE({ ":listmap", "" });
	expect_error("no snapshot of listmap");
	/* No checksum, and no room for one. */
	MAKE({ ":listmap", "3\t1\t64\t99" REST });
	expect_error("no snapshot of listmap");
	MAKE({ ":listmap", "3" });
	expect_error("no snapshot of listmap");
	/* Another record first. */
	MAKE({ ":host:a.test", HEAD "x" }, { ":listmap", HEAD "0\t64\t99" REST });
	expect_error("no snapshot of listmap");
	MAKE({ ":listmap", HEAD "1000000\t64\t99" REST });
	expect_error("wrong count");
	MAKE({ ":listmap", HEAD "18446744073709551615\t64\t99" REST });
	expect_error("wrong count");
	/* Whoever makes domains of them must be able to trust them. */
	MAKE({ ":listmap", HEAD "0\t64\t99" REST }, { ":host:a.test", "nonsense" });
	expect_error("broken hosts");
	assert_int_equal(errno, EPROTO);
}

/* Somebody gave the file of one site the name of another's. */
static void
test_another_sites(void **state)
{
	const char *err, *path = fixture_path("s1.cdb");
	struct cache *before;

	(void)state;
	now = NULL;
	refused = (struct cache_refused){ 0 };
	MAKE({ ":listmap", HEAD "0\t64\t1" REST });
	assert_int_equal(link(fixture_path("s.cdb"), path), 0);
	assert_null(cache_open(path, &err));
	assert_int_equal(errno, EPROTO);
	assert_string_equal(err, "the snapshot of site s, not of s1");
	/* What is in use stays. */
	assert_int_equal(reopen(), 1);
	before = now;
	MAKE({ ":listmap", HEAD "0\t64\t1\t0\t0\t\t" LONGEST });
	assert_int_equal(reopen(), -1);
	assert_int_equal(errno, EPROTO);
	assert_ptr_equal(now, before);
	/* All of the name is told, and again without a read. */
	reads = 0;
	assert_int_equal(cache_reopen(&now, &refused, fixture_path("s.cdb"),
	                     &err),
	    -1);
	assert_int_equal(errno, EPROTO);
	assert_int_equal(reads, 0);
	assert_string_equal(err, "the snapshot of site " LONGEST ", not of s");
	cache_close(now);
	/* None at all. */
	MAKE({ ":listmap", HEAD "0\t64\t1\t0\t0\t" });
	expect_error("no snapshot of listmap");
	MAKE({ ":listmap", HEAD "0\t64\t1\t0\t0\t\t" });
	expect_error("no snapshot of listmap");
}

/* The name of a site may have dots. */
static void
test_site_with_dots(void **state)
{
	const char *err, *path = fixture_path("lists.example.org.cdb");
	struct cache *c;

	(void)state;
	MAKE({ ":listmap", HEAD "0\t64\t1\t0\t0\t\tlists.example.org" });
	expect_error("the snapshot of site lists.example.org, not of s");
	assert_int_equal(rename(fixture_path("s.cdb"), path), 0);
	c = cache_open(path, &err);
	assert_non_null(c);
	assert_true(str_is(cache_head(c)->site, "lists.example.org"));
	cache_close(c);
}

static int
memory(void)
{
	int fd = memfd_create("given", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_not_equal(fd, -1);
	return fd;
}

static void
test_give_and_take(void **state)
{
	const char *err, *path = fixture_path("s.cdb");
	struct cache *c, *taken;
	struct record r;
	int fd = memory();

	(void)state;
	MAKE({ ":listmap", HEAD "1\t64\t1" REST }, { "foo", "d\ta.test\t1\t2\t3" });
	c = cache_open(path, &err);
	assert_non_null(c);
	assert_int_equal(cache_give(c, fd), 0);
	/* Nobody can change it, or give another one there. */
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(cache_give(c, fd), -1);
	cache_close(c);
	taken = cache_take(fd, &err);
	assert_non_null(taken);
	close(fd);
	assert_int_equal(cache_find(taken, STR("foo"), &r), 1);
	assert_true(str_is(r.host, "a.test") && cache_head(taken)->ino == 1);
	/* It is known as the file that it was read from. */
	refused = (struct cache_refused){ 0 };
	assert_int_equal(cache_reopen(&taken, &refused, path, &err), 0);
	flip(2120);
	assert_int_equal(cache_reopen(&taken, &refused, path, &err), -1);
	cache_close(taken);
}

/* What a look-up needs, and no more. */
static void
test_look(void **state)
{
	enum lists_basis basis;
	struct cache *c;
	struct str host;
	const char *err;

	(void)state;
	MAKE({ ":listmap", HEAD "2\t64\t1\t7\t0\td1,u1,n1\ts" },
	    { ":host:a.test", "2\t" }, { "bar", "u\ta.test\t0\t0\t0" },
	    { "foo", "d\t\t1\t2\t3" }, { "junk", "n\t\t0\t0\t0" },
	    { "odd", "nonsense" });
	c = cache_open(fixture_path("s.cdb"), &err);
	assert_non_null(c);
	assert_int_equal(cache_look(c, STR("bar"), &host, &basis), 1);
	assert_true(str_is(host, "a.test") && basis == LISTS_UNREAD);
	assert_int_equal(cache_look(c, STR("foo"), &host, &basis), 1);
	assert_true(host.n == 0 && basis == LISTS_BY_DIRECTORY);
	assert_int_equal(cache_look(c, STR("junk"), &host, &basis), 1);
	assert_true(host.n == 0 && basis == LISTS_NONE);
	assert_int_equal(cache_look(c, STR("nosuch"), &host, &basis), 0);
	assert_int_equal(cache_look(c, STR(""), &host, &basis), 0);
	assert_int_equal(cache_look(c, (struct str){ NULL, 0 }, &host, &basis),
	    0);
	assert_int_equal(cache_look(c, STR(":listmap"), &host, &basis), 0);
	assert_int_equal(cache_look(c, STR(":host:a.test"), &host, &basis), 0);
	assert_int_equal(cache_look(c, STR("odd"), &host, &basis), -1);
	assert_true(cache_head(c)->ctime == 7);
	assert_int_equal(cache_census(c)[LISTS_NONE], 1);
	assert_int_equal(cache_census(c)[LISTS_PHANTOM], 0);
	cache_close(c);
}

static void
test_steps(void **state)
{
	struct cache *c, *taken;
	const char *err;
	int fd = memory(), steps;

	(void)state;
	MAKE({ ":listmap", HEAD "0\t64\t1" REST });
	c = cache_open(fixture_path("s.cdb"), &err);
	assert_non_null(c);
	assert_int_equal(cache_give(c, fd), 0);
	taken = cache_take(fd, &err);
	assert_non_null(taken);
	close(fd);
	for (steps = 0; !cache_populate(taken, 1); steps++)
		assert_true(steps < 10);
	assert_true(cache_same_hosts(c, taken));
	for (steps = 0; !cache_release(taken, 1); steps++)
		assert_true(steps < 10);
	assert_true(cache_release(c, SIZE_MAX));
	assert_true(cache_release(NULL, 1));
}

/* What a child comes to that looks into C: its status, or minus the signal that
 * ended it. */
static int
child_finds(const struct cache *c)
{
	struct record r;
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0)
		signal(SIGSEGV, SIG_DFL);
	if (pid == 0)
		_exit(cache_find(c, STR("foo"), &r));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void
test_children(void **state)
{
	struct cache *c, *taken;
	const char *err;
	int fd = memory();

	(void)state;
	MAKE({ ":listmap", HEAD "1\t64\t1" REST },
	    { "foo", "d\ta.test\t1\t2\t3" });
	c = cache_open(fixture_path("s.cdb"), &err);
	assert_non_null(c);
	assert_int_equal(child_finds(c), 1);
	assert_int_equal(cache_give(c, fd), 0);
	assert_int_equal(cache_share(c), 0);
	assert_int_equal(cache_head(c)->count, 1);
	assert_int_equal(cache_head(c)->checksum.n, 16);
	taken = cache_take(fd, &err);
	close(fd);
	for (int i = 0; i < 2; i++) {
		struct cache *of = i == 0 ? c : taken;

		assert_int_not_equal(child_finds(of), 1);
		assert_int_equal(cache_lend(of, true), 0);
		assert_int_equal(child_finds(of), 1);
		assert_int_equal(cache_lend(of, false), 0);
		assert_int_not_equal(child_finds(of), 1);
		cache_close(of);
	}
}

static void
test_look_at(void **state)
{
	const char *err, *path = fixture_path("s.cdb");
	const struct stat none = { 0 };
	struct stat st, other;
	struct cache *c;

	(void)state;
	assert_int_equal(cache_look_at(NULL, &none, path, &st), -1);
	MAKE({ ":listmap", HEAD "0\t64\t1" REST });
	assert_int_equal(cache_look_at(NULL, &none, path, &st), 1);
	assert_int_equal(cache_look_at(NULL, &st, path, &other), -1);
	c = cache_open(path, &err);
	assert_non_null(c);
	assert_int_equal(cache_look_at(c, &none, path, &other), 0);
	MAKE({ ":listmap", HEAD "0\t64\t2" REST });
	assert_int_equal(cache_look_at(c, &st, path, &other), 1);
	assert_int_equal(cache_look_at(c, &other, path, &st), -1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(cache_look_at(c, &none, path, &st), -1);
	cache_close(c);
}

static void
expect_nothing(int fd)
{
	const char *err = NULL;

	errno = 0;
	assert_null(cache_take(fd, &err));
	assert_string_equal(err, "nothing was given");
	assert_int_equal(errno, EPROTO);
	close(fd);
}

/* The giver may end at any moment. */
static void
test_half_given(void **state)
{
	const char *err;
	struct buf b;
	int fd = memory();

	(void)state;
	expect_nothing(fd);
	MAKE({ ":listmap", HEAD "0\t64\t1" REST });
	b = fixture_content(fixture_path("s.cdb"));
	fd = memory();
	assert_int_equal(write(fd, b.p, b.n), b.n);
	expect_nothing(fd);
	/* Whatever it is. */
	fd = memory();
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK |
	                     F_SEAL_GROW | F_SEAL_WRITE), 0);
	expect_nothing(fd);
	fd = memory();
	assert_int_equal(write(fd, b.p, b.n), b.n);
	assert_int_equal(write(fd, b.p, 144), 144);
	assert_int_equal(write(fd, b.p, 1), 1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK |
	                     F_SEAL_GROW | F_SEAL_WRITE), 0);
	assert_null(cache_take(fd, &err));
	assert_int_equal(errno, EPROTO);
	close(fd);
	/* A file, which can change. */
	fd = open(fixture_path("s.cdb"), O_RDWR | O_APPEND);
	assert_int_equal(write(fd, b.p, 144), 144);
	expect_nothing(fd);
	buf_clear(&b);
	assert_null(cache_take(-1, &err));
	assert_int_equal(errno, EBADF);
}

/* No bit of the file is without meaning, those of the checksum included. */
static void
test_every_bit(void **state)
{
	const char *path = fixture_path("s.cdb"), *err;
	struct cache *c;
	char byte;
	off_t i, n;
	int fd, bit;

	(void)state;
	MAKE({ ":listmap", HEAD "1\t64\t1\t7\t5\td1\ts" }, { ":host:a.test", "1\t" },
	    { "foo", "d\ta.test\t1\t2\t3" });
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	n = lseek(fd, 0, SEEK_END);
	for (i = 0; i < n; i++)
		for (bit = 1; bit < 256; bit <<= 1) {
			assert_int_equal(pread(fd, &byte, 1, i), 1);
			byte = (char)(byte ^ bit);
			assert_int_equal(pwrite(fd, &byte, 1, i), 1);
			assert_null(cache_open(path, &err));
			assert_true(errno == EPROTO ||
			    errno == EPROTONOSUPPORT);
			byte = (char)(byte ^ bit);
			assert_int_equal(pwrite(fd, &byte, 1, i), 1);
		}
	close(fd);
	c = cache_open(path, &err);
	assert_non_null(c);
	cache_close(c);
}

static void
test_broken_record_is_no_answer(void **state)
{
	struct record r;
	struct cache *c;
	const char *err;
	int n = 0;

	(void)state;
	MAKE({ ":listmap", HEAD "1\t64\t99" REST }, { "foo", "nonsense" });
	c = cache_open(fixture_path("s.cdb"), &err);
	assert_non_null(c);
	assert_int_equal(cache_find(c, STR("foo"), &r), -1);
	assert_int_equal(cache_each(c, count_list, &n), -1);
	cache_close(c);
}

static void
test_path(void **state)
{
	char *path = cache_path("/var/cache", "lists", "cdb");

	(void)state;
	assert_string_equal(path, "/var/cache/lists.cdb");
	free(path);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_good),
		TEST(test_each_host),
		TEST(test_same_hosts),
		TEST(test_look),
		TEST(test_steps),
		TEST(test_children),
		TEST(test_look_at),
		TEST(test_reopen),
		TEST(test_damaged_while_open),
		TEST(test_give_and_take),
		TEST(test_half_given),
		TEST(test_every_bit),
		TEST(test_errors),
		TEST(test_another_sites),
		TEST(test_site_with_dots),
		TEST(test_broken_record_is_no_answer),
		TEST(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
